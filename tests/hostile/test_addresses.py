"""Hostile text in addresses, cookies and bodies: a page that shows it as text, or a refusal in the usual form."""

from __future__ import annotations

import asyncio
from urllib.parse import quote, urlencode

import httpx

from tests import browser
from tests.cast import Cast
from tests.hostile.corpus import ADDRESSES, ATTRIBUTES, CORPUS, DIRECTIONS, SCRIPTS, SHAPES, SURROGATES, UNSTORABLE
from tests.hostile.parsed import fetched, read
from tests.hostile.watch import Watched, as_parsed
from tests.live import WITHIN, Live

FILTERS = ("type", "course", "student", "since", "until", "before")
WORST = (SCRIPTS[0], ATTRIBUTES[0], DIRECTIONS[1], SHAPES[4][:100])


async def statuses(live: Live, cast: Cast, addresses: list[str]) -> list[httpx.Response]:
    """The answers to an administrator, a few at a time."""
    client = await live.http(cast.admin)
    gate = asyncio.Semaphore(6)

    async def get(address: str) -> httpx.Response:
        async with gate:
            return await client.get(address)

    return await asyncio.gather(*map(get, addresses))


async def test_every_filter_is_shown_as_it_was_given_or_refused_in_words(live: Live, cast: Cast) -> None:
    given = [{"q": text} for text in CORPUS[::2]] + [
        {"q": text, **dict.fromkeys(FILTERS, text)} for text in CORPUS[::2]
    ]
    pages = [f"/dashboard/students/?{urlencode(each)}" for each in given]
    answers = await statuses(live, cast, pages)
    assert {answer.status_code for answer in answers} == {200, 422}
    async with browser.chromium() as chromium:
        watched = await Watched.open(chromium, live, cast.admin)
        await watched.page.goto("/dashboard/students/")
        found = await read(watched.page, [answer.text for answer in answers])
        strange = [each["strange"] for each in found if each["strange"]]
        assert strange == []
        for values, each in zip([each["values"] for each in found], given, strict=True):
            assert values["q"] == as_parsed(each["q"].strip())
            assert values.get("student") == (as_parsed(each["student"]) if "student" in each else None)
        for text in WORST:
            for query in ({"q": text * 2, "student": text, "since": text}, {"q": text}):
                await watched.page.goto(f"/dashboard/students/?{urlencode(query)}")
                watched.window.errors = [each for each in watched.window.errors if "status of 422" not in each]
                await watched.assert_harmless()


async def test_the_login_keeps_what_was_typed_as_text_and_leads_nowhere_else(live: Live, cast: Cast) -> None:
    pages = await fetched(live, [(None, f"/accounts/login/?{urlencode({'next': text})}") for text in CORPUS])
    client = await live.http(cast.eve)
    client.cookies.delete("sessionid")
    for text in CORPUS[::2]:
        answer = await client.post("/accounts/login/", data={"username": text, "password": "", "next": text})
        assert answer.status_code == 200
        pages.append(answer.text)
    async with browser.chromium() as chromium:
        watched = await Watched.open(chromium, live, None)
        await watched.page.goto("/accounts/login/")
        found = await read(watched.page, pages)
        strange = [each["strange"] for each in found if each["strange"]]
        assert strange == []
        for each, text in zip(found, [*CORPUS, *CORPUS[::2]], strict=True):
            assert each["values"]["next"] in ("", as_parsed(text))  # nothing where it leads elsewhere
        typed = [each["values"]["username"] for each in found[len(CORPUS) :]]
        assert typed == [as_parsed(text) for text in CORPUS[::2]]
    signed_in = await live.http(cast.eve)
    for text in (*ADDRESSES, *WORST):
        answer = await signed_in.get(f"/accounts/login/?{urlencode({'next': text})}")
        assert answer.status_code == 302
        place = answer.request.url.join(answer.headers["Location"])
        assert (place.host, place.port) == ("127.0.0.1", live.site.ports[0]), (text, place)


async def test_the_api_answers_json_that_is_taken_for_nothing_else(live: Live, cast: Cast) -> None:
    given = [*({"q": text} for text in CORPUS[1::2]), *({"before": text} for text in CORPUS[::2])]
    for answer in await statuses(live, cast, [f"/api/feed/?{urlencode(each)}" for each in given]):
        assert answer.status_code in (200, 422)
        assert answer.headers["Content-Type"] == "application/json; charset=utf-8"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.json().get("code", "invalid_q") in ("invalid_q", "invalid_cursor")


async def test_nul_is_refused_with_a_code_and_in_a_cookie_is_no_session(live: Live, cast: Cast) -> None:
    admin = await live.http(cast.admin)
    for text in UNSTORABLE:
        nul = quote(text)
        for path, refused in ((f"/api/feed/?q={nul}", (422, "invalid_q")), (f"/api/{nul}", (404, "not_found"))):
            answer = await admin.get(path)
            assert (answer.status_code, answer.json()["code"]) == refused
        assert (await admin.get(f"/api/feed/?{nul}=1")).status_code == 200  # a filter that nobody knows
        for path in (
            f"/dashboard/students/?q={nul}",
            f"/accounts/login/?next={nul}",
            f"/admin/progress/user/?first_name={nul}",
            f"/admin/progress/course/?q={nul}",
            f"/admin/progress/correction/?kind__exact={nul}",
            f"/admin/autocomplete/?app_label=progress&model_name=enrollment&field_name=user&term={nul}",
            f"/courses/{nul}/",
        ):
            answer = await admin.get(path)
            assert answer.status_code == 400, path
            assert answer.headers["Content-Type"] == "text/plain"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert "Content-Security-Policy" in answer.headers
        octal = "".join(f"\\{byte:03o}" for byte in text.encode())
        async with httpx.AsyncClient(base_url=str(admin.base_url), timeout=WITHIN) as stranger:
            answer = await stranger.get("/", headers={"Cookie": f'sessionid="{octal}"; csrftoken="{octal}"'})
            assert (answer.status_code, answer.headers["Location"]) == (302, "/accounts/login/?next=/")


async def test_bodies_with_nul_or_half_a_pair_are_refused_with_the_fields_code(live: Live, cast: Cast) -> None:
    ada = await live.http(cast.ada)
    tick = f"/api/lessons/{cast.bernoulli.pk}/progress/"
    for half in (*SURROGATES, "\\u0000", "x\\u0000y"):
        body = f'{{"watch_percentage": 1, "timestamp": 1, "player": "{half}", "id": 1}}'
        answer = await ada.post(tick, content=body, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_player")
        filters = f'{{"position": {{"{half}": "{half}"}}, "filters": {{"q": "abc", "type": "{half}"}}}}'
        answer = await ada.post("/api/feed/after/", content=filters, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_type")
    async with live.feed(cast.grace) as viewer:
        for half in (*SURROGATES, "\\u0000abc"):
            errors = len(viewer.of("error")) + len(viewer.of("subscribed"))
            await viewer.tell(f'{{"type": "subscribe", "position": null, "filters": {{"q": "abc{half}"}}}}')
            while len(viewer.of("error")) + len(viewer.of("subscribed")) == errors:
                await asyncio.sleep(0.01)
        assert viewer.closed_with is None
