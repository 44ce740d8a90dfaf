"""What a run needs before anything is measured: PostgreSQL and Valkey of its own, a schema, people who may watch."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from project.embedded import services
from tests.bench.child import ROOT
from tests.bench.sizes import Sizes
from tests.bench.systems.system import Surroundings

# As in production, but without a proxy in front; every limit that a setting has is off (0).
SETTINGS = {
    "DJANGO_SETTINGS_MODULE": "project.settings",
    "DEBUG": "false",
    "SECRET_KEY": "for the bench only, and as long as a secret key has to be to be let through",
    "ALLOWED_HOSTS": "127.0.0.1",
    "SECURE_SSL_REDIRECT": "false",
    "REDIS_PREFIX": "bench",
    "LOG_LEVEL": "WARNING",
    "WEB_CONCURRENCY": "1",
    "LIMIT_SOCKETS_PER_PERSON": "0",
    "LIMIT_SOCKETS_PER_ADDRESS": "0",
    "LIMIT_CONNECTS_PER_SECOND": "0",
    "LIMIT_TICKS_PER_SECOND": "0",
    "PROGRESS_MAX_RATE": "1000000",  # players send their ticks sooner than the lesson's seconds can pass
}


@contextlib.contextmanager
def surroundings(sizes: Sizes) -> Iterator[Surroundings]:
    """Lend them, with as many people as a run of this size wants, and leave nothing behind."""
    allow_many_sockets()
    with (
        tempfile.TemporaryDirectory(prefix="feed-bench-") as name,
        services(Path(name), durable=False) as running,
    ):
        environment = {
            **os.environ,
            **SETTINGS,
            "DATABASE_URL": running.database_url,
            "REDIS_URL": running.redis_url,
            "MEDIA_ROOT": f"{name}/media",
        }
        run_python(environment, "manage.py", "migrate", "--verbosity", "0")
        wanted = map(str, (sizes.people, sizes.students, sizes.lessons, sizes.instructors))
        made = json.loads(run_python(environment, "-m", "tests.bench.people", *wanted))
        yield Surroundings(
            Path(name),
            environment,
            running.redis_url,
            made["administrators"],
            made["students"],
            made["lessons"],
            made["instructors"],
            postgres=running.postgres.pid,
            valkey=running.valkey.pid,
        )


def allow_many_sockets() -> None:
    """Raise the number of files that we, and what we start, may open."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = 16384 if hard == resource.RLIM_INFINITY else min(16384, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def run_python(environment: dict[str, str], *arguments: str) -> str:
    """Run `manage.py`, or a module, to its end; return what it printed."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, check=True, stdout=subprocess.PIPE, text=True
    )
    return done.stdout
