"""The audit of the locked packages says clean only of what was looked up."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.live import ROOT, free_port
from tests.package_audit import FILES, Verdict, verdict, wanted

HASH = "--hash=sha256:" + "0" * 64
LOCKED = f"""
django==5.2.19 \\
    {HASH} \\
    {HASH}
Foo.Bar==1.0 ; python_version >= '3' \\
    {HASH}
pywin32==1 ; sys_platform == 'none of ours' \\
    {HASH}
"""

HOLE = {
    "schema_version": "1.6.0",
    "id": "PYSEC-0000-1",
    "summary": "Anybody may do anything.",
    "affected": [
        {
            "package": {"name": "django", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "5.2.20"}]}],
        }
    ],
}


@contextmanager
def service(answers: dict[str, Any], *, status: int = 200) -> Iterator[str]:
    """A list of known holes on this machine; yields its address."""

    class Answers(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(answers.get(asked["package"]["name"], {})).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Answers) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
            thread.join()


def run(tmp_path: Path, address: str, locked: str = LOCKED) -> tuple[int, str]:
    """Audit a file of locked packages with the service at an address; return the status and what was said."""
    file = tmp_path / "locked.txt"
    file.write_text(locked)
    command = (sys.executable, "-m", "tests.package_audit", "--service", "osv", "--osv-url", address, file)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


def test_packages_that_were_looked_up_and_have_no_known_hole_are_clean(tmp_path: Path) -> None:
    with service({}) as address:
        status, said = run(tmp_path, address)
    assert (status, "2 clean, 0 with known holes, 0 not audited" in said) == (0, True)


def test_a_known_hole_is_told_with_the_version_that_mends_it(tmp_path: Path) -> None:
    with service({"django": {"vulns": [HOLE]}}) as address:
        status, said = run(tmp_path, address)
    assert status == 1
    assert "KNOWN HOLE: django==5.2.19: PYSEC-0000-1, mended in 5.2.20" in said
    assert "1 clean, 1 with known holes, 0 not audited" in said


def test_a_package_that_was_skipped_is_not_audited_and_not_clean(tmp_path: Path) -> None:
    skipped = f"skipped @ https://feed.example/skipped-1-py3-none-any.whl {HASH}\n"
    with service({}) as address:
        status, said = run(tmp_path, address, LOCKED + skipped)
    assert status == 2
    assert "NOT AUDITED: skipped: URL requirements cannot be pinned" in said
    assert "2 clean, 0 with known holes, 1 not audited" in said


def test_a_service_that_does_not_answer_leaves_everything_not_audited(tmp_path: Path) -> None:
    status, said = run(tmp_path, f"http://127.0.0.1:{free_port()}/")
    assert (status, "0 clean, 0 with known holes, 2 not audited" in said) == (2, True)
    assert "NOT AUDITED: django==5.2.19: " in said


def test_a_service_that_fails_leaves_everything_not_audited(tmp_path: Path) -> None:
    with service({}, status=503) as address:
        status, said = run(tmp_path, address)
    assert (status, "0 clean, 0 with known holes, 2 not audited" in said) == (2, True)


def test_what_the_service_does_not_know_is_not_audited_though_pip_audit_calls_it_no_hole() -> None:
    # As pip-audit tells it of an index that answers 404 for every package, with status 0.
    told = [{"name": name, "skip_reason": "Dependency not found on PyPI"} for name in ("django", "foo-bar")]
    found = verdict(wanted(LOCKED), told, "No known vulnerabilities found")
    assert found.not_audited == {
        "django==5.2.19": "Dependency not found on PyPI",
        "Foo.Bar==1.0": "Dependency not found on PyPI",
    }
    assert found.status() == 2


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (Verdict(clean=["a"]), 0),
        (Verdict(), 2),
        (Verdict(clean=["a"], not_audited={"b": "why"}), 2),
        (Verdict(clean=["a"], not_audited={"b": "why"}, holes={"c": ["d"]}), 1),
    ],
)
def test_only_a_whole_and_clean_audit_is_no_failure(found: Verdict, status: int) -> None:
    assert found.status() == status


@pytest.mark.parametrize("name", FILES)
def test_every_locked_package_is_wanted_once(name: str) -> None:
    text = (ROOT / name).read_text()
    packages = wanted(text)
    assert len(packages) > 50
    assert "django" in packages
    assert text.count("\n    --hash") > len(packages)
