"""Redis with an ACL: the line of docs/operations.md is enough for the site, each word of it is needed, and no more."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import quote

import pytest
import pytest_asyncio
import redis
from redis.exceptions import NoPermissionError, RedisError, ResponseError

from consumers.ops import redis_facts
from feed import scripts
from project.embedded import Valkey
from tests.acl import PASSWORD, PREFIX, USER, documented, everything, make_user, optional, refused
from tests.cast import Cast
from tests.faults import valkey_of_its_own
from tests.live import WITHIN, Live, Site, Viewer, until

NEEDED = [word for word in documented() if word[0] in "+~&"]

NOT_ALLOWED = [
    "FLUSHALL",
    "FLUSHDB",
    "CONFIG GET requirepass",
    "CONFIG SET maxmemory 1",
    "ACL LIST",
    "ACL SETUSER feed +@all",
    "KEYS *",
    "SCAN 0",
    "CLIENT LIST",
    "CLIENT KILL TYPE normal",
    "MONITOR",
    "SHUTDOWN NOSAVE",
    "REPLICAOF 127.0.0.1 1",
    "SCRIPT FLUSH",
    "FUNCTION LIST",
    "EVAL return{} 0",
    "GET live:meta:feed.all",
    "SET live:meta:feed.all x",
    "HGET other:meta:feed.all epoch",
    "HSET other:meta:feed.all epoch x",
    "HSET livelong:meta:feed.all epoch x",
    "DEL other:meta:feed.all",
    "XRANGE other:history:feed.all - +",
    "PUBLISH other__group__feed.all x",
    "PUBLISH lively x",
    "SUBSCRIBE other__group__feed.all",
    "PSUBSCRIBE *",
    "PSUBSCRIBE live__group__*",
]
"""What somebody who has the user's password may try."""


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with valkey_of_its_own(tmp_path_factory.mktemp("acl")) as valkey:
        yield valkey


@pytest.fixture(scope="module")
def admin(valkey: Valkey) -> Iterator[redis.Redis]:
    """The only one beside the documented user: the user `default` may not even sign in."""
    with redis.Redis.from_url(valkey.url) as first:
        first.execute_command("ACL SETUSER", "root", "on", f">{valkey.password}", "~*", "&*", "+@all")
    address = valkey.url.replace("redis://:", "redis://root:")
    with redis.Redis.from_url(address, decode_responses=True, socket_timeout=5) as client:
        client.execute_command("ACL SETUSER", "default", "off")
        yield client


@pytest.fixture
def own_url(valkey: Valkey, admin: redis.Redis) -> str:
    make_user(admin)
    return url_of(valkey)


def url_of(valkey: Valkey, *, database: int = 0) -> str:
    return f"redis://{USER}:{quote(PASSWORD, safe='')}@127.0.0.1:{valkey.port}/{database}"


@pytest_asyncio.fixture
async def restricted(
    patient_flush: None, nobody_else_tells: None, cast: Cast, loop_services: None, own_url: str, tmp_path: Path
) -> AsyncIterator[Live]:
    """A site that knows Redis as the documented user alone."""
    own = Site(tmp_path, redis_url=own_url, webs=1)
    own.environment["REDIS_PREFIX"] = PREFIX
    await asyncio.to_thread(own.__enter__)
    try:
        async with Live(own) as live:
            yield live
    finally:
        await asyncio.to_thread(own.__exit__)


def scripts_of_ours() -> dict[str, str]:
    """The name and the digest of each script."""
    texts = {name: text for name, text in vars(scripts).items() if name[0] != "_" and "redis.call" in str(text)}
    return {name: hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest() for name, text in texts.items()}


async def rename_course(live: Live, cast: Cast) -> None:
    """As it is done in the admin site, which publishes in the site's own process."""
    browser = await live.http(cast.admin)
    course = cast.algorithms
    form = {"title": "New title", "slug": course.slug, "instructors": [cast.grace.pk]}
    assert (await browser.post(f"/admin/progress/course/{course.pk}/change/", data=form)).status_code == 302


async def remove_bob(live: Live, cast: Cast) -> None:
    """His entries are withdrawn."""
    browser = await live.http(cast.admin)
    answer = await browser.post(f"/admin/progress/user/{cast.bob.pk}/delete/", data={"post": "yes"})
    assert answer.status_code == 302


