"""`manage.py doctor` as a command: what it says, its exit status, and that it works where everything is away."""

from __future__ import annotations

import asyncio
import contextlib
import json
import subprocess
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from tests.live import ROOT, Live, Site, free_port, until


@dataclass(frozen=True, slots=True)
class Said:
    """What one run of the command came to."""

    status: int
    text: str

    @property
    def json(self) -> dict[str, Any]:
        return dict(json.loads(self.text))


def doctor(site: Site, *options: str, **environment: str) -> Said:
    """Run it as this site's operator would."""
    done = subprocess.run(
        [sys.executable, "manage.py", "doctor", *options],
        cwd=ROOT,
        env={**site.environment, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert not done.stderr, done.stderr
    return Said(done.returncode, done.stdout)


async def until_well(site: Site, *options: str) -> Said:
    """Wait until the doctor finds nothing, and return what it said last, whatever that was.

    Of limits that the tests before have met it is told for a minute, and of a loop that was late for two seconds.
    """
    seen: list[Said] = []

    def well() -> bool:
        seen.append(doctor(site, *options))
        return seen[-1].status == 0

    with contextlib.suppress(AssertionError):
        await until(well, within=75)
    return seen[-1]


async def test_a_site_that_is_well_is_said_to_be_well(live: Live, nobody_missed: None) -> None:
    assert (await until_well(live.site)).text == "All is well.\n"
    said = (await until_well(live.site, "--json")).json
    assert (said["status"], said["symptoms"]) == (0, [])
    facts = said["facts"]
    assert {each["kind"] for each in facts["processes"]["reporting"]} == {"web", "worker"}
    assert facts["redis"]["pubsub_clients"] >= 2
    assert facts["redis"]["not_permitted"] == []
    assert facts["database"]["connections"] > 0
    assert {each["name"] for each in facts["database"]["tables"]} >= {"progress_userprogress", "progress_watchedspan"}
    assert facts["queue"]["workers"] >= 1


async def test_with_everything_away_each_is_named_with_what_to_do(live: Live) -> None:
    nowhere = free_port()
    away = {
        "REDIS_URL": f"redis://127.0.0.1:{nowhere}/0",
        "DATABASE_URL": f"postgresql://feed@127.0.0.1:{nowhere}/feed",
    }
    said = await asyncio.to_thread(doctor, live.site, **away)
    assert said.status == 2
    named = {line.split(":")[0] for line in said.text.splitlines() if line[:1].strip()}
    assert named == {"DOWN redis_away", "DOWN database_away"}
    assert "Start Redis" in said.text
    assert "Start PostgreSQL" in said.text


@pytest.mark.parametrize(
    ("setting", "value", "id", "status"),
    [("REDIS_URL", "rediss://127.0.0.1:1/0?socket_timeout=99", "will_not_start", 2)],
)
async def test_what_is_set_wrong_is_said_and_does_not_stop_the_command(
    live: Live, setting: str, value: str, id: str, status: int
) -> None:
    said = await asyncio.to_thread(doctor, live.site, "--json", **{setting: value})
    assert said.status == status
    assert id in {each["id"] for each in said.json["symptoms"]}
    assert "feed.E005" in said.text
