"""Captions: a WebVTT file that browsers can show, or a sentence that says what is wrong with it."""

from __future__ import annotations

from pathlib import PurePath
from typing import Any

import webvtt
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from webvtt.errors import MalformedCaptionError, MalformedFileError

SUFFIX = ".vtt"
MOST_BYTES = 1024 * 1024


def check_captions(file: UploadedFile[Any]) -> None:
    """Raise ValidationError where browsers would not show these captions, or would leave some of them out."""
    if PurePath(file.name or "").suffix.lower() != SUFFIX:
        raise ValidationError(_("Captions are a WebVTT file: its name ends in .vtt. Other kinds can be converted."))
    if (file.size or 0) > MOST_BYTES:
        raise ValidationError(_("Captions may have at most %(most)s.") % {"most": filesizeformat(MOST_BYTES)})
    file.seek(0)
    raw = file.read()
    file.seek(0)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValidationError(
            _("The captions are not in UTF-8: line %(line)d cannot be read. Save the file as UTF-8.")
            % {"line": raw.count(b"\n", 0, error.start) + 1}
        ) from error
    _parse(text)


def _parse(text: str) -> None:
    try:
        parsed = webvtt.from_string(text, strict=True)
    except MalformedFileError as error:
        raise ValidationError(
            _("The first line of the captions must be WEBVTT. Captions of another kind (.srt, .sbv) must be converted.")
        ) from error
    except MalformedCaptionError as error:
        raise ValidationError(
            _("One of the captions cannot be read; a time is written as 00:01:02.500 --> 00:01:05.000. (%(error)s)")
            % {"error": str(error)[:200]}
        ) from error
    if not parsed.captions:
        raise ValidationError(_("There is not one caption in the file."))
    if backwards := [each for each in parsed.captions if each.end_time <= each.start_time]:
        raise ValidationError(
            _("A caption ends before it begins, and would never be shown: %(start)s --> %(end)s.")
            % {"start": backwards[0].start, "end": backwards[0].end}
        )
