"""The records: people, what they can learn, and what each of them did."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.indexes import GinIndex
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Func, Q
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from progress.control_characters import is_one_line
from progress.querysets import (
    AttemptQuerySet,
    CertificationQuerySet,
    CourseQuerySet,
    LessonQuerySet,
    RecordQuerySet,
)
from progress.text import name_of, normalised

PERCENT = [MinValueValidator(0.0), MaxValueValidator(100.0)]


class Named(models.Model):
    """Something with a name that searches find."""

    search_text = models.CharField(max_length=400, editable=False, db_default="")

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save, the search text following the name."""
        self.search_text = normalised(self.name)
        if (fields := kwargs.get("update_fields")) is not None:
            kwargs["update_fields"] = {*fields, "search_text"}
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Refuse a name that is no line of text, or one that searches cannot keep whole."""
        super().clean()
        if not is_one_line(self.name):
            raise ValidationError(_("There is a line break or a control character in the name."), code="not_one_line")
        # One character may stand for eighteen once it is normalised.
        if len(normalised(self.name)) > (Named._meta.get_field("search_text").max_length or 0):
            raise ValidationError(_("The name is too long."), code="too_long")

    @property
    def name(self) -> str:
        """What people call it."""
        raise NotImplementedError(type(self))


class User(Named, AbstractUser):
    """A person who signs in: student, instructor, administrator, operator, or several of these."""

    class Theme(models.TextChoices):
        """How pages look to this person."""

        SYSTEM = "system", _("Like the device")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    language = models.CharField(_("language"), max_length=16, blank=True, default="")
    time_zone = models.CharField(_("time zone"), max_length=64, default="UTC")
    theme = models.CharField(_("theme"), max_length=8, choices=Theme.choices, default=Theme.SYSTEM)
    name_hidden = models.BooleanField(
        _("hide my name where a class can see it"),
        default=False,
        db_default=False,
        help_text=_("On a screen in front of the class you are then “A student”. Whoever teaches you sees your name."),
    )
    achievements_told_to = models.DateTimeField(
        _("up to when achievements were told"), db_default=Now(), editable=False
    )

    class Meta(AbstractUser.Meta):
        permissions = [("export_user", "Can export all that is kept of a person")]
        indexes = [GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name="user_search")]

    @property
    def name(self) -> str:
        """What people call this person (progress.text.name_of)."""
        return name_of(self.first_name, self.last_name, self.username)


class Course(Named):
    """A course: lessons in an order, the people who teach it, the people who study it."""

    title = models.CharField(_("title"), max_length=200)
    slug = models.SlugField(_("slug"), max_length=80, unique=True)
    instructors = models.ManyToManyField(User, related_name="courses_taught", blank=True)

    objects = CourseQuerySet.as_manager()

    class Meta:
        ordering = ["title", "pk"]
        indexes = [GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name="course_search")]

    def __str__(self) -> str:
        return self.title

    @property
    def name(self) -> str:
        """The title."""
        return self.title


class Lesson(Named):
    """A lesson: one video, and how much of it must be watched.

    A video that is uploaded waits in `upload` until the worker has read it; then video, duration and poster change
    together. A lesson whose duration is 0 has none yet and is not ready: students do not see it.
    """

    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="lessons")
    title = models.CharField(_("title"), max_length=200)
    slug = models.SlugField(_("slug"), max_length=80)
    order = models.PositiveIntegerField(_("order"), default=0)
    video = models.FileField(_("video"), upload_to="lessons/", blank=True)
    video_address = models.URLField(
        _("address of a video elsewhere"), max_length=500, blank=True, default="", db_default=""
    )
    captions = models.FileField(_("captions"), upload_to="captions/", blank=True)
    poster = models.FileField(
        _("picture shown before the video plays"), upload_to="posters/", blank=True, default="", db_default=""
    )
    upload = models.FileField(
        _("video that waits to be read"), upload_to="uploads/", blank=True, default="", db_default=""
    )
    upload_problem = models.CharField(
        _("why the upload could not be used"), max_length=300, blank=True, default="", db_default=""
    )
    duration = models.FloatField(_("duration in seconds"), default=0.0, validators=[MinValueValidator(0.0)])
    completion_threshold = models.FloatField(_("watched at least, in percent"), default=90.0, validators=PERCENT)

    objects = LessonQuerySet.as_manager()

    class Meta:
        ordering = ["course_id", "order", "pk"]
        constraints = [
            models.UniqueConstraint(fields=["course", "slug"], name="lesson_once_per_course"),
            models.CheckConstraint(condition=Q(duration__gte=0), name="lesson_lasts"),
            models.CheckConstraint(
                condition=Q(completion_threshold__gt=0, completion_threshold__lte=100), name="lesson_threshold"
            ),
        ]
        indexes = [GinIndex(fields=["search_text"], opclasses=["gin_trgm_ops"], name="lesson_search")]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        """The video page."""
        return reverse("lesson", args=[self.course.slug, self.slug])

    def clean(self) -> None:
        """Refuse the one slug that would hide the lesson behind its course's exam."""
        super().clean()
        if self.slug == "exam":
            raise ValidationError({"slug": _("This address is the exam's; choose another one.")})

    @property
    def name(self) -> str:
        """The title."""
        return self.title


