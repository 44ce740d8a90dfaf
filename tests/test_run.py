"""The run and its services, with real processes: nothing is lost, and nothing is left behind."""

import contextlib
import os
import secrets
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
import redis

from project import embedded
from project.embedded.throwaway import remove_abandoned, throwaway
from project.running.process import Process
from project.running.procfile import parse_procfile
from project.running.refused import Refused
from project.running.waiting import eventually

RUN = """
import sys
from pathlib import Path
from project.run import Plan, main

here = Path(__file__).parent
migrate, demo = (["python", "-c", f"print('step {name}')"] for name in ("migrate", "demo"))
if (here / "broken").exists():
    migrate = ["python", "-c", "raise SystemExit(3)"]
sys.exit(main(Plan(here, here / "local", here / "Procfile", migrate, demo)))
"""

# A web that drains as ours does, with a child of its own; `stubborn` beside it makes it ignore being asked to end.
WEB = """
import contextlib, http.server, os, pathlib, signal, sys, time

from project.running.kernel import end_with_parent

parent = os.getpid()
if os.fork() == 0:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    end_with_parent(signal.SIGKILL, parent)
    while True:
        signal.pause()

class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()

    def log_message(self, *words):
        pass

def drain(*_):
    with contextlib.suppress(OSError):  # the supervisor, who listened, may have been killed
        print("web is draining")
    if pathlib.Path("stubborn").exists():
        return
    with contextlib.suppress(OSError):
        print("web has drained")
    os._exit(0)

signal.signal(signal.SIGTERM, drain)
http.server.ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Ready).serve_forever()
"""

PROCFILE = """
web: python web.py
worker: python -c "import signal; print('at work'); signal.pause()"
"""

# A test run, as far as its data under /var/tmp are concerned.
LODGER = """
import pathlib, signal, sys

from project.embedded.throwaway import throwaway

signal.signal(signal.SIGINT, signal.default_int_handler)  # it is ignored where a shell began all this with &
with throwaway(pathlib.Path(sys.argv[1])) as place:
    (place / "data").mkdir()
    print(place, flush=True)
    signal.pause()
"""

Start = Callable[..., contextlib.AbstractContextManager[embedded.Services]]


class Run:
    """A run in a folder of its own, as `make run` would start it."""

    def __init__(self, folder: Path, port: int) -> None:
        self.folder = folder
        self.port = port
        self.output = folder / "output"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self, **environ: str) -> "Run":
        given = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY", "DEBUG"}  # the other tests' own
        env = {name: value for name, value in os.environ.items() if name not in given}
        env |= {"PYTHONPATH": str(embedded.CHECKOUT), "PORT": str(self.port), "RUN_OF": str(self.folder)}
        env |= {"MAKELEVEL": "1", "SIMULATE": "0", **environ}  # as under make: it ends with us, should we be killed
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, str(self.folder / "run_it.py")], env=env, stdout=output, stderr=subprocess.STDOUT
            )
        return self

    def until_said(self, words: str, times: int = 1) -> None:
        assert eventually(lambda: self.said().count(words) >= times, 60), f"{words!r} was not said:\n{self.said()}"

    def said(self) -> str:
        return self.output.read_text(errors="replace")

    def ready(self) -> "Run":
        self.until_said(f"ready http://127.0.0.1:{self.port}\n")
        return self

    def tell(self, number: int) -> None:
        assert self.process
        self.process.send_signal(number)

    def ended(self) -> int:
        assert self.process
        return self.process.wait(timeout=60)

    def left(self) -> list[int]:
        """Find our processes by their environment, or, since PostgreSQL overwrites that, by where they work."""
        data = {Path(os.path.realpath(self.folder / "local" / name)) for name in ("postgres", "valkey")}
        return [pid for pid in everybody() if of_run(pid, f"RUN_OF={self.folder}".encode(), data)]

    def pid_of(self, words: str) -> int:
        (pid,) = [pid for pid in self.left() if words in command_of(pid)]
        return pid

    def env(self, name: str) -> str:
        lines = (self.folder / "local" / "env").read_text().splitlines()
        return dict(line.split("=", 1) for line in lines)[name]