async def test_the_site_does_all_it_has_to_as_the_documented_user_and_nothing_is_refused(
    restricted: Live, cast: Cast, admin: redis.Redis
) -> None:
    async with (
        restricted.player(cast.ada, cast.bernoulli) as ada,
        restricted.player(cast.bob, cast.bernoulli) as bob,
        restricted.feed(cast.admin) as viewer,
    ):
        before = dict(viewer.position or {})
        await ada.watch(to=55)
        await viewer.until_shown("progress_update")
        async with restricted.socket("/ws/feed/", cast.admin, Viewer) as late:
            assert (await late.subscribe(before))["recovered"]  # a replay
            await late.until_shown("progress_update")

        loaded = admin.script_exists(*scripts_of_ours().values())
        missing = {name for name, there in zip(scripts_of_ours(), loaded, strict=True) if not there}
        assert missing == {"BEGIN"}

        # Whoever runs Redis ends all connections, and empties its scripts.
        assert admin.execute_command("CLIENT KILL USER", USER) >= 2
        admin.script_flush()
        await bob.watch(to=65)
        await until(lambda: len(viewer.entries) == 2, what=f"bob's entry in {viewer.frames}")
        assert viewer.of("reset") == []

        await remove_bob(restricted, cast)
        await viewer.until("withdrawn")
        await rename_course(restricted, cast)
        assert (await viewer.until("reset"))["reason"] == "renamed"
        fresh = await restricted.snapshot(cast.admin)
        assert (await viewer.subscribe(fresh["position"]))["recovered"]

    ready = await (await restricted.http(cast.admin)).get("/readyz")
    assert ready.json()["redis"] == "ok"
    assert admin.script_exists(scripts_of_ours()["BEGIN"]) == [True]
    for name in list(restricted.site.processes):
        await asyncio.to_thread(restricted.site.end, name)
    assert {client["user"] for client in admin.client_list()} == {"root"}
    assert refused(admin) == []


async def test_all_that_the_layer_does_is_allowed(valkey: Valkey, admin: redis.Redis) -> None:
    make_user(admin)
    await everything(url_of(valkey, database=1))
    assert refused(admin) == []


async def test_operators_are_told_what_the_user_may_not_ask_and_the_second_line_allows_it(
    own_url: str, admin: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with redis.asyncio.Redis.from_url(own_url, driver_info=None) as client:
        monkeypatch.setattr(redis_facts, "loop_layer", lambda: SimpleNamespace(client=client))
        monkeypatch.setattr(redis_facts, "ASKED_AGAIN_SECONDS", 0.0)
        facts = await redis_facts.read()
        assert facts.not_permitted == ["CLIENT LIST", "SLOWLOG GET"]
        assert (facts.pubsub_buffer, facts.slow) == (None, None)
        assert facts.memory > 0
        admin.execute_command("ACL SETUSER", USER, *optional())
        facts = await redis_facts.read()
        assert facts.not_permitted == []
        assert (facts.pubsub_buffer, facts.slow) == (0, [])


@pytest.mark.parametrize("word", NEEDED)
async def test_each_word_of_the_line_is_needed(valkey: Valkey, admin: redis.Redis, word: str) -> None:
    make_user(admin, without=word)
    what = word[1:].rstrip("*")  # the command, or what the key or channel begins with
    doing = asyncio.create_task(everything(url_of(valkey, database=1)))
    try:
        await until(lambda: any(f": {what}" in each for each in refused(admin)), what=f"{what} in the ACL log")
    finally:
        doing.cancel()
        with contextlib.suppress(RedisError, asyncio.CancelledError):
            await doing


@pytest.mark.parametrize("command", NOT_ALLOWED)
def test_what_is_not_needed_is_refused(own_url: str, admin: redis.Redis, command: str) -> None:
    with redis.Redis.from_url(own_url, driver_info=None) as client, pytest.raises(NoPermissionError):
        client.execute_command(*command.split())
    assert refused(admin)


@pytest.mark.parametrize(
    "call",
    [
        "'HSET', 'other:meta:feed.all', 'epoch', 'x'",
        "'XRANGE', 'other:history:feed.all', '-', '+'",
        "'PUBLISH', 'other__group__feed.all', 'x'",
        "'SET', 'live:meta:feed.all', 'x'",
        "'KEYS', '*'",
        "'FLUSHALL'",
    ],
)
def test_a_script_of_its_own_gives_the_user_nothing_more(own_url: str, admin: redis.Redis, call: str) -> None:
    with redis.Redis.from_url(own_url, driver_info=None) as client:
        digest = client.script_load(f"return redis.call({call})")
        with pytest.raises(ResponseError, match="ACL failure in script"):
            client.evalsha(digest, 0)
    assert [each.partition(": ")[0] for each in refused(admin)] == ["lua"]


@pytest.mark.parametrize("address", ["redis://127.0.0.1:{port}/0", "redis://feed:wrong@127.0.0.1:{port}/0"])
async def test_a_wrong_password_or_none_gets_in_nowhere(own_url: str, valkey: Valkey, address: str) -> None:
    with pytest.raises(RedisError, match=r"invalid username-password|already authenticated"):
        await asyncio.wait_for(everything(address.format(port=valkey.port)), WITHIN)
