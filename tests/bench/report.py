"""The report: tables in Markdown, for people, and the same as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from tests.bench.figures import Column, Floor, Row, Table


def as_markdown(tables: Sequence[Table]) -> str:
    """Every table, and under it what was to be reached."""
    return "\n".join(line for table in tables for line in _lines(table))


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


def _lines(table: Table) -> Iterator[str]:
    yield from ("", f"### {table.title[0].upper()}{table.title[1:]}", "")
    headings = ["", *(column.heading for column in table.columns), "ours is"]
    rows = [headings, *([row.title, *_cells(table, row)] for row in table.rows)]
    widths = [max(len(row[place]) for row in rows) for place in range(len(headings))]
    for number, row in enumerate(rows):
        yield "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        if number == 0:
            yield "|" + "|".join("-" * (width + 2) for width in widths) + "|"
    if table.floors:
        yield ""
    for floor in table.floors:
        yield f"- {_in_words(table, floor)}"


def _cells(table: Table, row: Row) -> list[str]:
    if row.missing:
        return [row.missing.splitlines()[0], *[""] * len(table.columns)]
    return [*(_written(column, row) for column in table.columns), _compared(table, row)]


def _written(column: Column, row: Row) -> str:
    figure = row.figures[column.name]
    least, most = figure.spread
    median = column.form.format(figure.median)
    if len(figure.rounds) == 1:
        return median
    return f"{median} ({column.form.format(least)} to {column.form.format(most)})"


def _compared(table: Table, row: Row) -> str:
    """Ours over this row's figure, for each figure of which more, or less, is better."""
    if row.name == "ours":
        return ""
    told = []
    for column in table.columns:
        ours, theirs = table.figure("ours", column.name), row.figures[column.name]
        if column.more_is_better is not None and ours is not None and theirs.median:
            told.append(f"{column.heading} × {ours.median / theirs.median:.3g}")
    return ", ".join(told)


def _in_words(table: Table, floor: Floor) -> str:
    value, reached = table.reached(floor)
    heading = next(column.heading for column in table.columns if column.name == floor.figure)
    wanted = f"{'at least' if floor.at_least else 'at most'} {floor.limit:g}"
    if floor.peer:
        peer = next(row.title for row in table.rows if row.name == floor.peer)
        wanted += f" times that of {peer}"
    if value is None:
        return (
            f"{heading}: {wanted}: {'no figure of the peer' if reached is None else 'no figure of ours, NOT reached'}"
        )
    return f"{heading}: {wanted}: {value:.3g}, {'reached' if reached else 'NOT reached'}"
