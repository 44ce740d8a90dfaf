"""The report: tables for a terminal, in Markdown for docs/benchmarks.md, and the same as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table as RichTable

from tests.bench.figures import Column, Floor, Row, Table

MOST_COLUMNS = 5
"""Of a table with more figures than these each figure is a line, and each system a column."""


def show(tables: Sequence[Table], console: Console) -> None:
    """Print every table, under it what was to be reached, and at the end all that was."""
    for table in tables:
        headings, rows = _grid(table)
        shown = RichTable(title=_title(table), title_justify="left", box=box.SIMPLE_HEAD)
        for heading in headings:
            shown.add_column(heading, overflow="fold")
        for row in rows:
            shown.add_row(*row)
        console.print(shown)
        for floor in table.floors:
            console.print(f"  {_in_words(table, floor)}", markup=False, highlight=False)
    wanted = RichTable(title="Wanted", title_justify="left", box=box.SIMPLE_HEAD)
    for heading in ("", "", "is", "wanted", ""):
        wanted.add_column(heading)
    for row in _wanted(tables):
        wanted.add_row(*row)
    console.print(wanted)


def in_markdown(table: Table) -> str:
    """One table as Markdown, with what was to be reached under it."""
    headings, rows = _grid(table)
    return "\n".join(
        [
            f"### {_title(table)}",
            "",
            *_markdown([headings, *rows]),
            *["" for _ in table.floors[:1]],
            *(f"- {_in_words(table, floor)}" for floor in table.floors),
        ]
    )


def wanted_in_markdown(tables: Sequence[Table]) -> str:
    """All that was to be reached, as one table."""
    return "\n".join(_markdown([["", "", "is", "wanted", ""], *_wanted(tables)]))


def as_json(tables: Sequence[Table]) -> dict[str, Any]:
    """All rounds of every figure, and what came of each floor."""
    return {
        table.name: {
            "title": table.title,
            "systems": {
                row.name: {
                    "title": row.title,
                    "missing": row.missing,
                    "figures": {
                        name: {"median": figure.median, "rounds": figure.rounds} for name, figure in row.figures.items()
                    },
                }
                for row in table.rows
            },
            "floors": [_floor_as_json(table, floor) for floor in table.floors],
        }
        for table in tables
    }


def _floor_as_json(table: Table, floor: Floor) -> dict[str, Any]:
    value, reached = table.reached(floor)
    bound = "at_least" if floor.at_least else "at_most"
    return {"figure": floor.figure, "peer": floor.peer, bound: floor.limit, "value": value, "reached": reached}


def _title(table: Table) -> str:
    return f"{table.name.capitalize()}: {table.title}"


def _grid(table: Table) -> tuple[list[str], list[list[str]]]:
    """A table's headings and its lines."""
    cells = [[row.title, *(_cell(table, column, row) for column in table.columns)] for row in table.rows]
    headings = ["", *(column.heading for column in table.columns)]
    if len(table.columns) <= MOST_COLUMNS or len(table.rows) > len(table.columns):
        return headings, cells
    turned = [list(line) for line in zip(headings, *cells, strict=True)]
    return turned[0], turned[1:]


def _cell(table: Table, column: Column, row: Row) -> str:
    """A figure with its spread, and how many times of it ours is where one of them is better."""
    if row.missing:
        return row.missing.splitlines()[0] if column is table.columns[0] else ""
    if (figure := row.figures.get(column.name)) is None:
        return ""
    told = column.form.format(figure.median)
    if len(figure.rounds) > 1:
        told += " ({} to {})".format(*map(column.form.format, figure.spread))
    ours = table.figure("ours", column.name)
    if row.name != "ours" and column.more_is_better is not None and ours is not None and figure.median:
        told += f"; ours × {ours.median / figure.median:.3g}"
    return told


def _markdown(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    for number, row in enumerate(rows):
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
        if number == 0:
            yield "|" + "---|" * len(row)


def _wanted(tables: Sequence[Table]) -> list[list[str]]:
    return [
        [table.name, _heading(table, floor), *_told(table, floor)[::-1], _verdict(table, floor)]
        for table in tables
        for floor in table.floors
    ]


def _heading(table: Table, floor: Floor) -> str:
    return next(column.heading for column in table.columns if column.name == floor.figure)


def _told(table: Table, floor: Floor) -> tuple[str, str]:
    """What is wanted, and what it is."""
    value, reached = table.reached(floor)
    wanted = f"{'at least' if floor.at_least else 'at most'} {floor.limit:.3g}"
    if floor.peer:
        peer = next(row.title for row in table.rows if row.name == floor.peer)
        wanted += f" times that of {peer}"
    if value is None:
        return wanted, "no figure of the peer" if reached is None else "no figure of ours"
    return wanted, f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"


def _verdict(table: Table, floor: Floor) -> str:
    _, reached = table.reached(floor)
    return "unknown" if reached is None else "reached" if reached else "NOT reached"


def _in_words(table: Table, floor: Floor) -> str:
    wanted, value = _told(table, floor)
    return f"{_heading(table, floor)}: {wanted}: {value}, {_verdict(table, floor)}"
