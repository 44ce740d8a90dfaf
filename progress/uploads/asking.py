"""Asking the probe about a file, in a process that may crash, hang or grow without harm to anybody else."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any

import progress
from progress.uploads import problems

PATIENCE_SECONDS = 130.0
"""A little longer than the probe gives itself."""

COMMAND = (sys.executable, "-m", "progress.uploads.probe")
_CODE = Path(progress.__file__).resolve().parent.parent

# Sent by whoever ends the worker: they say nothing of the file.
_ASKED_TO_END = {-signal.SIGTERM, -signal.SIGINT, -signal.SIGHUP}
# Sent by the kernel, for the limits that the probe sets itself and for a machine that is out of memory.
_LIMITS = {-signal.SIGXCPU, -signal.SIGALRM, -signal.SIGKILL}


class Problem(Exception):
    """The file cannot be used; the text says why to whoever uploaded it."""


class ProbeFailed(OSError):
    """The probe itself failed, whatever the file is."""


async def ask(path: str) -> tuple[float, bytes]:
    """Return the seconds and the poster of a video file; raises Problem, or OSError where asking failed."""
    if not await asyncio.to_thread(Path(path).is_file):
        raise Problem(problems.sentence("gone", {}))
    told = await _run(path)
    if "reason" in told:
        raise Problem(problems.sentence(told["reason"], told))
    return float(told["duration"]), base64.b64decode(told["poster"])


async def _run(path: str) -> dict[str, Any]:
    with tempfile.TemporaryFile() as answer, tempfile.TemporaryFile() as said:
        process = await asyncio.create_subprocess_exec(
            *COMMAND,
            path,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=answer,
            stderr=said,
            cwd=_CODE,
            env={},  # it needs no key and no address; who takes it over is the worker's user all the same
            start_new_session=True,  # a signal to our group says nothing of the file
        )
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                status = await process.wait()
        except TimeoutError:
            return {"reason": "too_heavy"}
        finally:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
        answer.seek(0)
        said.seek(0)
        return _understood(status, answer.read(), said.read(2000))


def _understood(status: int, answer: bytes, said: bytes) -> dict[str, Any]:
    if status > 0 or status in _ASKED_TO_END:
        raise ProbeFailed(f"The probe ended with {status}: {said.decode(errors='replace')}")
    if status < 0:  # it crashed, or a limit ended it
        return {"reason": "too_heavy" if status in _LIMITS else "unreadable"}
    told: dict[str, Any] = json.loads(answer)
    return told
