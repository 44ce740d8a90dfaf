"""The report: a table for a terminal, and one for the docs."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table

from tests.chaos.outcome import Outcome

COLUMNS = ("acked", "completed", "longest ack", "entries", "closed", "resets", "snapshots", "seconds to be live")
"""Counts that every scenario has."""


def verdict(outcome: Outcome) -> str:
    """In a word."""
    return "not run" if outcome.missing else "broken" if outcome.broken else "held"


def show(outcomes: Sequence[Outcome], console: Console) -> None:
    """Print the table, and in full what did not hold."""
    table = Table(title="Faults", caption=f"seed {outcomes[0].seed}" if outcomes else None)
    for name in ("scenario", "promises", "seconds", *COLUMNS, "also"):
        table.add_column(name)
    for each in outcomes:
        table.add_row(*_row(each))
    console.print(table)
    for each in outcomes:
        if each.broken or each.missing:
            console.print(f"[bold]{each.name}[/bold] ({each.what}): {each.broken or each.missing}", highlight=False)
        if each.trace:
            console.print(each.trace, markup=False, highlight=False)


def as_markdown(outcomes: Sequence[Outcome]) -> str:
    """The table of docs/faults.md."""
    lines = ["| " + " | ".join(("what is done", "promises", *COLUMNS, "also")) + " |"]
    lines.append("|" + "---|" * (len(COLUMNS) + 3))
    for each in outcomes:
        _, promises, _, *rest = _row(each)
        lines.append("| " + " | ".join((f"**{each.name}**: {each.what}", promises, *rest)) + " |")
    return "\n".join(lines)


def _figure(count: float) -> str:
    return f"{count:,.0f}" if count == int(count) else f"{count:,.2f}"


def _row(outcome: Outcome) -> list[str]:
    counts = dict(outcome.counts)
    told = [str(counts.pop(name, "")) for name in COLUMNS]
    counts.pop("frames", None)
    also = ", ".join(f"{name} {_figure(count)}" for name, count in counts.items())
    return [outcome.name, verdict(outcome), f"{outcome.seconds:g}", *told, also]
