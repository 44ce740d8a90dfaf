"""docs/benchmarks.md: the tables of a run, each in its place between two marks. The words around them are people's."""

from __future__ import annotations

import os
import platform
import re
import shlex
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.bench import report
from tests.bench.figures import Table
from tests.bench.versions import versions

BEGIN, END = "<!-- {}: written by make bench -->", "<!-- {}: end -->"


def write(path: Path, tables: Sequence[Table], *, whole: bool) -> None:
    """Put these tables where those of an earlier run stand. `whole`: all of it was measured, so the machine and what is
    wanted are told too. Raises ValueError where there is no place for one."""
    text = path.read_text()
    day = f"{datetime.now(UTC):%Y-%m-%d}, `{_command()}`."
    for table in tables:
        text = _placed(text, table.name, f"{report.in_markdown(table)}\n\n{day}")
    if whole:
        text = _placed(text, "machine", f"{day} {_machine()}")
        text = _placed(text, "wanted", report.wanted_in_markdown(tables))
    path.write_text(text)


def _placed(text: str, name: str, content: str) -> str:
    begin, end = BEGIN.format(name), END.format(name)
    if begin not in text or end not in text:
        raise ValueError(f"docs/benchmarks.md has no place for {name!r}: {begin} and {end}")
    before, after = text.split(begin)[0], text.split(end)[1]
    return f"{before}{begin}\n\n{content}\n\n{end}{after}"


def _command() -> str:
    """How it was started, without what tells only where it writes."""
    asked = shlex.join(sys.argv[1:])
    asked = re.sub(r"--(json|write) \S+ ?", "", asked).strip()
    return f'make bench ARGS="{asked}"' if asked else "make bench"


def _machine() -> str:
    """The machine and the versions in a sentence each."""
    model = re.search(r"^model name\s*: (.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / (1 << 30)
    found = versions()
    cores = found.pop("cores")
    told = ", ".join(f"{name} {version}" for name, version in found.items())
    return (
        f"{cores} cores ({model[1] if model else platform.machine()}), {memory:.0f} GiB, {platform.system()}. {told}."
    )
