"""Request ids: in the answer, in each line that the request causes, and in none that comes after."""

from __future__ import annotations

import asyncio
import json
import logging

import pytest
from asgiref.sync import sync_to_async
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from project import logs, request_ids

log = logging.getLogger("tests.request_ids")


@pytest.fixture
def lines(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """What is logged, as the log of a machine has it."""
    said: list[dict[str, object]] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            event: dict[str, object] = {"event": record.getMessage(), "_record": record}
            for processor in logs.PRE_CHAIN:
                event = processor(None, record.levelname.lower(), event)
            event.pop("_record")
            said.append(json.loads(json.dumps(event)))

    handler = Handler()
    monkeypatch.setattr(log, "handlers", [handler])
    monkeypatch.setattr(log, "propagate", False)
    log.setLevel("INFO")
    return said


def test_every_answer_has_one() -> None:
    first, second = (Client().get("/healthz").headers["X-Request-ID"] for _ in range(2))
    assert first != second
    assert len(first) == 16


def test_what_a_proxy_gives_is_kept_and_what_is_no_id_is_not() -> None:
    def answered(given: str) -> str:
        return str(Client().get("/healthz", headers={"X-Request-ID": given}).headers["X-Request-ID"])

    assert answered("0f2b-4c7d_9.AZ") == "0f2b-4c7d_9.AZ"
    for spoilt in ("short", "x" * 65, "with space", 'quote"quote', "line\\nline", "ümläutig"):
        assert answered(spoilt) != spoilt


def test_an_address_that_is_not_there_and_a_refused_host_have_one_too() -> None:
    assert Client().get("/nowhere/").headers["X-Request-ID"]
    assert Client().get("/healthz", headers={"Host": "foreign.example"}).headers["X-Request-ID"]


async def test_lines_of_a_request_and_of_its_threads_name_it_and_later_ones_do_not(
    lines: list[dict[str, object]],
) -> None:
    answered = asyncio.Event()
    tasks = []

    async def goes_on() -> None:
        log.info("beside")
        await answered.wait()
        log.info("after")

    async def view(request: HttpRequest) -> HttpResponse:
        log.info("within")
        await sync_to_async(log.info)("in a thread")
        tasks.append(asyncio.create_task(goes_on()))
        await asyncio.sleep(0)
        return HttpResponse()

    log.info("before")
    request = RequestFactory().get("/", headers={"X-Request-ID": "abcdefgh"})
    response = await asyncio.create_task(request_ids.with_id(view)(request))
    answered.set()
    await tasks[0]
    assert response.headers["X-Request-ID"] == "abcdefgh"
    assert [(line["event"], line.get("request_id")) for line in lines] == [
        ("before", None),
        ("within", "abcdefgh"),
        ("in a thread", "abcdefgh"),
        ("beside", "abcdefgh"),
        ("after", None),
    ]


async def test_two_at_once_are_told_apart(lines: list[dict[str, object]]) -> None:
    async def view(request: HttpRequest) -> HttpResponse:
        await asyncio.sleep(0)
        log.info(request.path)
        return HttpResponse()

    asked = [RequestFactory().get(f"/{name}/", headers={"X-Request-ID": name * 8}) for name in "ab"]
    await asyncio.gather(*(asyncio.create_task(request_ids.with_id(view)(each)) for each in asked))
    assert {line["event"]: line["request_id"] for line in lines} == {"/a/": "a" * 8, "/b/": "b" * 8}