class Enrollment(models.Model):
    """That a person studies a course; ended ones are kept, with `active` off."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="enrollments")
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="enrollments")
    active = models.BooleanField(_("active"), default=True)
    enrolled_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "course"], name="enrolled_once")]

    def __str__(self) -> str:
        return f"{self.user} · {self.course}"


class UserProgress(models.Model):
    """What one student has watched of one lesson.

    Written by progress.recorder alone, under the row's lock. Two kinds of columns: those that move with every tick
    (in no index, so that PostgreSQL can update them in place), and the frozen ones, `completed_*` and `announced_*`,
    which say what was told to the feed and are never computed again (law 4).
    """

    class Status(models.TextChoices):
        """How far the student is."""

        NOT_STARTED = "not_started", _("Not started")
        IN_PROGRESS = "in_progress", _("In progress")
        COMPLETED = "completed", _("Completed")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="progress", db_index=False)
    lesson = models.ForeignKey(Lesson, on_delete=models.CASCADE, related_name="progress", db_index=False)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="progress", db_index=False)

    status = models.CharField(max_length=12, choices=Status.choices, default=Status.NOT_STARTED)
    completed = models.BooleanField(default=False)
    started_at = models.DateTimeField(null=True)
    completed_at = models.DateTimeField(null=True)
    video_watch_percentage = models.FloatField(default=0.0, validators=PERCENT)
    last_watched_timestamp = models.FloatField(_("position in seconds"), default=0.0)
    video_completion_threshold = models.FloatField(default=90.0, validators=PERCENT)
    last_accessed = models.DateTimeField(null=True)
    progress_percentage = models.FloatField(default=0.0, validators=PERCENT)
    # Changes once a day where `last_accessed` changes with every tick, so an index on it leaves HOT updates alone.
    accessed_on = models.GeneratedField(
        expression=Func(F("last_accessed"), template="(%(expressions)s AT TIME ZONE 'UTC')::date"),
        output_field=models.DateField(null=True),
        db_persist=True,
    )

    segments = models.JSONField(_("seconds that count, as [from, to] pairs"), default=list)
    unpaid_segments = models.JSONField(_("reported seconds that outran the clock"), default=list)
    suspicious = models.CharField(_("why this row wants a look"), max_length=200, default="", blank=True)
    claimed_percentage = models.FloatField(_("accepted bare percentage"), default=0.0)
    budget_seconds = models.FloatField(_("seconds that may still be played"), default=3.0)
    budget_at = models.DateTimeField(_("when the budget was last filled"))
    players = models.JSONField(_("newest players, each with its last tick, as [player, id] pairs"), default=list)

    completed_percentage = models.FloatField(null=True)
    completed_claimed = models.BooleanField(null=True)
    announced_at = models.DateTimeField(null=True)
    announced_percentage = models.FloatField(null=True)
    announced_claimed = models.BooleanField(null=True)
    announced_status = models.CharField(max_length=12, null=True)  # noqa: DJ001 - null: never announced

    objects = RecordQuerySet.as_manager()

    class Meta:
        verbose_name = _("progress")
        verbose_name_plural = _("progress")
        constraints = [
            models.UniqueConstraint(fields=["user", "lesson"], name="progress_once"),
            models.CheckConstraint(
                condition=Q(
                    completed=True, status="completed", completed_at__isnull=False, completed_percentage__isnull=False
                )
                | (Q(completed=False, completed_at__isnull=True) & ~Q(status="completed")),
                name="progress_completed_whole",
            ),
            models.CheckConstraint(
                condition=Q(video_watch_percentage__gte=0, video_watch_percentage__lte=100), name="progress_percentage"
            ),
        ]
        indexes = [
            models.Index(fields=["lesson"], name="progress_by_lesson"),
            models.Index(fields=["course"], name="progress_suspicious", condition=~Q(suspicious="")),
            models.Index(
                F("course_id"), F("accessed_on").desc(), name="progress_under_way", condition=Q(status="in_progress")
            ),
            models.Index(fields=["user", "course", "accessed_on"], name="progress_days"),
            models.Index(
                fields=["course", "user"], name="progress_done", include=["completed_at"], condition=Q(completed=True)
            ),
            *[
                models.Index(
                    *[F(column) for column in scope],
                    F(f"{event}_at").desc(),
                    F("id").desc(),
                    name="_".join(["progress", event, *scope]).removesuffix("_id"),
                    condition=Q(**{f"{event}_at__isnull": False}),
                )
                for event in ("announced", "completed")
                for scope in ((), ("course_id",), ("user_id",), ("lesson_id",))
            ],
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.lesson}"


class LessonQuiz(models.Model):
    """The quiz of a lesson; a required one must be passed before the lesson is completed."""

    lesson = models.OneToOneField(Lesson, on_delete=models.CASCADE, related_name="quiz")
    title = models.CharField(_("title"), max_length=200)
    pass_mark = models.FloatField(_("pass mark in percent"), default=70.0, validators=PERCENT)
    required = models.BooleanField(_("required"), default=True)

    class Meta:
        verbose_name_plural = _("lesson quizzes")

    def __str__(self) -> str:
        return self.title


class QuizAttempt(models.Model):
    """One student's answers to a quiz; there may be many."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="quiz_attempts", db_index=False)
    quiz = models.ForeignKey(LessonQuiz, on_delete=models.CASCADE, related_name="attempts")
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="quiz_attempts", db_index=False)
    attempt_number = models.PositiveIntegerField()
    submitted_at = models.DateTimeField()
    score = models.FloatField(validators=PERCENT)
    passed = models.BooleanField()
    answers = models.JSONField(_("choice ids by question id"), default=dict)
    submission = models.UUIDField(_("the page load that sent it"), null=True)
    withdrawn_at = models.DateTimeField(_("when it was withdrawn, and ceased to count"), null=True)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "quiz", "attempt_number"], name="quiz_attempt_once"),
            models.UniqueConstraint(fields=["user", "quiz", "submission"], name="quiz_submission_once"),
        ]
        indexes = [
            models.Index(fields=["user", "quiz"], name="quiz_passed", condition=Q(passed=True)),
            models.Index(
                F("course_id"),
                F("submitted_at").desc(),
                name="quiz_failed",
                condition=Q(passed=False, withdrawn_at__isnull=True),
            ),
            models.Index(F("user_id"), F("submitted_at").desc(), F("id").desc(), name="quiz_submitted_user"),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.quiz} · {self.attempt_number}"


