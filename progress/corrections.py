"""Corrections: what the school may change on students' records by hand, each told to the feed and kept for audit.

Who may make one is decided by the caller (the admin site asks for the permission `progress.add_correction`). Nothing
takes a completion back: what was completed stays completed (law 2).
"""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from progress import audit, certificates, outbox, recorder
from progress.audit import Author, Confirmation
from progress.deadlocks import in_one_transaction
from progress.models import (
    Certification,
    Correction,
    Enrollment,
    ExamAttempt,
    Outbox,
    QuizAttempt,
    UserProgress,
)
from progress.outbox import Reference
from progress.refusals import Refused


def confirm_lessons(author: Author, pairs: list[tuple[int, int]]) -> int:
    """Complete lessons, given as (user id, lesson id), whatever is missing; return how many were not completed yet.

    Raises NotFound where one of the lessons is gone; then none of them is confirmed.
    """
    asked = [Confirmation(user_id, lesson_id, author) for user_id, lesson_id in pairs]
    return sum(ack.confirmed for ack in recorder.record_from_thread(asked)) if asked else 0


@in_one_transaction
def withdraw_quiz_attempt(author: Author, pk: int) -> None:
    """Let an attempt at a quiz count no more. A lesson that it completed stays completed.

    Raises Refused (409 `already_withdrawn`).
    """
    attempt = QuizAttempt.objects.select_related("quiz").get(pk=pk)
    # The lock under which the gate looks whether the quiz is passed.
    list(UserProgress.objects.select_for_update().filter(user_id=attempt.user_id, lesson_id=attempt.quiz.lesson_id))
    _withdraw(author, attempt, attempt.quiz.title)


@in_one_transaction
def withdraw_exam_attempt(author: Author, pk: int) -> None:
    """Let a submitted attempt at an exam count no more: its entry is taken back, and with the last passed one the
    certificate.

    Raises Refused (409 `already_withdrawn`, or `not_submitted` while it is still open).
    """
    attempt = ExamAttempt.objects.select_related("exam").get(pk=pk)
    pair = (attempt.user_id, attempt.course_id)
    list(Enrollment.objects.select_for_update().filter(user_id=pair[0], course_id=pair[1]))
    attempt.refresh_from_db()
    if attempt.submitted_at is None:
        sentence = _("This attempt is still open: it can be withdrawn once it is submitted.")
        raise Refused(409, "not_submitted", sentence)
    _withdraw(author, attempt, attempt.exam.title)
    references = [Reference(str(Outbox.Kind.ENTRIES_WITHDRAWN), attempt.pk, *pair, "exam_attempt")]
    if not ExamAttempt.objects.passing().filter(user_id=pair[0], exam=attempt.exam_id).exists():
        withdrawn, told = certificates.withdraw_from_thread(pair, anew=False)
        references += told
        if withdrawn is not None:
            _note_certificate(author, Correction.Kind.CERTIFICATE_WITHDRAWN, withdrawn)
    outbox.write_and_tell(references)


@in_one_transaction
def reissue_certificate(author: Author, pk: int) -> None:
    """Issue a certificate anew, under another id; the one before is withdrawn, and its page says so.

    Raises Refused (409 `not_issued` where it is not issued, or no longer stands).
    """
    old = Certification.objects.get(pk=pk)
    pair = (old.user_id, old.course_id)
    list(Enrollment.objects.select_for_update().filter(user_id=pair[0], course_id=pair[1]))
    if not Certification.objects.valid().filter(pk=pk).exists():
        raise Refused(409, "not_issued", _("Only a certificate that is issued and stands can be issued anew."))
    withdrawn, references = certificates.withdraw_from_thread(pair, anew=True)
    if withdrawn is not None:
        _note_certificate(author, Correction.Kind.CERTIFICATE_REISSUED, withdrawn)
    outbox.write_and_tell(references)


def _withdraw(author: Author, attempt: QuizAttempt | ExamAttempt, title: str) -> None:
    taken = type(attempt)._default_manager.filter(pk=attempt.pk, withdrawn_at__isnull=True)
    if not taken.update(withdrawn_at=timezone.now()):
        raise Refused(409, "already_withdrawn", _("This attempt was withdrawn already."))
    audit.write_from_thread(
        author,
        Correction.Kind.ATTEMPT_WITHDRAWN,
        user_id=attempt.user_id,
        course_id=attempt.course_id,
        subject=f"{title}, {attempt.attempt_number}",
        object_id=attempt.pk,
    )


def _note_certificate(author: Author, kind: Correction.Kind, certificate: Certification) -> None:
    audit.write_from_thread(
        author,
        kind,
        user_id=certificate.user_id,
        course_id=certificate.course_id,
        subject=str(certificate.certificate_id),
        object_id=certificate.pk,
    )
