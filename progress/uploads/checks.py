"""What can be seen of a video file when it comes: its name, its size and how it begins. The rest is the probe's."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from progress.uploads.kinds import HEAD_BYTES, SUFFIXES, kind_of


def check_video(file: UploadedFile[Any]) -> None:
    """Raise ValidationError where this cannot be a video that browsers play."""
    kind = kind_of(file.name or "")
    if kind is None:
        raise ValidationError(
            _("The name of a video file ends in %(suffixes)s; this one is “%(name)s”.")
            % {"suffixes": ", ".join(SUFFIXES), "name": file.name}
        )
    most = settings.LIMIT_UPLOAD_BYTES
    if most and (file.size or 0) > most:
        raise ValidationError(
            _("The file has %(size)s; at most %(most)s can be taken.")
            % {"size": filesizeformat(file.size or 0), "most": filesizeformat(most)}
        )
    file.seek(0)
    head = file.read(HEAD_BYTES)
    file.seek(0)
    if not kind.fits(head):
        raise ValidationError(
            _("“%(name)s” is not the kind of file that its name says. Export the video anew, rather than rename it.")
            % {"name": file.name}
        )