class Exam(models.Model):
    """The exam at the end of a course."""

    course = models.OneToOneField(Course, on_delete=models.CASCADE, related_name="exam")
    title = models.CharField(_("title"), max_length=200)
    pass_mark = models.FloatField(_("pass mark in percent"), default=70.0, validators=PERCENT)

    def __str__(self) -> str:
        return self.title


class ExamAttempt(models.Model):
    """One student's one sitting of an exam: started, submitted once."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="exam_attempts", db_index=False)
    exam = models.ForeignKey(Exam, on_delete=models.CASCADE, related_name="attempts", db_index=False)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="exam_attempts", db_index=False)
    attempt_number = models.PositiveIntegerField()
    started_at = models.DateTimeField()
    submitted_at = models.DateTimeField(null=True)
    score = models.FloatField(null=True, validators=PERCENT)
    passed = models.BooleanField(null=True)
    answers = models.JSONField(_("choice ids by question id"), default=dict)
    withdrawn_at = models.DateTimeField(_("when it was withdrawn, and ceased to count"), null=True)

    objects = AttemptQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "exam", "attempt_number"], name="attempt_once"),
            models.UniqueConstraint(
                fields=["user", "exam"], condition=Q(submitted_at__isnull=True), name="attempt_open_once"
            ),
            models.CheckConstraint(
                condition=Q(submitted_at__isnull=True, score__isnull=True, passed__isnull=True)
                | Q(submitted_at__isnull=False, score__isnull=False, passed__isnull=False),
                name="attempt_submitted_whole",
            ),
        ]
        indexes = [
            models.Index(
                *[F(column) for column in scope],
                F("submitted_at").desc(),
                F("id").desc(),
                name="_".join(["attempt_submitted", *scope]).removesuffix("_id"),
                condition=Q(submitted_at__isnull=False),
            )
            for scope in ((), ("course_id",), ("user_id",))
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.exam} · {self.attempt_number}"


class Question(models.Model):
    """A question with one right choice, of a quiz or of an exam."""

    quiz = models.ForeignKey(LessonQuiz, null=True, blank=True, on_delete=models.CASCADE, related_name="questions")
    exam = models.ForeignKey(Exam, null=True, blank=True, on_delete=models.CASCADE, related_name="questions")
    order = models.PositiveIntegerField(_("order"), default=0)
    text = models.TextField(_("text"))

    class Meta:
        ordering = ["order", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(quiz__isnull=True, exam__isnull=False) | Q(quiz__isnull=False, exam__isnull=True),
                name="question_of_one",
            )
        ]

    def __str__(self) -> str:
        return self.text


class Choice(models.Model):
    """One of the answers to choose from."""

    question = models.ForeignKey(Question, on_delete=models.CASCADE, related_name="choices")
    order = models.PositiveIntegerField(_("order"), default=0)
    text = models.CharField(_("text"), max_length=500)
    correct = models.BooleanField(_("the right one"), default=False)

    class Meta:
        ordering = ["order", "pk"]
        constraints = [models.UniqueConstraint(fields=["question"], condition=Q(correct=True), name="one_right_choice")]

    def __str__(self) -> str:
        return self.text


class Certification(models.Model):
    """A certificate: that a student has completed a course, verifiable by its unguessable id.

    Due once its conditions are met, issued at once by this site or, later, by an outside issuer (CERTIFICATE_ISSUER).
    One that was withdrawn stays, so that its page can say so; the next one has another id.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="certifications", db_index=False)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="certifications", db_index=False)
    certificate_id = models.UUIDField(unique=True)
    due_at = models.DateTimeField(_("when its conditions were met"))
    issued_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(_("when it was withdrawn"), null=True)
    external_id = models.CharField(_("the outside issuer's id"), max_length=200, blank=True, default="", db_default="")
    external_url = models.URLField(
        _("the outside issuer's page"), max_length=500, blank=True, default="", db_default=""
    )
    tries = models.PositiveIntegerField(_("times the outside issuer was asked"), default=0, db_default=0)
    problem = models.CharField(_("why it is not issued yet"), max_length=300, blank=True, default="", db_default="")
    refused = models.BooleanField(_("whether the outside issuer refused it"), default=False, db_default=False)

    objects = CertificationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "course"], condition=Q(withdrawn_at__isnull=True), name="certified_once"
            )
        ]
        indexes = [
            models.Index(
                *[F(column) for column in scope],
                F("issued_at").desc(),
                F("id").desc(),
                name="_".join(["certificate_issued", *scope]).removesuffix("_id"),
            )
            for scope in ((), ("course_id",), ("user_id",))
        ]

    def __str__(self) -> str:
        return str(self.certificate_id)

    def get_absolute_url(self) -> str:
        """The public page that verifies it."""
        return reverse("certificate", args=[self.certificate_id])


