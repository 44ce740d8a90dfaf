"""What each page loads, from the rendered pages: scripts with all that they import, and every stylesheet."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse

from progress.models import Lesson
from tests import test_roles
from tests.cast import Cast
from tests.every_page import NO_PAGES
from tests.test_query import NOON, watched
from tests.test_roles import PAGES, addresses, browser_of, table

pytestmark = pytest.mark.django_db(transaction=True)
school = test_roles.school

MOST_JAVASCRIPT = 60 * 1024
MOST_CSS = 40 * 1024
FOR_STAFF = {"ops.css", "admin-pages.css"}
"""For operators, and for Django's admin site: no page of a student or an instructor loads these."""
IMPORT = re.compile(r"""(?:\bfrom|^import|\bimport\()\s*["'](\.[^"']+)["']""", re.MULTILINE)
SCRIPT = re.compile(r'<script\b[^>]*\bsrc="([^"]+)"')
STYLESHEET = re.compile(r'<link\b[^>]*\brel="stylesheet"[^>]*\bhref="([^"]+)"')


def file_of(address: str) -> Path:
    """The file behind the address of a static file."""
    found = finders.find(address.removeprefix(settings.STATIC_URL))
    assert isinstance(found, str), address
    return Path(found)


def with_imports(module: Path) -> set[Path]:
    """A module and all that it imports, and they."""
    found, waiting = set[Path](), [module]
    while waiting:
        each = waiting.pop()
        if each not in found:
            found.add(each)
            waiting += [
                file_of(f"{settings.STATIC_URL}js/{Path(name).name}") for name in IMPORT.findall(each.read_text())
            ]
    return found


def pages(cast: Cast, school: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every page of ours as somebody sees it who may, by name and role."""
    rows = table(PAGES, words=1)
    for role in ("anonymous", "ada", "admin"):
        client = browser_of(cast, role)
        for each in addresses():
            name = str(each.name)
            if name not in NO_PAGES and rows[name][role] == "200":
                address = reverse(name, kwargs={value: school[value] for value in each.pattern.converters})
                yield f"{name}, {role}", client.get(address).content.decode()


def weight(files: set[Path]) -> int:
    return sum(file.stat().st_size for file in files)


def test_no_page_loads_more_than_sixty_kilobytes_of_javascript(
    cast: Cast, school: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    told = {}
    for name, page in pages(cast, school):
        scripts = {file for address in SCRIPT.findall(page) for file in with_imports(file_of(address))}
        styles = {file_of(address) for address in STYLESHEET.findall(page)}
        assert styles, name
        told[name] = weight(scripts), weight(styles)
    with capsys.disabled():
        for name, (scripts_bytes, styles_bytes) in sorted(told.items(), key=lambda each: -each[1][0]):
            print(f"\n{name}: {scripts_bytes:,} bytes of JavaScript, {styles_bytes:,} of CSS", end="")  # noqa: T201
    assert {name: got for name, got in told.items() if got[0] > MOST_JAVASCRIPT or got[1] > MOST_CSS} == {}
    # The imports were followed: a page with the feed has at least the socket, the follower and the list.
    assert min(told["dashboard, admin"][0], told["students, admin"][0], told["activity, ada"][0]) > 25_000


def test_all_stylesheets_of_students_and_instructors_together_have_less_than_forty_kilobytes(
    capsys: pytest.CaptureFixture[str],
) -> None:
    sources = (settings.BASE_DIR / "project" / "static" / "css").glob("*.css")
    files = {file_of(f"{settings.STATIC_URL}css/{source.name}") for source in sources if source.name not in FOR_STAFF}
    with capsys.disabled():
        print(f"\n{len(files)} stylesheets: {weight(files):,} bytes", end="")  # noqa: T201
    assert 10_000 < weight(files) < MOST_CSS


def test_every_module_of_ours_is_found_by_what_pages_load(cast: Cast, school: dict[str, Any]) -> None:
    loaded = {
        file for _, page in pages(cast, school) for each in SCRIPT.findall(page) for file in with_imports(file_of(each))
    }
    ours = (settings.BASE_DIR / "project" / "static" / "js").glob("*.js")
    assert {file.name for file in ours} - {file.name for file in loaded} == set()


def test_the_first_fifty_entries_are_in_the_page_itself_newest_first(cast: Cast) -> None:
    rows = [
        watched(
            cast.ada,
            Lesson.objects.create(course=cast.algorithms, title=f"Part {number}", slug=f"part-{number}", duration=9),
            NOON + timedelta(minutes=number),
        )
        for number in range(60)
    ]
    client = Client()
    client.force_login(cast.grace)
    page = client.get("/dashboard/students/").content.decode()
    shown = re.sub(r"<template.*?</template>", "", page, flags=re.DOTALL)
    ids = re.findall(r'<li\b[^>]*\bdata-entry-id="([^"]+)"', shown)
    assert ids == [f"progress_update:{row.pk}" for row in reversed(rows[10:])]
    for number in (59, 10):
        assert f"Part {number}</bdi>" in shown
    assert "hidden" not in re.findall(r'<ol id="activity-feed"[^>]*>', shown)[0]
