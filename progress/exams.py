"""Exams: started, submitted once, marked; a passed one may bring the certificate."""

from __future__ import annotations

from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from progress import certificates, outbox, papers
from progress.deadlocks import in_one_transaction
from progress.models import Course, Enrollment, Exam, ExamAttempt, Outbox, User
from progress.outbox import Reference
from progress.papers import Result
from progress.refusals import NotEnrolled, NotFound, Refused


def exam_of(person: User, exam_id: int) -> Exam:
    """Return the exam if `person` may see its course; raises NotFound."""
    exam = Exam.objects.filter(pk=exam_id, course__in=Course.objects.visible_to(person)).first()
    if exam is None:
        raise NotFound("exam")
    return exam


@in_one_transaction
def start(person: User, exam_id: int) -> tuple[ExamAttempt, bool]:
    """Return the student's open attempt, begun if there was none, and whether it was begun now.

    Raises NotFound and NotEnrolled.
    """
    exam = exam_of(person, exam_id)
    _lock_enrollment(person, exam.course_id)
    attempts = ExamAttempt.objects.filter(user=person, exam=exam)
    if (still_open := attempts.filter(submitted_at=None).first()) is not None:
        return still_open, False
    number = 1 + (attempts.aggregate(last=Max("attempt_number"))["last"] or 0)
    begun = ExamAttempt(user=person, exam=exam, course_id=exam.course_id, attempt_number=number)
    begun.started_at = timezone.now()
    begun.save()
    return begun, True


@in_one_transaction
def submit(person: User, attempt_id: int, given: object) -> Result:
    """Mark and close an attempt. The same answers again give the same result; other ones are refused.

    Raises NotFound where it is not this person's attempt, NotEnrolled, Refused (409 `already_submitted`) and what
    papers.mark raises.
    """
    found = ExamAttempt.objects.filter(pk=attempt_id, user=person).select_related("exam").first()
    if found is None:
        raise NotFound("attempt")
    _lock_enrollment(person, found.course_id)
    attempt = ExamAttempt.objects.select_for_update().get(pk=found.pk)
    if attempt.submitted_at is not None:
        if not papers.same(attempt.answers, given):
            raise Refused(409, "already_submitted", _("This attempt was submitted already, with other answers."))
        return Result(attempt.score or 0.0, bool(attempt.passed), attempt.attempt_number)
    marked = papers.mark(found.exam, given)
    attempt.submitted_at = timezone.now()
    attempt.answers, attempt.score, attempt.passed = marked.answers, marked.score, marked.passed
    attempt.save()
    references = [Reference(str(Outbox.Kind.EXAM_ATTEMPTED), attempt.pk, person.pk, attempt.course_id)]
    if attempt.passed:
        references += certificates.issue_where_due_from_thread([(person.pk, attempt.course_id)])
    outbox.write_and_tell(references)
    return Result(marked.score, marked.passed, attempt.attempt_number)


def _lock_enrollment(person: User, course_id: int) -> None:
    # One attempt and one certificate at a time for a student and course (progress.certificates says why).
    if Enrollment.objects.select_for_update().filter(user=person, course_id=course_id, active=True).first() is None:
        raise NotEnrolled
