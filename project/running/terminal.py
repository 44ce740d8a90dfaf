"""The terminal: lines for a person, under the name of whoever says them."""

import os
import sys

from progress.control_characters import harmless

COLOURS = (36, 33, 35, 32, 34, 31)


class Terminal:
    """Gives everybody who speaks the same width and, if wanted, a colour."""

    def __init__(self, *, colour: bool) -> None:
        self._colour = colour
        self._names: list[str] = []

    def say(self, line: str, name: str) -> None:
        """Print a line under a name. It may quote what somebody typed, as PostgreSQL does in its errors."""
        if name not in self._names:
            self._names.append(name)
        prefix = f"{name:<8} | "
        if self._colour:
            prefix = f"\x1b[{COLOURS[self._names.index(name) % len(COLOURS)]}m{prefix}\x1b[0m"
        tell(prefix + harmless(line, keeping="\t"))


def tell(line: str) -> None:
    """Print a line; with nobody left to read it, go on without: the processes still have to be ended."""
    try:
        print(line, flush=True)  # noqa: T201 - what this file is for
    except OSError:
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - for the rest of our life