def remove_outside(folder: Path) -> None:
    """Remove the data that lie under /var/tmp, as they do where root runs the tests."""
    for link in (path for path in folder.glob("*") if path.is_symlink()):
        shutil.rmtree(link.resolve())
        with contextlib.suppress(OSError):
            link.resolve().parent.rmdir()


def everybody() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdecimal()]


def of_run(pid: int, marker: bytes, data: set[Path]) -> bool:
    try:
        if marker in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
            return True
        here = Path(os.readlink(f"/proc/{pid}/cwd"))
        return not data.isdisjoint({here, *here.parents})
    except OSError:  # it ended, or belongs to somebody else
        return False


def command_of(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    (tmp_path / "run_it.py").write_text(RUN)
    (tmp_path / "web.py").write_text(WEB)
    (tmp_path / "Procfile").write_text(PROCFILE)
    port = secrets.choice([port for port in range(18000, 19000) if embedded.is_free(port)])
    it = Run(tmp_path, port)
    yield it
    for pid in it.left():  # only where a test failed
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    if it.process:
        it.process.wait(timeout=60)
    assert eventually(lambda: not it.left(), 10)
    remove_outside(tmp_path / "local")


@pytest.fixture
def services(tmp_path: Path) -> Iterator[Start]:
    def start(**options: bool) -> contextlib.AbstractContextManager[embedded.Services]:
        return embedded.services(tmp_path / "data", **options)

    yield start
    remove_outside(tmp_path / "data")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_being_asked_to_end_drains_web_before_the_services_and_leaves_no_process(run: Run, number: int) -> None:
    run.start().ready()
    assert len(run.left()) > 8  # this test would see them
    run.tell(number)
    assert run.ended() == 0
    said = run.said()
    assert said.index("web has drained") < said.index("ending postgres")
    assert "database system is shut down" in said
    assert run.left() == []


def test_a_run_says_where_it_is_and_who_may_log_in_and_makes_demo_data_once(run: Run) -> None:
    run.start().ready()
    run.until_said("olga")
    assert "step demo" in run.said()
    assert "\x1b" not in run.said()  # no colours in a file
    secret, database = run.env("SECRET_KEY"), run.env("DATABASE_URL")
    run.tell(signal.SIGTERM)
    run.ended()
    run.start().ready()
    assert "step migrate" in run.said()
    assert "step demo" not in run.said()
    assert (run.env("SECRET_KEY"), run.env("DATABASE_URL")) == (secret, database)
    assert (run.folder / "local" / "env").stat().st_mode & 0o777 == 0o600


def test_a_killed_supervisor_leaves_no_process_and_the_next_run_finds_the_data(run: Run) -> None:
    run.start().ready()
    with psycopg.connect(run.env("DATABASE_URL")) as database:
        database.execute("CREATE TABLE kept AS SELECT 'still here' AS words")
    with redis.Redis.from_url(run.env("REDIS_URL")) as client:
        client.set("kept", "still here")
    run.tell(signal.SIGKILL)
    run.ended()
    run.start().ready()  # at once, while the old processes may still be ending
    with psycopg.connect(run.env("DATABASE_URL")) as database:
        assert database.execute("SELECT words FROM kept").fetchone() == ("still here",)
    with redis.Redis.from_url(run.env("REDIS_URL")) as client:
        assert client.get("kept") == b"still here"
    run.tell(signal.SIGKILL)
    run.ended()
    assert eventually(lambda: run.left() == [], 20)


def test_the_next_run_waits_for_a_web_that_outlives_its_killed_supervisor(run: Run) -> None:
    (run.folder / "stubborn").touch()
    run.start().ready()
    webs = [pid for pid in run.left() if "web.py" in command_of(pid)]
    run.tell(signal.SIGKILL)
    run.ended()
    run.start()
    run.until_said("an earlier run is still ending")
    assert any(str(web) in run.said() for web in webs)
    (run.folder / "stubborn").unlink()
    for web in webs:
        os.kill(web, signal.SIGKILL)
    run.ready()


def test_a_second_run_beside_a_living_one_is_refused_and_harms_nothing(run: Run) -> None:
    run.start().ready()
    second = Run(run.folder, run.port)
    second.output = run.folder / "second"
    second.start()
    assert second.ended() == 1
    assert f"Another run of this checkout is alive (process {run.process and run.process.pid})" in second.said()
    with redis.Redis.from_url(run.env("REDIS_URL")) as client:
        assert client.ping()


def test_a_dead_process_and_a_dead_service_are_started_again(run: Run) -> None:
    run.start().ready()
    os.kill(run.pid_of("signal.pause"), signal.SIGKILL)
    run.until_said("worker ended (killed by SIGKILL); starting it again in 0.5 s")
    run.until_said("at work", times=2)
    os.kill(run.pid_of("valkey-server"), signal.SIGKILL)
    run.until_said("valkey ended (killed by SIGKILL); starting it again")
    with redis.Redis.from_url(run.env("REDIS_URL")) as client:
        assert eventually(lambda: answers(client), 20)
    os.kill(run.pid_of("bin/postgres"), signal.SIGKILL)
    run.until_said("postgres ended (killed by SIGKILL); starting it again")
    assert eventually(lambda: connects(run.env("DATABASE_URL")), 20)


def test_asking_again_kills_a_web_that_does_not_end_but_not_the_database(run: Run) -> None:
    (run.folder / "stubborn").touch()
    run.start().ready()
    run.tell(signal.SIGINT)
    run.until_said("web is draining")
    run.tell(signal.SIGINT)
    assert run.ended() == 0
    assert "web did not end in" in run.said()
    assert "database system is shut down" in run.said()
    assert run.left() == []


def test_a_failed_migration_ends_the_services_with_one_sentence(run: Run) -> None:
    (run.folder / "broken").touch()
    run.start()
    assert run.ended() == 1
    assert "make run: 'python -c raise SystemExit(3)' failed (exit status 3)" in run.said()
    assert run.left() == []


@pytest.mark.parametrize(
    ("port", "sentence"),
    [("", "is in use: end what listens there"), ("http", "PORT must be a whole number"), ("0", "PORT must be")],
)
def test_a_port_that_cannot_be_had_is_said_before_anything_starts(run: Run, port: str, sentence: str) -> None:
    with socket.create_server(("127.0.0.1", run.port)):
        run.start(PORT=port or str(run.port))
        assert run.ended() == 1
    assert sentence in run.said()
    assert "postgres" not in run.said()


def test_given_addresses_are_used_and_not_written_down(run: Run) -> None:
    run.start(DATABASE_URL="postgresql://elsewhere/feed", REDIS_URL="redis://elsewhere").ready()
    assert "_URL" not in (run.folder / "local" / "env").read_text()
    assert not [pid for pid in run.left() if "postgres" in command_of(pid)]
    run.tell(signal.SIGTERM)
    run.ended()


def test_valkey_comes_back_from_an_older_save_under_the_same_address(services: Start) -> None:
    with services() as both, redis.Redis.from_url(both.redis_url) as client:
        client.set("seen", "saved")
        client.save()
        client.set("seen", "later")
        both.valkey.kill()
        assert not answers(client)
        both.valkey.start()
        both.valkey.wait_ready()
        assert client.get("seen") == b"saved"


def test_postgres_keeps_what_was_committed_when_it_is_killed(services: Start) -> None:
    with services(durable=True) as both:
        with psycopg.connect(both.database_url) as database:
            database.execute("CREATE TABLE kept AS SELECT 1 AS number")
        both.postgres.kill()
        both.postgres.start()
        both.postgres.wait_ready()
        with psycopg.connect(both.database_url) as database:
            assert database.execute("SELECT number FROM kept").fetchone() == (1,)


def test_the_services_want_their_passwords_and_listen_here_only(services: Start) -> None:
    with services() as both:
        with psycopg.connect(both.database_url) as database:
            assert database.execute("SHOW listen_addresses").fetchone() == ("127.0.0.1",)
            assert database.execute("SELECT count(*) FROM pg_extension WHERE extname = 'plpgsql'").fetchone() == (1,)
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(both.database_url.replace(both.postgres.password, "guessed"))
        with pytest.raises(redis.AuthenticationError), redis.Redis(port=both.valkey.port) as stranger:
            stranger.ping()


def test_a_stranger_with_the_id_of_a_crashed_postgres_does_not_stop_the_next(services: Start) -> None:
    with services(durable=True) as both:
        pid_file = both.postgres.data / "postmaster.pid"
        both.postgres.kill()
        stranger = Process("stranger", ["sleep", "60"], env={}, folder=Path("/"), user=both.postgres.user)
        stranger.start()
        try:
            pid_file.write_text(pid_file.read_text().replace(str(both.postgres.pid), str(stranger.pid)))
            both.postgres.start()
            both.postgres.wait_ready()
        finally:
            stranger.kill()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's data lie outside the folder that was asked for")
def test_the_data_of_a_killed_run_are_removed_by_the_next_and_those_of_a_living_one_are_not(tmp_path: Path) -> None:
    with lodger(tmp_path / "killed") as (killed, its), lodger(tmp_path / "living") as (living, others):
        killed.kill()
        killed.wait()
        with throwaway(tmp_path / "next") as ours:
            assert ours
            assert ours.is_dir()
            assert not its.exists()
            assert (others / "data").is_dir()
        assert not ours.exists()
        living.send_signal(signal.SIGINT)
        living.wait()
        assert not others.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root's data lie outside the folder that was asked for")
def test_the_data_of_a_killed_run_stay_until_its_servers_have_ended(tmp_path: Path) -> None:
    with lodger(tmp_path / "killed") as (killed, its):
        server = Process("server", ["sleep", "60"], env={"PATH": os.defpath}, folder=its / "data")
        server.start()
        killed.kill()
        killed.wait()
        remove_abandoned()
        assert (its / "data").is_dir()
        server.kill()
        remove_abandoned()
        assert not its.exists()


def test_what_a_process_started_ends_with_it_even_from_a_session_of_its_own(tmp_path: Path) -> None:
    script = "import os, time\nif os.fork() == 0: os.setsid()\nopen(str(os.getpid()), 'w').close()\ntime.sleep(60)"
    process = Process("parent", [sys.executable, "-c", script], env={}, folder=tmp_path)
    process.start()
    assert eventually(lambda: len(list(tmp_path.iterdir())) == 2, 20)
    process.kill()
    pids = [int(path.name) for path in tmp_path.iterdir()]
    assert eventually(lambda: not any(alive(pid) for pid in pids), 5)


def test_a_procfile_names_its_processes_in_order_and_an_empty_one_is_refused() -> None:
    assert parse_procfile("# why\nworker: python w.py --x=a:b\n\nweb:  serve $PORT\n") == {
        "worker": "python w.py --x=a:b",
        "web": "serve $PORT",
    }
    with pytest.raises(Refused, match="names no process"):
        parse_procfile("# nothing\n")


@contextlib.contextmanager
def lodger(folder: Path) -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Give a living process with data under /var/tmp, and the place of the data."""
    command = [sys.executable, "-c", LODGER, str(folder)]
    with subprocess.Popen(
        command, cwd=embedded.CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout
            place = Path(process.stdout.readline().strip())
            assert (place / "data").is_dir()
            yield process, place
        finally:
            process.kill()


def answers(client: redis.Redis) -> bool:
    try:
        return bool(client.ping())
    except redis.RedisError:
        return False


def connects(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
