"""The site on a Redis and a PostgreSQL that speak TLS alone: both certificates are verified, and a wrong one is said.

Debian's servers: an older Redis and an older PostgreSQL than the embedded ones, too.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import httpx
import psycopg
import pytest
import pytest_asyncio
import redis

from tests.acl import PASSWORD, PREFIX, USER, everything, make_user, refused
from tests.certificates import Authority
from tests.live import ROOT, WITHIN, Live, Player, Site, Viewer, until
from tests.tls_servers import HOST, TlsPostgres, TlsRedis, tls_servers

SCHOOL = """
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from progress.models import Course, Enrollment, Lesson, User
import json
def sign_in(person):
    store = SessionStore()
    store[SESSION_KEY] = str(person.pk)
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = person.get_session_auth_hash()
    store.create()
    return store.session_key
ada = User.objects.create(username="ada", first_name="Ada", last_name="Lovelace")
admin = User.objects.create(username="admin", is_superuser=True)
course = Course.objects.create(title="Algorithms", slug="algorithms")
Enrollment.objects.create(user=ada, course=course)
lesson = Lesson.objects.create(course=course, title="Bernoulli numbers", slug="bernoulli", duration=100)
print(json.dumps({"ada": sign_in(ada), "admin": sign_in(admin), "lesson": lesson.pk}))
"""
"""Made in the site's own database: that of the tests is another one."""


@dataclass(frozen=True, slots=True)
class Servers:
    """Both servers, who vouches for them, and somebody who does not."""

    redis: TlsRedis
    postgres: TlsPostgres
    authority: Authority
    stranger: Authority

    def redis_url(self, *, host: str = HOST, trusts: Authority | None = None, more: str = "") -> str:
        """The address for the documented user of the ACL."""
        trusted = (trusts or self.authority).file
        password = quote(PASSWORD, safe="")
        return f"rediss://{USER}:{password}@{host}:{self.redis.port}/0?ssl_ca_certs={trusted}{more}"

    def site(self, folder: Path) -> Site:
        """A site on both."""
        site = Site(folder, redis_url=self.redis_url(), webs=1)
        site.environment |= {"DATABASE_URL": self.postgres.url, "REDIS_PREFIX": PREFIX}
        return site


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    folder = tmp_path_factory.mktemp("tls")
    authority, stranger = Authority(folder, "authority"), Authority(folder, "stranger")
    with tls_servers(folder, authority) as (redis, postgres):
        yield Servers(redis, postgres, authority, stranger)


@pytest.fixture(scope="module")
def admin(servers: Servers) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(servers.redis.url, decode_responses=True) as client:
        make_user(client)
        yield client


def managed(site: Site, *command: str) -> str:
    """What a command of the site's says."""
    called = [sys.executable, "manage.py", *command]
    return subprocess.run(called, cwd=ROOT, env=site.environment, check=True, capture_output=True, text=True).stdout


@pytest_asyncio.fixture
async def live(servers: Servers, admin: redis.Redis, tmp_path: Path) -> AsyncIterator[tuple[Live, dict[str, str]]]:
    """The site, and the sessions and the lesson of its school."""
    site = servers.site(tmp_path)
    await asyncio.to_thread(managed, site, "migrate", "--no-input")
    school = json.loads((await asyncio.to_thread(managed, site, "shell", "-v0", "-c", SCHOOL)).splitlines()[-1])
    await asyncio.to_thread(site.__enter__)
    try:
        async with Live(site) as live:
            yield live, school
    finally:
        await asyncio.to_thread(site.__exit__)


async def test_a_tick_reaches_an_administrator_over_tls_alone(
    live: tuple[Live, dict[str, str]], servers: Servers, admin: redis.Redis
) -> None:
    clients, school = live
    address = f"http://{clients.site.address()}"
    async with httpx.AsyncClient(base_url=address, cookies={"sessionid": school["admin"]}) as browser:
        taken = (await browser.get("/api/feed/")).json()
        ready = (await browser.get("/readyz")).json()
    assert (ready["database"], ready["redis"]) == ("ok", "ok")
    path = f"/ws/lessons/{school['lesson']}/progress/"
    async with (
        clients.socket("/ws/feed/", None, Viewer, session=school["admin"]) as viewer,
        clients.socket(path, None, Player, session=school["ada"]) as player,
    ):
        assert (await viewer.subscribe(taken["position"]))["recovered"]
        await player.until("welcome")
        await player.watch(to=60)
        assert (await viewer.until_shown("progress_update"))["user"]["name"] == "Ada Lovelace"
    with psycopg.connect(servers.postgres.url) as database:
        others = (
            "SELECT count(*), bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = 'feed'"
        )
        count, encrypted = database.execute(others).fetchone() or (0, False)
    assert (count > 2, encrypted) == (True, True)  # the pages', the recorder's, the jobs'
    assert refused(admin) == []


async def test_redis_7_of_debian_takes_the_documented_user(servers: Servers, admin: redis.Redis) -> None:
    make_user(admin)
    await everything(servers.redis_url())
    assert refused(admin) == []


def test_neither_server_takes_in_who_does_not_encrypt(servers: Servers, admin: redis.Redis) -> None:
    plain = f"redis://{USER}:{quote(PASSWORD, safe='')}@{HOST}:{servers.redis.port}/0"
    with redis.Redis.from_url(plain, socket_timeout=2) as client, pytest.raises(redis.ConnectionError):
        client.ping()
    with pytest.raises(psycopg.OperationalError, match="no encryption"):
        psycopg.connect(servers.postgres.url.partition("?")[0] + "?sslmode=disable")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"host": "127.0.0.1"}, "IP address mismatch"),
        ({"trusts": "stranger"}, "certificate verify failed"),
    ],
    ids=["another name", "another authority"],
)
async def test_the_certificate_of_redis_and_its_name_are_verified(
    servers: Servers, admin: redis.Redis, wrong: dict[str, str], said: str
) -> None:
    make_user(admin)
    chosen = {"trusts": servers.stranger} if "trusts" in wrong else wrong
    with pytest.raises(redis.ConnectionError, match=said):
        await everything(servers.redis_url(**chosen))


async def test_an_authority_that_did_not_sign_is_said_by_the_site(servers: Servers, tmp_path: Path) -> None:
    site = servers.site(tmp_path)
    site.environment["REDIS_URL"] = servers.redis_url(trusts=servers.stranger)
    own = servers.postgres.url
    site.environment["DATABASE_URL"] = own.replace(str(servers.authority.file), str(servers.stranger.file))
    site.start("web0")
    try:
        async with httpx.AsyncClient(base_url=f"http://{site.address()}", timeout=WITHIN) as probe:
            await until(lambda: "Redis does not answer" in site.log("web0"), within=40)
            answer = await probe.get("/readyz")
        assert (answer.status_code, answer.json()["database"], answer.json()["redis"]) == (503, "away", "away")
        lines = site.log("web0").splitlines()
        assert any("Redis does not answer" in line and "CERTIFICATE_VERIFY_FAILED" in line for line in lines)
        assert any("psycopg.pool" in line and "certificate verify failed" in line for line in lines)
        assert PASSWORD not in site.log("web0")
        assert servers.postgres.password not in site.log("web0")
    finally:
        await asyncio.to_thread(site.end, "web0")
