"""Actions of the admin site that correct records: each asks for the reason first, on a page of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from progress import audit, corrections, issuing
from progress.audit import Author
from progress.models import Certification, Enrollment, Lesson, User
from progress.refusals import Refused

if TYPE_CHECKING:
    AnyAdmin = admin.ModelAdmin[Any]
else:  # at run time Django's class takes no type
    AnyAdmin = admin.ModelAdmin

MOST_AT_ONCE = 200
"""Records that one action corrects: each is locked, told and noted by itself."""


class ReasonForm(forms.Form):
    """Why: it is kept with the record of what was done."""

    reason = forms.CharField(
        label=_("Reason"),
        min_length=3,
        max_length=audit.LONGEST_REASON,
        widget=forms.Textarea(attrs={"rows": 3, "cols": 60}),
        help_text=_("It is kept with your name, for whoever asks later."),
    )


class LessonForm(ReasonForm):
    """Which lesson, and why."""

    lesson = forms.ModelChoiceField(label=_("Lesson"), queryset=Lesson.objects.none())
    field_order = ("lesson", "reason")

    def __init__(self, *args: Any, lessons: QuerySet[Lesson], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        cast("forms.ModelChoiceField[Lesson]", self.fields["lesson"]).queryset = lessons


class Corrects(AnyAdmin):
    """Lets whoever may add corrections use the actions that want the permission `correct`."""

    def has_correct_permission(self, request: HttpRequest) -> bool:
        """Whether this person may correct records."""
        return request.user.has_perm("progress.add_correction")


@admin.action(permissions=["correct"], description=_("Confirm as completed…"))
def confirm_rows(site: Corrects, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
    """Complete the lessons of these progress rows, whatever is missing."""

    def confirm(author: Author, _form: forms.Form) -> str:
        return _confirm(author, list(queryset.values_list("user_id", "lesson_id")))

    return _ask(site, request, queryset, "confirm_rows", ReasonForm, confirm)


@admin.action(permissions=["correct"], description=_("Confirm a lesson as completed…"))
def confirm_lesson(site: Corrects, request: HttpRequest, queryset: QuerySet[Enrollment]) -> HttpResponse | None:
    """Complete one lesson for these students, also where they never opened it."""
    lessons = Lesson.objects.ready().filter(course__in=queryset.values("course")).select_related("course")

    def confirm(author: Author, form: forms.Form) -> str:
        lesson: Lesson = form.cleaned_data["lesson"]
        students = queryset.filter(course=lesson.course_id).values_list("user_id", flat=True)
        return _confirm(author, [(student, lesson.pk) for student in students])

    def form(*args: Any, **kwargs: Any) -> forms.Form:
        return LessonForm(*args, lessons=lessons, **kwargs)

    return _ask(site, request, queryset, "confirm_lesson", form, confirm)


@admin.action(permissions=["correct"], description=_("Withdraw…"))
def withdraw_quiz_attempts(site: Corrects, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
    """Let these attempts at quizzes count no more."""
    return _one_by_one(site, request, queryset, "withdraw_quiz_attempts", corrections.withdraw_quiz_attempt)


@admin.action(permissions=["correct"], description=_("Withdraw…"))
def withdraw_exam_attempts(site: Corrects, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
    """Let these attempts at exams count no more, with the certificates that rest on them."""
    return _one_by_one(site, request, queryset, "withdraw_exam_attempts", corrections.withdraw_exam_attempt)


@admin.action(permissions=["correct"], description=_("Issue anew…"))
def reissue(site: Corrects, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
    """Withdraw these certificates and issue others in their place."""
    return _one_by_one(site, request, queryset, "reissue", corrections.reissue_certificate)


@admin.action(permissions=["correct"], description=_("Ask the outside issuer again"))
def ask_issuer_again(site: Corrects, request: HttpRequest, queryset: QuerySet[Certification]) -> None:
    """Ask for those that it refused; the others are asked for anyway."""
    asked = issuing.ask_again(list(queryset))
    said = ngettext("%(asked)d is asked for again.", "%(asked)d are asked for again.", asked) % {"asked": asked}
    messages.success(request, said)


def _confirm(author: Author, pairs: list[tuple[int, int]]) -> str:
    done = corrections.confirm_lessons(author, pairs)
    return ngettext("%(done)d lesson was completed.", "%(done)d lessons were completed.", done) % {"done": done}


def _one_by_one(
    site: Corrects, request: HttpRequest, queryset: QuerySet[Any], action: str, correct: Callable[[Author, int], None]
) -> HttpResponse | None:
    def correct_each(author: Author, _form: forms.Form) -> str:
        done = 0
        for record in queryset.order_by("pk"):
            try:
                correct(author, record.pk)
                done += 1
            except Refused as refused:
                messages.warning(request, f"{record}: {refused.detail}")
        return ngettext("%(done)d record was changed.", "%(done)d records were changed.", done) % {"done": done}

    return _ask(site, request, queryset, action, ReasonForm, correct_each)


def _ask(
    site: Corrects,
    request: HttpRequest,
    queryset: QuerySet[Any],
    action: str,
    form_class: Callable[..., forms.Form],
    correct: Callable[[Author, forms.Form], str],
) -> HttpResponse | None:
    """Show the page that asks for the reason; once it is given, correct, and go back to the list."""
    if queryset.count() > MOST_AT_ONCE:
        messages.error(request, gettext("At most %(most)d records at once.") % {"most": MOST_AT_ONCE})
        return None
    form = form_class(request.POST if "reason" in request.POST else None)
    if form.is_valid():
        author = Author.of(cast(User, request.user), form.cleaned_data["reason"])
        try:
            messages.success(request, correct(author, form))
        except Refused as refused:
            messages.error(request, refused.detail)
        return None
    context = {
        **site.admin_site.each_context(request),
        "title": dict(site.get_action_choices(request))[action],
        "opts": site.model._meta,
        "records": queryset,
        "action": action,
        "form": form,
    }
    return render(request, "admin/progress/correct.html", context)
