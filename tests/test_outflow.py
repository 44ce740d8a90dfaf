"""Answers in pieces: a client that takes none of them makes the server keep none of them."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from asgiref.sync import sync_to_async
from django.core.files.base import ContentFile

from progress.models import Lesson
from tests.cast import Cast
from tests.live import WITHIN, Live

FILM = 96 * 1024 * 1024
KEPT = 32 * 1024 * 1024
"""What a process may grow by meanwhile, for whatever reason: a third of the film."""


def film(cast: Cast) -> str:
    """A lesson with a film of nothing; return its address."""
    lesson = Lesson(course=cast.algorithms, title="Long film", slug="long-film", duration=60)
    lesson.video.save("long-film.mp4", ContentFile(b"x"), save=False)
    os.truncate(lesson.video.path, FILM)
    lesson.save()
    return "/courses/algorithms/long-film/video/"


def resident(pid: int) -> int:
    """Bytes of memory that a process has."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


async def test_what_a_slow_client_has_not_taken_is_not_kept_for_it(live: Live, cast: Cast) -> None:
    address = await sync_to_async(film)(cast)
    host, port = live.site.address().split(":")
    session = await live.session(cast.ada)
    ada = await live.http(cast.ada)
    await ada.get("/")
    pid = live.site.processes["web0"].pid
    before = resident(pid)
    reader, writer = await asyncio.open_connection(host, int(port), limit=16 * 1024)
    writer.write(f"GET {address} HTTP/1.1\r\nHost: {host}:{port}\r\nCookie: sessionid={session}\r\n\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")

    # Somebody else takes all of it: so long a server had that would read on for the slow one.
    taken = 0
    async with ada.stream("GET", address) as answer:
        async for piece in answer.aiter_raw():
            taken += len(piece)
    assert taken == FILM
    assert resident(pid) - before < KEPT

    left = FILM
    async with asyncio.timeout(4 * WITHIN):
        while left and (piece := await reader.read(1024 * 1024)):
            left -= len(piece)
    assert left == 0
    writer.close()
    await writer.wait_closed()
