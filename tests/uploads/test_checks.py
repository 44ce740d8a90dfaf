"""What is looked at when a file comes."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from pytest_django import Settings

from progress.uploads.captions import MOST_BYTES, check_captions
from progress.uploads.checks import check_video
from tests.uploads.desk import (
    WEBVTT,
)
from tests.uploads.films import film


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.mp4", film()),
        ("A LONG NAME.M4V", film()),
        ("a.webm", film(codec="libvpx")),
        ("a.ogv", b"OggS" + bytes(40)),
    ],
)
def test_a_file_that_begins_as_its_name_says_is_taken_whole(name: str, content: bytes) -> None:
    file = SimpleUploadedFile(name, content)
    check_video(file)
    assert file.read() == content


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.txt", film(), "ends in .mp4, .m4v, .webm, .ogv"),
        ("a.mov", film(), "ends in"),
        ("mp4", film(), "ends in"),
        ("a.mp4", b"This is a text.", "not the kind of file"),
        ("a.mp4", b"", "not the kind of file"),
        ("a.webm", film(), "not the kind of file"),
        ("a.mp4", b"#EXTM3U\nhttp://127.0.0.1/", "not the kind of file"),
    ],
)
def test_a_file_that_cannot_be_a_video_is_refused_in_words(name: str, content: bytes, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        check_video(SimpleUploadedFile(name, content))


def test_a_file_over_the_limit_is_refused_and_no_limit_takes_all(settings: Settings) -> None:
    settings.LIMIT_UPLOAD_BYTES = len(film()) - 1
    with pytest.raises(ValidationError, match="at most"):
        check_video(SimpleUploadedFile("a.mp4", film()))
    for enough in (len(film()), 0):
        settings.LIMIT_UPLOAD_BYTES = enough
        check_video(SimpleUploadedFile("a.mp4", film()))


@pytest.mark.parametrize(
    "content",
    [
        WEBVTT,
        b"\xef\xbb\xbf" + WEBVTT,
        WEBVTT.replace(b"\n", b"\r\n"),
        "WEBVTT Sprache: Deutsch\n\nNOTE von Hand\n\n1\n01:00:00.000 --> 01:00:02.000 align:start\nGrüße\n".encode(),
    ],
)
def test_captions_that_browsers_show_are_taken(content: bytes) -> None:
    file = SimpleUploadedFile("a.vtt", content)
    check_captions(file)
    assert file.read() == content


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.srt", WEBVTT, "ends in .vtt"),
        ("a.vtt", b"1\n00:00:01,000 --> 00:00:02,000\nHello\n", "first line of the captions must be WEBVTT"),
        ("a.vtt", b"", "first line"),
        ("a.vtt", b"WEBVTT\n\nHello\n", "not one caption"),
        ("a.vtt", b"WEBVTT\n\n00:00:01,000 --> 00:00:02,000\nHello\n", "00:00:01,000"),
        ("a.vtt", b"WEBVTT\n\n00:00:61.000 --> 00:01:02.000\nHello\n", "00:00:61.000"),
        ("a.vtt", b"WEBVTT\n\n00:05.000 --> 00:01.000\nHello\n", "ends before it begins"),
        ("a.vtt", WEBVTT + "\n00:03.000 --> 00:04.000\nGrüße\n".encode("latin-1"), "UTF-8: line 7"),
        ("a.vtt", WEBVTT + b"NOTE " + bytes([65]) * MOST_BYTES, "at most"),
    ],
)
def test_captions_that_would_not_be_shown_are_refused_in_words(name: str, content: bytes, says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        check_captions(SimpleUploadedFile(name, content))
