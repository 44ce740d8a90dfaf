"""The form of a lesson with an upload or an address."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from pytest_django import Settings

from tests.cast import Cast
from tests.uploads.desk import (
    add,
    asked_to_read,
    change,
    do_removals,
    errors,
    files,
    mp4,
    read_waiting,
)
from tests.uploads.films import film


def test_a_text_with_the_name_of_a_video_is_refused_at_the_form(page: Client, cast: Cast, stored: Path) -> None:
    assert "not the kind of file" in errors(page, cast.algorithms, upload=mp4(b"This is a text."))
    assert files(stored) == set()


def test_captions_are_looked_at_by_the_form(page: Client, cast: Cast) -> None:
    assert "first line" in errors(
        page, cast.algorithms, duration="9", captions=SimpleUploadedFile("a.vtt", b"1\n00:00:01,000 --> 00:00:02,000\n")
    )


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ({}, "how long the lesson lasts"),
        ({"duration": "0"}, "how long the lesson lasts"),
        ({"video_address": "https://media.example/a.mp4"}, "How long the video at that address lasts"),
        ({"video_address": "https://media.example/a.mp4", "duration": "0"}, "How long the video"),
        ({"video_address": "http://media.example/a.mp4", "duration": "9"}, "https://"),
        ({"video_address": "ftp://media.example/a.mp4", "duration": "9"}, "https://"),
        ({"video_address": "https://me:secret@media.example/a.mp4", "duration": "9"}, "every student"),
        ({"video_address": "https://media.example; script-src *", "duration": "9"}, "valid URL"),
        ({"video_address": "javascript:alert(1)", "duration": "9"}, "valid URL"),
        ({"duration": "-1"}, "greater than or equal to 0"),
    ],
)
def test_a_lesson_that_cannot_be_is_refused_in_words(
    page: Client, cast: Cast, fields: dict[str, Any], says: str
) -> None:
    assert says in errors(page, cast.algorithms, **fields)


def test_a_file_and_an_address_at_once_are_refused(page: Client, cast: Cast) -> None:
    address = {"video_address": "https://media.example/a.mp4", "duration": "9"}
    assert "not both at once" in errors(page, cast.algorithms, upload=mp4(), **address)


def test_an_address_of_this_machine_is_for_development(page: Client, cast: Cast, settings: Settings) -> None:
    here = {"video_address": "http://localhost:9000/a.mp4", "duration": "9"}
    settings.DEBUG = False
    assert "https://" in errors(page, cast.algorithms, **here)
    settings.DEBUG = True
    assert add(page, cast.algorithms, **here).video_address == here["video_address"]


def test_an_address_takes_the_place_of_a_file_and_a_file_that_of_an_address(
    page: Client, cast: Cast, stored: Path
) -> None:
    lesson = read_waiting(add(page, cast.algorithms, upload=mp4()))
    address = "https://media.example/a.mp4"
    change(page, lesson, video_address=address, duration="77")
    assert (lesson.video_address, lesson.video.name, lesson.poster.name) == (address, "", "")
    assert lesson.duration == 77
    do_removals()
    assert files(stored) == set()
    change(page, lesson, upload=mp4(film(4)))
    assert (lesson.video_address, lesson.duration) == (address, 77)  # it goes on until the file is read
    read_waiting(lesson)
    assert (lesson.video_address, lesson.duration) == ("", pytest.approx(4, abs=0.05))


def test_a_lesson_of_before_keeps_its_length_when_something_else_is_changed(page: Client, cast: Cast) -> None:
    lesson = change(page, cast.bernoulli, title="Note G", slug="bernoulli")
    assert (lesson.title, lesson.duration) == ("Note G", 100)
    change(page, lesson, slug="bernoulli", duration="")
    assert lesson.duration == 100
    change(page, lesson, slug="bernoulli", duration="120")
    assert lesson.duration == 120


def test_a_page_that_was_open_while_the_upload_was_read_does_not_write_back_what_it_showed(
    page: Client, cast: Cast
) -> None:
    lesson = add(page, cast.algorithms, video_address="https://media.example/a.mp4", duration="77")
    change(page, lesson, upload=mp4(film(4)))
    held = {"initial-duration": "77.0", "initial-video_address": "https://media.example/a.mp4"}
    shown = {"duration": "77.0", "video_address": "https://media.example/a.mp4"}
    assert 'name="initial-duration"' in page.get(f"/admin/progress/lesson/{lesson.pk}/change/").content.decode()
    read_waiting(lesson)
    video = lesson.video.name
    change(page, lesson, title="Another title", **shown, **held)
    assert lesson.title == "Another title"
    assert (lesson.video.name, lesson.video_address, lesson.upload.name) == (video, "", "")
    assert lesson.duration == pytest.approx(4, abs=0.05)


def test_a_lesson_saved_while_its_upload_is_read_is_asked_for_again(page: Client, cast: Cast) -> None:
    lesson = add(page, cast.algorithms, upload=mp4())
    change(page, lesson, title="Another title")
    assert asked_to_read(lesson) == 2
    assert (lesson.upload.name != "", lesson.duration) == (True, 0)
