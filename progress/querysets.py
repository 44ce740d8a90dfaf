"""Who may see which rows: each permission is one QuerySet scope, used by pages, API, sockets and the admin site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib.auth import get_user_model
from django.contrib.postgres.expressions import ArraySubquery
from django.db import models
from django.db.models import Exists, OuterRef, Q

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser

    from progress.models import Certification, Course, ExamAttempt, Lesson, QuizAttempt, User  # noqa: F401

    Lookup = models.Lookup[Any]
else:
    Lookup = models.Lookup  # at run time Django's class takes no type

VIEW_ALL = "feed.view_all"
"""The permission that makes an administrator; superusers have it."""

MODEL_BACKEND = "django.contrib.auth.backends.ModelBackend"

Row = TypeVar("Row", bound=models.Model)


@models.ForeignKey.register_lookup
@models.BigAutoField.register_lookup
@models.CharField.register_lookup
class Among(Lookup):
    """`column__among=<array>`: equal to any element of an array that is computed once.

    `column IN (SELECT …)` becomes a join, and inside an OR a sequential scan; `= ANY(ARRAY(SELECT …))` is computed
    before the scan and can be looked up in an index, also where two of them stand in an OR.
    """

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, tuple[Any, ...]]:
        """Render the comparison; Django gives both sides."""
        left, left_params = self.process_lhs(compiler, connection)
        right, right_params = self.process_rhs(compiler, connection)
        return f"{left} = ANY({right})", (*left_params, *right_params)


def is_administrator(person: User | AnonymousUser) -> bool:
    """Return whether this person sees every student of every course."""
    return person.is_active and person.has_perm(VIEW_ALL)


def administrators() -> models.QuerySet[User]:
    """Everybody of whom `is_administrator` is true; Django's own two readings of one permission."""
    people: models.QuerySet[User] = get_user_model().objects.with_perm(VIEW_ALL, backend=MODEL_BACKEND)
    return people


def _taught(person: User) -> ArraySubquery:
    return ArraySubquery(person.courses_taught.values("pk"))


def _studied(person: User) -> ArraySubquery:
    return ArraySubquery(person.enrollments.filter(active=True).values("course_id"))


def students_of(person: User) -> models.QuerySet[User]:
    """Whose records `person` may look at, one by one: students of the courses taught, now or before; an administrator
    may look at everybody's."""
    people: models.QuerySet[User] = get_user_model().objects.all()
    if not person.is_active:
        return people.none()
    if is_administrator(person):
        return people
    return people.filter(_traced(user=OuterRef("pk"), course_id__among=_taught(person)))


def _traced(**of: Any) -> Q:
    """Whether there is an enrolment or a record of these."""
    traces = ("enrollments", "progress", "quiz_attempts", "exam_attempts", "certifications")
    found = Q()
    for name in traces:
        kept: Any = get_user_model()._meta.get_field(name).related_model
        found |= Q(Exists(kept._base_manager.filter(**of)))
    return found


class CourseQuerySet(models.QuerySet["Course"]):
    """Courses."""

    def visible_to(self, person: User) -> CourseQuerySet:
        """Courses that `person` studies or teaches; an administrator sees all, anybody else none."""
        if not person.is_active:
            return self.none()
        if is_administrator(person):
            return self
        return self.filter(Q(pk__among=_taught(person)) | Q(pk__among=_studied(person)))

    def taught_by(self, person: User) -> CourseQuerySet:
        """Courses whose students `person` may watch as their teacher: the instructor's own, the administrator's all."""
        if not person.is_active:
            return self.none()
        return self if is_administrator(person) else self.filter(instructors=person)

    def with_traces_of(self, student: User) -> CourseQuerySet:
        """Courses that `student` studies or studied, or in which there is any record of theirs."""
        return self.filter(_traced(user=student, course=OuterRef("pk")))


class LessonQuerySet(models.QuerySet["Lesson"]):
    """Lessons, which are seen with their course."""

    def ready(self) -> LessonQuerySet:
        """Lessons that can be watched, since their length is known."""
        return self.filter(duration__gt=0)

    def visible_to(self, person: User) -> LessonQuerySet:
        """Lessons of the courses that `person` may see; whoever only studies sees those that are ready."""
        if not person.is_active:
            return self.none()
        if is_administrator(person):
            return self
        studied = Q(course_id__among=_studied(person), duration__gt=0)
        return self.filter(Q(course_id__among=_taught(person)) | studied)


class RecordQuerySet(models.QuerySet[Row]):
    """What students did: rows with `user` and `course`. The scope behind the feed."""

    def visible_to(self, person: User) -> RecordQuerySet[Row]:
        """Records of the courses that `person` teaches and their own; an administrator sees all.

        Own records stay visible after an enrolment ended: what one did is still one's own.
        """
        if not person.is_active:
            return self.none()
        if is_administrator(person):
            return self
        return self.filter(Q(course_id__among=_taught(person)) | Q(user=person))


Attempt = TypeVar("Attempt", "QuizAttempt", "ExamAttempt")


class AttemptQuerySet(RecordQuerySet[Attempt]):
    """Attempts at quizzes and exams."""

    def counting(self) -> AttemptQuerySet[Attempt]:
        """Attempts that were not withdrawn."""
        return self.filter(withdrawn_at__isnull=True)

    def passing(self) -> AttemptQuerySet[Attempt]:
        """Attempts by which something is passed."""
        return self.counting().filter(passed=True)


class CertificationQuerySet(RecordQuerySet["Certification"]):
    """Certificates."""

    def standing(self) -> CertificationQuerySet:
        """Certificates that are due or issued, and were not withdrawn: one a student and course at most."""
        return self.filter(withdrawn_at__isnull=True)

    def valid(self) -> CertificationQuerySet:
        """Certificates that are issued and were not withdrawn."""
        return self.standing().filter(issued_at__isnull=False)
