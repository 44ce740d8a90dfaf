"""Lessons in Django's admin site: a video as a file or an address, and what came of the file."""

from __future__ import annotations

from django.contrib import admin
from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from progress import school
from progress.models import Lesson
from progress.refusals import NotFound
from progress.through_the_school import ThroughTheSchool
from progress.uploads.forms import LessonForm
from progress.uploads.problems import in_words

_TOLD = ("state", "current_video", "current_poster")


@admin.register(Lesson)
class LessonAdmin(ThroughTheSchool):
    """Lessons. A lesson stays in its course: what was watched of it counts there."""

    form = LessonForm
    save_one = staticmethod(school.save_lesson)
    remove = staticmethod(school.remove_lessons)
    list_display = ("title", "course", "standing", "order", "duration", "completion_threshold")
    list_filter = ("course",)
    list_select_related = ("course",)
    search_fields = ("title",)
    prepopulated_fields = {"slug": ("title",)}

    def get_readonly_fields(self, request: HttpRequest, obj: Lesson | None = None) -> tuple[str, ...]:
        """The course, once it is chosen; and what the server says of the video."""
        return ("course", *_TOLD) if obj else ()

    def get_fields(self, request: HttpRequest, obj: Lesson | None = None) -> tuple[str, ...]:
        """What is there stands before what would replace it."""
        first, rest = LessonForm.Meta.fields[:4], LessonForm.Meta.fields[4:]
        return (*first, *(_TOLD if obj else ()), *rest)

    def save_model(self, request: HttpRequest, obj: Lesson, form: LessonForm, change: bool) -> None:
        """Save what the form changed, and leave alone what a job may have written since it was opened."""
        try:
            school.save_lesson(obj, changed=form.changed_data if change else None)
        except NotFound as gone:
            raise Http404(gone.detail) from None

    @admin.display(description=gettext_lazy("state"))
    def state(self, obj: Lesson) -> str:
        """Whether students see it, and what becomes of an upload."""
        said = [_("Ready.") if obj.duration else _("Not ready: students do not see it.")]
        if obj.upload:
            said.append(_("The uploaded video is being read…"))
        if obj.upload_problem:
            said.append(
                _("The uploaded video could not be used: %(problem)s") % {"problem": in_words(obj.upload_problem)}
            )
        return " ".join(said)

    @admin.display(description=gettext_lazy("standing"))
    def standing(self, obj: Lesson) -> str:
        """The same in few words, for the list."""
        if obj.upload:
            return _("Being read…")
        if obj.upload_problem:
            return _("Upload not used")
        return _("Ready") if obj.duration else _("Not ready")

    @admin.display(description=gettext_lazy("current video"))
    def current_video(self, obj: Lesson) -> str:
        """The video that is played now."""
        address = obj.video_address or (_own("video", obj) if obj.video else "")
        return format_html('<a href="{}">{}</a>', address, obj.video_address or obj.video.name) if address else "–"

    @admin.display(description=gettext_lazy("current picture"))
    def current_poster(self, obj: Lesson) -> str:
        """The picture that is shown before it plays."""
        if not obj.poster:
            return "–"
        return format_html('<img src="{}" alt="{}" width="320">', _own("poster", obj), _("A frame of the video"))


def _own(name: str, lesson: Lesson) -> str:
    return reverse(name, args=[lesson.course.slug, lesson.slug])