class Outbox(models.Model):
    """A reference to what changed, written in the transaction that changed it, kept for a day.

    No foreign keys: a reference outlives its row, and that the row is gone is then what there is to tell.
    """

    class Kind(models.TextChoices):
        """One kind per signal of progress.signals."""

        PROGRESS_ANNOUNCED = "progress_announced"
        LESSON_COMPLETED = "lesson_completed"
        EXAM_ATTEMPTED = "exam_attempted"
        CERTIFICATION_ISSUED = "certification_issued"
        ENTRIES_WITHDRAWN = "entries_withdrawn"
        NAMES_CHANGED = "names_changed"
        ACCESS_CHANGED = "access_changed"
        ATTENTION_CHANGED = "attention_changed"

    kind = models.CharField(max_length=24, choices=Kind.choices)
    subject = models.CharField(max_length=24, default="", db_default="")
    object_id = models.BigIntegerField()
    user_id = models.BigIntegerField(null=True)
    course_id = models.BigIntegerField(null=True)
    at = models.DateTimeField()
    live_done_at = models.DateTimeField(_("when the live feed had it"), null=True)

    class Meta:
        verbose_name_plural = _("outbox")
        indexes = [
            models.Index(fields=["id"], name="outbox_waiting", condition=Q(live_done_at__isnull=True)),
            models.Index(fields=["at"], name="outbox_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.object_id}"


class WatchedSpan(models.Model):
    """A stretch of a lesson that was played once, and counted (progress.spans writes and removes).

    Rewatching, retention and the places where students get stuck can be read from it; nothing of today reads it. The
    table has no primary key and no foreign keys, and is partitioned by month of `at`.
    """

    pk = models.CompositePrimaryKey("user", "lesson", "at", "from_second")
    user = models.ForeignKey(User, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False)
    lesson = models.ForeignKey(
        Lesson, on_delete=models.DO_NOTHING, related_name="+", db_constraint=False, db_index=False
    )
    from_second = models.FloatField()
    to_second = models.FloatField()
    rate = models.FloatField(_("the player's speed, where it was told"), null=True)
    at = models.DateTimeField(_("when it was counted"))

    def __str__(self) -> str:
        return f"{self.from_second:g} to {self.to_second:g}"


class Correction(models.Model):
    """An audit record: who changed a student's record by hand, what, and for which reason. Never changed itself.

    It goes with the student whom it is about; of whoever made it the name stays.
    """

    class Kind(models.TextChoices):
        """What was done."""

        LESSON_CONFIRMED = "lesson_confirmed", _("Lesson confirmed by hand")
        ATTEMPT_WITHDRAWN = "attempt_withdrawn", _("Attempt withdrawn")
        CERTIFICATE_WITHDRAWN = "certificate_withdrawn", _("Certificate withdrawn")
        CERTIFICATE_REISSUED = "certificate_reissued", _("Certificate issued anew")

    kind = models.CharField(_("what"), max_length=24, choices=Kind.choices)
    at = models.DateTimeField(_("when"))
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="corrections_made")
    by_name = models.CharField(_("by whom"), max_length=310)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="corrections", verbose_name=_("student"))
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="corrections")
    subject = models.CharField(_("on which record"), max_length=300)
    object_id = models.BigIntegerField(_("the record's number"))
    reason = models.CharField(_("reason"), max_length=500)

    objects = RecordQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.user}"


