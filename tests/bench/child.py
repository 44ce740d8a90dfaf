"""A process of the bench's own that is told what to do over its standard input, one JSON line at a time.

It ends when its input does: so none is left, whatever becomes of the bench.
"""

from __future__ import annotations

import contextlib
import json
import selectors
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

ROOT = Path(__file__).resolve().parents[2]


class Failed(Exception):
    """A process did not do what it was told."""


class Child:
    """`python -m <module>`: commands in, one answer for each out."""

    def __init__(self, module: str, *arguments: str, env: Mapping[str, str], log: Path) -> None:
        self.name = " ".join([module, *arguments])
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=ROOT,
                env=dict(env),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end()

    def ask(self, do: str, *, within: float = 60, **arguments: Any) -> dict[str, Any]:
        """Tell it to do something and return its answer; raise Failed where none comes in time."""
        self.tell(do, **arguments)
        return self.answer(within=within)

    def tell(self, do: str, **arguments: Any) -> None:
        """Tell it to do something."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
            self._process.stdin.flush()

    def answer(self, *, within: float) -> dict[str, Any]:
        """Return the answer to what it was told."""
        assert self._process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(self._process.stdout, selectors.EVENT_READ)
            # One line an answer, and no command without waiting for the last one's: the buffer holds nothing more.
            line = self._process.stdout.readline() if selector.select(within) else b""
        if not line:
            raise Failed(f"{self.name} gave no answer within {within:g} s.")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def end(self) -> None:
        """Close its input and wait; kill it where that does not end it."""
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            self._process.wait(10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
