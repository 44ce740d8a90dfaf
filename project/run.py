"""`make run`: everything on one machine, from a fresh checkout, until Ctrl-C.

Where the environment names no database or Redis, it brings its own; what it made up lies in `.local/env`, where
project/settings.py finds it when `manage.py` is called by hand.
"""

import hashlib
import http.client
import os
import secrets
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from project.embedded import CHECKOUT, Postgres, Service, Valkey, is_free
from project.running.kernel import end_with_parent
from project.running.process import Process, how
from project.running.procfile import parse_procfile
from project.running.refused import Refused
from project.running.runlock import RunLock
from project.running.supervisor import Stop, Supervisor
from project.running.terminal import tell

MOST_SIMULATED = 500  # fewer sockets than one address may open
SIMULATE_WITHIN = 15.0  # seconds; longer than an answer that its students may be waiting for

LOGINS = """\
log in with the password "demo" as
  admin  administrator: sees every course, and Django's admin site
  grace  instructor of the course Algorithms
  oscar  instructor of the course Botany only
  ada    student in Algorithms
  bob    student in Algorithms
  eve    student in Botany only
  olga   operator: sees the machinery, and no student's data"""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run is made of. The tests of the run itself give a smaller one."""

    checkout: Path = CHECKOUT
    folder: Path = CHECKOUT / ".local"
    procfile: Path = CHECKOUT / "Procfile"
    migrate: Sequence[str] = ("python", "manage.py", "migrate", "--no-input")
    demo: Sequence[str] = ("python", "manage.py", "demo")
    simulate: Sequence[str] = ("python", "manage.py", "simulate", "--endless", "--students")
    """How many follows from SIMULATE."""


def main(plan: Plan | None = None, environ: Mapping[str, str] = os.environ) -> int:
    """Run until told to stop; return the exit status. What stands in the way is said in one sentence."""
    if "MAKELEVEL" in environ:  # so that a killed `make` does not leave us running
        end_with_parent(signal.SIGTERM, os.getppid())
    try:
        _run(plan or Plan(), environ)
    except (Refused, OSError) as error:
        sys.stdout.flush()
        print(f"make run: {error}", file=sys.stderr)
        return 1
    except (Stop, KeyboardInterrupt):  # the second before there was anything to end
        return 0
    return 0


def _run(plan: Plan, environ: Mapping[str, str]) -> None:
    port = _port(environ)
    simulated = _simulated(environ)
    procfile = parse_procfile(plan.procfile.read_text())
    plan.folder.mkdir(parents=True, exist_ok=True)
    lock = RunLock(plan.folder / "run.lock")
    lock.acquire(tell)
    if not is_free(port):
        raise Refused(f"Port {port} is in use: end what listens there, or choose another, as in 'PORT=8001 make run'.")

    with Supervisor(lock, colour=sys.stdout.isatty() and "NO_COLOR" not in environ) as supervisor:
        env = _environment(plan, environ, port)
        services: dict[str, Service] = {}
        if not environ.get("DATABASE_URL"):
            services["DATABASE_URL"] = Postgres(plan.folder)
        if not environ.get("REDIS_URL"):
            services["REDIS_URL"] = Valkey(plan.folder)
        supervisor.start_services(services.values())
        made_up = {name: service.url for name, service in services.items()}
        made_up |= {name: env[name] for name in ("DEBUG", "SECRET_KEY") if not environ.get(name)}
        _write_env(plan.folder / "env", made_up)
        env |= made_up

        _step(supervisor, "migrate", plan.migrate, plan, env)
        demo = env["DEBUG"].lower() in {"true", "1", "yes", "on"}  # the command refuses otherwise
        marker = _demo_marker(plan.folder, env["DATABASE_URL"], services.get("DATABASE_URL"))
        if demo and not marker.exists():
            _step(supervisor, "demo", plan.demo, plan, env)
            marker.touch()

        for name, command in procfile.items():
            # A shell, since a Procfile's line may use $PORT; replaced by the command, which then gets the signals.
            supervisor.keep(Process(name, ["/bin/sh", "-c", f"exec {command}"], env=env, folder=plan.checkout))
        if not supervisor.wait(lambda: _ready(port), 60):
            supervisor.say("web has not answered /readyz for a minute; still trying")
            supervisor.wait(lambda: _ready(port), None)
        tell(f"ready http://127.0.0.1:{port}")
        if demo:
            tell(LOGINS)
        if demo and simulated:  # once ready: its students come through the same door as everybody
            students = [*plan.simulate, str(simulated)]
            supervisor.keep(Process("simulate", students, env=env, folder=plan.checkout, stop_within=SIMULATE_WITHIN))
        supervisor.wait(lambda: False, None)


def _port(environ: Mapping[str, str]) -> int:
    text = environ.get("PORT") or "8000"
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise Refused(f"PORT must be a whole number from 1 to 65535; got {text!r}.")
    return int(text)


def _simulated(environ: Mapping[str, str]) -> int:
    text = environ.get("SIMULATE") or "12"
    if not text.isdecimal() or int(text) > MOST_SIMULATED:
        raise Refused(f"SIMULATE must be a whole number from 0 to {MOST_SIMULATED}; got {text!r}.")
    return int(text)


def _environment(plan: Plan, environ: Mapping[str, str], port: int) -> dict[str, str]:
    """Return what the processes get: our own environment, this Python first, and what development needs."""
    kept = _read_env(plan.folder / "env")
    path = os.pathsep.join([str(Path(sys.executable).parent), environ.get("PATH", os.defpath)])
    env = {**environ, "PATH": path, "PORT": str(port), "PYTHONUNBUFFERED": "1"}
    env["DEBUG"] = environ.get("DEBUG") or "true"
    env["SECRET_KEY"] = environ.get("SECRET_KEY") or kept.get("SECRET_KEY") or secrets.token_urlsafe(48)
    return env


def _step(supervisor: Supervisor, name: str, command: Sequence[str], plan: Plan, env: Mapping[str, str]) -> None:
    status = supervisor.run_once(Process(name, command, env=env, folder=plan.checkout))
    if status:
        raise Refused(f"'{' '.join(command)}' failed ({how(status)}); its lines above say why.")


def _demo_marker(folder: Path, database_url: str, postgres: Service | None) -> Path:
    """Return the file that says that this database has its demo data: beside the data, or named after the address."""
    if postgres is not None:
        return postgres.place / "demo"
    address = urlsplit(database_url)
    which = f"{address.hostname}:{address.port}{address.path}"
    return folder / f"demo-{hashlib.sha256(which.encode()).hexdigest()[:12]}"


def _ready(port: int) -> bool:
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=2)  # no proxy, whatever the environment says
    try:
        asked.request("GET", "/readyz")
        return asked.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asked.close()


def _read_env(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    pairs = (line.partition("=") for line in path.read_text().splitlines())
    return {name: value for name, equals, value in pairs if equals}


def _write_env(path: Path, values: Mapping[str, str]) -> None:
    # The key outlives runs that were given one: sessions of the next run without stay valid.
    values = {name: value for name, value in _read_env(path).items() if name == "SECRET_KEY"} | dict(values)
    fresh = path.with_name("env.new")
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.writelines(f"{name}={value}\n" for name, value in values.items())
    fresh.replace(path)


if __name__ == "__main__":
    sys.exit(main())