class Disclosure(models.Model):
    """An audit record: that one student's records were shown to somebody (progress.privacy.disclosures).

    One a day, viewer, student and place, with how often. It goes with the student; of whoever looked the name stays.
    """

    class Where(models.TextChoices):
        """Where they were shown."""

        FEED = "feed", _("In the feed, for this student")
        STUDENT = "student", _("On the student's page")
        ADMIN = "admin", _("In the admin site")
        EXPORT = "export", _("As an export of everything")

    day = models.DateField(_("day"))
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="disclosures_to_them")
    by_name = models.CharField(_("to whom"), max_length=310)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="disclosures", verbose_name=_("student"))
    where = models.CharField(_("where"), max_length=8, choices=Where.choices)
    first_at = models.DateTimeField(_("first"))
    last_at = models.DateTimeField(_("last"))
    times = models.PositiveIntegerField(_("how often"))

    class Meta:
        ordering = ["-day", "-last_at", "-pk"]
        constraints = [models.UniqueConstraint(fields=["day", "by", "user", "where"], name="disclosure_once_a_day")]

    def __str__(self) -> str:
        return f"{self.get_where_display()} · {self.user}"


class AttentionDismissal(models.Model):
    """That one reason for attention is dismissed, or snoozed, for all instructors of the course (progress.attention).

    `episode` says how far the reason had come: what happens after it is a reason anew (feed.attention.dismissals).
    """

    class Kind(models.TextChoices):
        """Why a student may need somebody, the most urgent first."""

        STUCK = "stuck", _("Plays the same part again and again")
        IDLE = "idle", _("Sits idle in the middle of a lesson")
        QUIZ_FAILED = "quiz_failed", _("Failed a quiz again")
        GONE = "gone", _("Began a lesson and has been gone for days")
        BEHIND = "behind", _("Is behind the course")

    kind = models.CharField(_("what"), max_length=16, choices=Kind.choices)
    course = models.ForeignKey(Course, on_delete=models.CASCADE, related_name="attention_dismissals", db_index=False)
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, related_name="attention_dismissals", verbose_name=_("student")
    )
    lesson = models.ForeignKey(Lesson, null=True, on_delete=models.CASCADE, related_name="attention_dismissals")
    episode = models.BigIntegerField(_("how far it had come"))
    at = models.DateTimeField(_("when"))
    until = models.DateTimeField(_("snoozed until"), null=True)
    by = models.ForeignKey(User, null=True, on_delete=models.SET_NULL, related_name="attention_dismissals_made")
    by_name = models.CharField(_("by whom"), max_length=310)

    class Meta:
        ordering = ["-at", "-pk"]
        # One a course, student, kind, lesson and episode: a constraint of the migration's own, NULLS NOT DISTINCT. For
        # that Django's check of the models would ask the database for its version, and while it is away nothing could
        # be said of what else is wrong.

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.user}"
