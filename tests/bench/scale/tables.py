"""The tables of docs/scale.md: what schools of several sizes need."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence

from tests.bench.scale.costs import MEASURED, Costs
from tests.bench.scale.placing import Spread, placed
from tests.bench.scale.redis_and_postgres import Need, needed
from tests.bench.scale.school import TICK_EVERY, School, drawn

SIZES = [1000, 10_000, 100_000, 300_000, 1_000_000]
COLUMNS = (
    "students at once",
    "administrators' pages",
    "ticks/s",
    "entries/s",
    "web processes",
    "of the busiest: ticks, hearing, delivering",
    "Redis, how full",
    "that of `feed.all`",
    "PostgreSQL, processors of each",
    "of all",
    "logs, MB/s",
    "spans, GB/h",
    "to pages, MB/s",
)


def table(sizes: Sequence[int], costs: Costs, spread: Spread = Spread.CHANCE) -> Iterator[str]:
    """Lines of a table in Markdown: what a school of each size needs, without and with administrators' pages."""
    yield _line(COLUMNS)
    yield "|" + "---|" * len(COLUMNS)
    for students in sizes:
        for administrators in (0, 20):
            yield _row(drawn(students, administrators=administrators), costs, spread)


def _row(school: School, costs: Costs, spread: Spread) -> str:
    ticks = school.students / TICK_EVERY
    need = needed(school, costs, spread=spread)
    said = [f"{school.students:,}", f"{school.administrators}", f"{ticks:,.0f}", f"{school.entries:,.0f}"]
    if not need.processes:
        said.append("none is enough")
    elif not need.redis:
        said += [f"{need.processes}", "", "none is enough"]
    elif not need.databases:
        said += [f"{need.processes}", "", "", "", "none is enough"]
    else:
        said += _of(school, need, costs, spread)
    return _line([*said, *[""] * (len(COLUMNS) - len(said))])


def _of(school: School, need: Need, costs: Costs, spread: Spread) -> list[str]:
    load = placed(school, need.processes, costs, spread=spread, databases=need.databases)
    full = load.busiest
    ticks = school.students / TICK_EVERY
    return [
        f"{need.processes}",
        f"{full.taking:.2f}, {full.hearing:.2f}, {full.delivering:.2f}",
        f"{need.redis}, {need.busiest_redis:.2f}",
        f"{need.everybody:.2f}" if need.redis > 1 and need.everybody else "",
        f"{need.databases}, {need.busiest_postgres:.1f}",
        f"{need.postgres:.1f}",
        f"{need.log / 1e6:.1f}",
        f"{ticks * 3600 * costs.span_bytes / 1e9:,.1f}",
        f"{load.delivered * costs.entry_bytes / 1e6:,.1f}",
    ]


def _line(cells: Iterable[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def main(arguments: Iterable[str] | None = None) -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scale", description="What a school needs.")
    parser.add_argument("students", nargs="*", type=int, default=SIZES)
    parser.add_argument(
        "--spread",
        choices=[each.name.lower() for each in Spread],
        default=Spread.CHANCE.name.lower(),
        help="how sockets come to processes: " + ", ".join(f"{each.name.lower()} ({each.value})" for each in Spread),
    )
    asked = parser.parse_args(list(arguments) if arguments is not None else None)
    for line in table(asked.students, MEASURED, Spread[asked.spread.upper()]):
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
