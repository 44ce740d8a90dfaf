"""The school's own changes: people, courses, lessons and enrolments, each with what it must tell.

No door bypasses the outbox: the admin site, imports and commands call these functions, which write what changed in
the transaction that changes it. A change of names begins new epochs in the feed, a change of rights reaches open
sockets, and a removal takes entries back from every screen.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any, TypeVar

from django.db.models import Q, QuerySet

from progress import certificates, jobs, outbox, spans
from progress.deadlocks import in_one_transaction
from progress.models import (
    Certification,
    Course,
    Enrollment,
    ExamAttempt,
    Lesson,
    LessonQuiz,
    Named,
    Outbox,
    User,
    UserProgress,
)
from progress.outbox import Reference
from progress.privacy import erasure
from progress.reconsidering import reconsider_lesson
from progress.refusals import NotFound
from progress.text import normalised
from progress.uploads import media
from progress.uploads.reading import read_upload

NamedRow = TypeVar("NamedRow", bound=Named)

_SUBJECTS: dict[type[Named], str] = {User: "user", Course: "course", Lesson: "lesson"}


@in_one_transaction
def save_person(person: User) -> None:
    """Save a person; a new name and changed rights are told."""
    before = _stored(person)
    if before is None and person.pk is not None:
        raise NotFound("person")
    person.save()
    if before is not None:
        _tell_new_name(before, person)
        rights = ("is_active", "is_superuser", "password")
        if any(getattr(before, field) != getattr(person, field) for field in rights):
            tell_access_changed([person.pk])


@in_one_transaction
def save_course(course: Course) -> None:
    """Save a course; a new title or slug is told."""
    before = _stored(course)
    if before is None and course.pk is not None:
        raise NotFound("course")
    course.save()
    if before is not None:
        _tell_new_name(before, course)


@in_one_transaction
def save_lesson(lesson: Lesson, *, changed: Collection[str] | None = None) -> None:
    """Save a lesson, or of one that is there only the fields in `changed`: a job may have written others meanwhile.

    A new title or slug is told, and who has watched enough by a lower threshold completes the lesson. A new upload is
    read by a job, and files that were replaced are removed by one; one that still waits is asked for again.
    """
    before = _stored(lesson)
    if before is None and lesson.pk is not None:
        raise NotFound("lesson")
    media.name_anew(lesson)
    gave_way = media.make_way(before, lesson) if before else set()
    lesson.save(update_fields=None if before is None or changed is None else {*changed, *gave_way})
    after = Lesson.objects.get(pk=lesson.pk)
    if after.upload:
        jobs.defer_from_thread(read_upload, {"lesson": lesson.pk})
    if before is not None:
        _tell_new_name(before, after)
        if after.completion_threshold < before.completion_threshold or 0 < after.duration < before.duration:
            jobs.defer_from_thread(reconsider_lesson, {"lesson": lesson.pk})
        media.remove_later(media.names(before) - media.names(after))


@in_one_transaction
def save_quiz(quiz: LessonQuiz) -> None:
    """Save a quiz; where it is required no more, who has watched enough completes the lesson."""
    quiz.save()
    if not quiz.required:
        jobs.defer_from_thread(reconsider_lesson, {"lesson": quiz.lesson_id})


@in_one_transaction
def set_instructors(course: Course, people: Iterable[User]) -> None:
    """Let these people, and no others, teach the course."""
    before = set(course.instructors.values_list("pk", flat=True))
    after = {person.pk for person in people}
    course.instructors.set(after)
    tell_access_changed(sorted(before ^ after))


@in_one_transaction
def save_enrollment(enrollment: Enrollment) -> None:
    """Save an enrolment: begun, ended, or begun again, which may find a certificate due."""
    enrollment.save()
    tell_access_changed([enrollment.user_id])
    _certify([(enrollment.user_id, enrollment.course_id)])


@in_one_transaction
def bring_people(
    newcomers: Sequence[User], studying: Iterable[tuple[User, Course]], teaching: Iterable[tuple[User, Course]]
) -> None:
    """Add new people, enrol students and let instructors teach, all at once; an ended enrolment begins again."""
    for person in newcomers:
        person.search_text = normalised(person.name)
    User.objects.bulk_create(newcomers, batch_size=2000)
    # In the one order in which every writer locks enrolments.
    enrolled = sorted({(person.pk, course.pk) for person, course in studying})
    Enrollment.objects.bulk_create(
        [Enrollment(user_id=person, course_id=course) for person, course in enrolled],
        batch_size=5000,
        update_conflicts=True,
        unique_fields=["user", "course"],
        update_fields=["active"],
    )
    taught = sorted({(person.pk, course.pk) for person, course in teaching})
    through = Course.instructors.through
    through.objects.bulk_create(
        [through(user_id=person, course_id=course) for person, course in taught], ignore_conflicts=True
    )
    tell_access_changed(sorted({person for person, _course in enrolled + taught}))
    _certify(enrolled)


@in_one_transaction
def remove_enrollments(enrollments: QuerySet[Enrollment]) -> None:
    """Remove enrolments as if they had never been; what the students did stays."""
    people = sorted(set(enrollments.values_list("user_id", flat=True)))
    enrollments.delete()
    tell_access_changed(people)


@in_one_transaction
def remove_people(people: QuerySet[User]) -> None:
    """Remove people with all they did, and every trace of it (progress.privacy.erasure); their entries are taken back
    from every screen."""
    pks = _keep_out(people)
    leaving = erasure.references(pks)
    _withdraw(Q(user_id__in=pks))
    outbox.write_and_tell(leaving)
    erasure.forget_names(pks)
    tell_access_changed(pks)
    User.objects.filter(pk__in=pks).delete()


@in_one_transaction
def remove_courses(courses: QuerySet[Course]) -> None:
    """Remove courses with all that was done in them, and their files; the entries are taken back."""
    pks = _keep_out(courses)
    _keep_out(Lesson.objects.filter(course__in=pks))
    taught = User.objects.filter(courses_taught__in=pks).values_list("pk", flat=True)
    studied = Enrollment.objects.filter(course__in=pks).values_list("user_id", flat=True)
    concerned = sorted({*taught, *studied})
    _withdraw(Q(course_id__in=pks))
    media.remove_later(media.names(*Lesson.objects.filter(course__in=pks)))
    Course.objects.filter(pk__in=pks).delete()
    tell_access_changed(concerned)


@in_one_transaction
def remove_lessons(lessons: QuerySet[Lesson]) -> None:
    """Remove lessons with what was watched of them, and their files; the entries are taken back.

    Who has completed all that is left, and has passed the exam, gets the certificate now.
    """
    pks = _keep_out(lessons)
    courses = set(Lesson.objects.filter(pk__in=pks).values_list("course_id", flat=True))
    _withdraw(Q(lesson_id__in=pks), of_lessons=True)
    media.remove_later(media.names(*Lesson.objects.filter(pk__in=pks)))
    Lesson.objects.filter(pk__in=pks).delete()
    # A course that has no lesson left is being emptied: nobody has completed it by that.
    left = Lesson.objects.ready().filter(course__in=courses).values("course")
    _certify(list(Enrollment.objects.filter(course__in=left, active=True).values_list("user_id", "course_id")))


def _certify(pairs: Sequence[tuple[int, int]]) -> None:
    outbox.write_and_tell(certificates.issue_where_due_from_thread(pairs))


def tell_access_changed(people: Sequence[int]) -> None:
    """Tell that what these people may see became less or more."""
    outbox.write_and_tell([Reference(Outbox.Kind.ACCESS_CHANGED, pk, user_id=pk, subject="user") for pk in people])


def _keep_out(rows: QuerySet[Any]) -> list[int]:
    # Locked before anything is listed: whoever would begin a record of them waits, and then finds them gone.
    return sorted(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))


def _stored(row: NamedRow) -> NamedRow | None:
    return type(row)._default_manager.select_for_update(no_key=True).filter(pk=row.pk).first()


def _tell_new_name(before: Named, after: Named) -> None:
    said = ("name", "slug")
    if any(getattr(before, field, None) != getattr(after, field, None) for field in said):
        subject = _SUBJECTS[type(after)]
        outbox.write_and_tell([Reference(Outbox.Kind.NAMES_CHANGED, after.pk, subject=subject)])


def _withdraw(whose: Q, *, of_lessons: bool = False) -> None:
    # Progress rows are locked in the one order of every writer, so that no tick commits an entry behind our back.
    locked = UserProgress.objects.filter(whose).order_by("user_id", "lesson_id").select_for_update()
    rows = list(locked.values_list("pk", "user_id", "course_id", "lesson_id", "announced_at", "completed_at"))
    taken = [
        (type, pk, user_id, course_id)
        for pk, user_id, course_id, _lesson, announced_at, completed_at in rows
        for type, at in (("progress_update", announced_at), ("lesson_completed", completed_at))
        if at is not None
    ]
    spans.forget([(user_id, lesson_id) for _pk, user_id, _course, lesson_id, *_ in rows])
    if not of_lessons:
        # Then the enrolments, as everybody who submits an exam or issues a certificate does.
        list(Enrollment.objects.filter(whose).order_by("user_id", "course_id").select_for_update().values_list("pk"))
        attempts = ExamAttempt.objects.counting().filter(whose, submitted_at__isnull=False)
        taken += [("exam_attempt", *row) for row in attempts.values_list("pk", "user_id", "course_id")]
        # Due ones too: a job that is about to issue one waits here, and then finds it gone.
        standing = Certification.objects.standing().filter(whose).order_by("pk").select_for_update()
        taken += [("certification_issued", *row) for row in standing.values_list("pk", "user_id", "course_id")]
    outbox.write_and_tell(
        [
            Reference(Outbox.Kind.ENTRIES_WITHDRAWN, pk, user_id, course_id, type)
            for type, pk, user_id, course_id in taken
        ]
    )
