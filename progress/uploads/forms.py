"""The form of a lesson: its video as a file or as an address, its captions, and what it wants of students."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django import forms
from django.conf import settings
from django.contrib.admin.widgets import AdminFileWidget, AdminURLFieldWidget
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from progress.models import Lesson
from progress.uploads.captions import SUFFIX as CAPTIONS
from progress.uploads.captions import check_captions
from progress.uploads.checks import check_video
from progress.uploads.kinds import SUFFIXES

if TYPE_CHECKING:
    LessonModelForm = forms.ModelForm[Lesson]
else:  # at run time Django's class takes no type
    LessonModelForm = forms.ModelForm

_THIS_MACHINE = ("localhost", "127.0.0.1")


class StoredFileInput(AdminFileWidget):
    """A file input that links what is stored to our own page: the folder of media has no address."""

    address = ""

    def format_value(self, value: Any) -> Any:
        """Return what the template shows of the stored file, None where there is none."""
        return _Stored(str(value.name), self.address) if self.is_initial(value) else None

    def is_initial(self, value: Any) -> bool:
        """Return whether a file is stored."""
        return bool(value and self.address)


@dataclass(frozen=True, slots=True)
class _Stored:
    """A stored file as the widget's template shows it."""

    name: str
    url: str

    def __str__(self) -> str:
        return self.name


class LessonForm(LessonModelForm):
    """A lesson. Either a file or an address may be new; what is there goes on until the file is read.

    A job may change address and duration while the page is open. What the person left as it was on the page is not
    written back: so the page holds what it showed (`show_hidden_initial`).
    """

    upload = forms.FileField(
        label=gettext_lazy("Video file"),
        required=False,
        widget=forms.FileInput(attrs={"accept": ",".join(SUFFIXES)}),
        help_text=gettext_lazy(
            "MP4, WebM or Ogg, as browsers play them. It is read after it is saved; then students see it."
        ),
    )
    video_address = forms.URLField(
        label=gettext_lazy("Or the address of a video elsewhere"),
        required=False,
        max_length=500,
        assume_scheme="https",
        show_hidden_initial=True,
        widget=AdminURLFieldWidget,
        help_text=gettext_lazy("The file itself, not a page that shows it; https://. It needs the duration below."),
    )
    captions = forms.FileField(
        label=gettext_lazy("Captions"),
        required=False,
        widget=StoredFileInput(attrs={"accept": CAPTIONS}),
        help_text=gettext_lazy("WebVTT (.vtt)."),
    )
    duration = forms.FloatField(
        label=gettext_lazy("Duration in seconds"),
        required=False,
        min_value=0,
        show_hidden_initial=True,
        help_text=gettext_lazy("Of a file it is found out when the file is read."),
    )

    class Meta:
        model = Lesson
        fields = (
            "course",
            "title",
            "slug",
            "order",
            "upload",
            "video_address",
            "captions",
            "duration",
            "completion_threshold",
        )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # Not filled in: what is typed is meant for the video that is given with it, perhaps just as long as the last.
        self.initial["duration"] = None
        if self.instance.duration:
            known = _("%(seconds)g seconds now; empty leaves it so.") % {"seconds": self.instance.duration}
            self.fields["duration"].help_text = f"{known} {self.fields['duration'].help_text}"
        self.initial["upload"] = None
        if self.instance.pk and self.instance.captions:
            captions = self.fields["captions"].widget
            captions.address = reverse("captions", args=[self.instance.course.slug, self.instance.slug])

    def clean_upload(self) -> UploadedFile[Any] | None:
        """Look at the file, where there is one."""
        file: UploadedFile[Any] | None = self.cleaned_data["upload"]
        if file:
            check_video(file)
        return file

    def clean_captions(self) -> Any:
        """Look at the file, where there is a new one."""
        file = self.cleaned_data["captions"]
        if isinstance(file, UploadedFile):
            check_captions(file)
        return file

    def clean_video_address(self) -> str:
        """Refuse what browsers would not load on a page that came over https."""
        address: str = self.cleaned_data["video_address"]
        parts = urlsplit(address)
        here = settings.DEBUG and parts.scheme == "http" and parts.hostname in _THIS_MACHINE
        if address and parts.scheme != "https" and not here:
            raise ValidationError(_("The address must begin with https://, or browsers do not load the video."))
        if parts.username is not None or parts.password is not None:
            raise ValidationError(_("The address must not hold a name or a password: every student would read it."))
        return address

    def clean(self) -> dict[str, Any]:
        """Decide between file and address, and how long the lesson lasts."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        if "video_address" not in self.changed_data:
            cleaned["video_address"] = self.instance.video_address
        typed: float | None = cleaned.get("duration") if "duration" in self.changed_data else None
        uploaded, addressed = bool(cleaned.get("upload")), bool(cleaned.get("video_address"))
        if uploaded and addressed and "video_address" in self.changed_data:
            raise ValidationError(_("Give either a video file or an address, not both at once."))
        known: float = self.instance.duration
        # With a file, what was typed would make a lesson ready that has no video yet.
        cleaned["duration"] = known if uploaded else typed or known
        if cleaned["duration"] == known and "duration" in self.changed_data:
            self.changed_data.remove("duration")
        if addressed and "video_address" in self.changed_data and not typed:
            # What is known is of the video before: a minute of ten would complete the lesson.
            cleaned["duration"] = 0.0
        if not cleaned["duration"] and not uploaded and not self.errors.keys() & {"upload", "duration"}:
            self._want_duration(addressed)
        return cleaned

    def _want_duration(self, addressed: bool) -> None:
        if addressed:
            self.add_error("duration", _("How long the video at that address lasts must be said, in seconds."))
        elif not self.instance.pk:  # of one that is there, the file perhaps waits, or could not be used
            self.add_error("duration", _("Without a video file, how long the lesson lasts must be said, in seconds."))
