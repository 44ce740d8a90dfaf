"""Students' records in Django's admin site: shown, never written by hand. What may be corrected, actions correct."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.db.models import Model
from django.http import HttpRequest

from progress.correction_actions import (
    Corrects,
    ask_issuer_again,
    confirm_rows,
    reissue,
    withdraw_exam_attempts,
    withdraw_quiz_attempts,
)
from progress.models import (
    AttentionDismissal,
    Certification,
    Correction,
    Disclosure,
    ExamAttempt,
    Outbox,
    QuizAttempt,
    User,
    UserProgress,
)
from progress.privacy import disclosures

if TYPE_CHECKING:
    AnyAdmin = admin.ModelAdmin[Any]
else:  # at run time Django's class takes no type
    AnyAdmin = admin.ModelAdmin

_WHOSE = ("user__search_text", "user__username")


class ReadOnly(AnyAdmin):
    """Records: shown, never written by hand."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Never."""
        return False


class OfOneStudent(AnyAdmin):
    """Pages that show what is kept of one student: who looks at one is kept too."""

    def student_of(self, row: Any) -> int:
        """Whose it is."""
        return int(row.user_id)

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """The row that a page is about to show."""
        row = super().get_object(request, object_id, from_field)
        if row is not None and request.method == "GET":
            disclosures.note(cast(User, request.user), [self.student_of(row)], Disclosure.Where.ADMIN)
        return row


@admin.register(UserProgress)
class ProgressAdmin(OfOneStudent, ReadOnly, Corrects):
    """What was watched; a lesson may be confirmed by hand."""

    list_display = ("user", "lesson", "status", "video_watch_percentage", "last_accessed", "suspicious")
    list_filter = ("status", "course")
    list_select_related = ("user", "lesson")
    search_fields = (*_WHOSE, "lesson__search_text")
    actions = (confirm_rows,)


@admin.register(QuizAttempt)
class QuizAttemptAdmin(OfOneStudent, ReadOnly, Corrects):
    """Attempts at quizzes; one may be withdrawn."""

    list_display = ("user", "quiz", "attempt_number", "submitted_at", "score", "passed", "withdrawn_at")
    list_filter = ("passed", "course")
    list_select_related = ("user", "quiz")
    search_fields = _WHOSE
    ordering = ("-pk",)
    actions = (withdraw_quiz_attempts,)


@admin.register(ExamAttempt)
class ExamAttemptAdmin(OfOneStudent, ReadOnly, Corrects):
    """Attempts at exams; one may be withdrawn, with the certificate that rests on it."""

    list_display = ("user", "exam", "attempt_number", "submitted_at", "score", "passed", "withdrawn_at")
    list_filter = ("passed", "course")
    list_select_related = ("user", "exam")
    search_fields = _WHOSE
    ordering = ("-pk",)
    actions = (withdraw_exam_attempts,)


@admin.register(Certification)
class CertificationAdmin(OfOneStudent, ReadOnly, Corrects):
    """Certificates; one may be issued anew, and one that the outside issuer refused asked for again."""

    list_display = ("user", "course", "due_at", "issued_at", "withdrawn_at", "refused", "tries", "problem")
    list_filter = ("refused", "course")
    list_select_related = ("user", "course")
    search_fields = (*_WHOSE, "certificate_id")
    ordering = ("-pk",)
    actions = (reissue, ask_issuer_again)


@admin.register(Correction)
class CorrectionAdmin(OfOneStudent, ReadOnly):
    """Who corrected what, and why."""

    list_display = ("at", "kind", "user", "subject", "by_name", "reason")
    list_filter = ("kind", "course")
    list_select_related = ("user",)
    search_fields = (*_WHOSE, "by_name", "reason")


@admin.register(Disclosure)
class DisclosureAdmin(ReadOnly):
    """Who looked at whom."""

    list_display = ("day", "by_name", "user", "where", "times", "last_at")
    list_filter = ("where", "day")
    list_select_related = ("user",)
    search_fields = (*_WHOSE, "by_name")


@admin.register(Outbox)
class OutboxAdmin(ReadOnly):
    """What waits to be told, and what was told within a day."""

    list_display = ("kind", "subject", "object_id", "user_id", "course_id", "at", "live_done_at")
    list_filter = ("kind",)


@admin.register(AttentionDismissal)
class AttentionDismissalAdmin(OfOneStudent, ReadOnly):
    """What instructors dismissed or snoozed of who needs somebody."""

    list_display = ("at", "kind", "user", "course", "lesson", "until", "by_name")
    list_filter = ("kind", "course")
    list_select_related = ("user", "course", "lesson")
    search_fields = _WHOSE
