"""Figures: what the rounds of one thing gave, for one system."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Figure:
    """The median of the rounds, with the least and the most."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        """The figure."""
        return statistics.median(self.rounds)

    @property
    def spread(self) -> tuple[float, float]:
        """Least and most."""
        return min(self.rounds), max(self.rounds)


@dataclass(frozen=True, slots=True)
class Row:
    """One system's line: its figures by name, or why there are none."""

    name: str
    title: str
    figures: dict[str, Figure] = field(default_factory=dict)
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A figure's heading and how it is written; `ratio` puts the system's figure over ours, or ours over it."""

    name: str
    heading: str
    form: str = "{:,.1f}"
    more_is_better: bool | None = None


@dataclass(frozen=True, slots=True)
class Floor:
    """What must be reached: `figure` of ours, or its ratio to that of `peer`, is to be at least or at most `limit`."""

    figure: str
    limit: float
    at_least: bool
    peer: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """One thing that was measured: ours first, then the peers."""

    name: str
    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    floors: Sequence[Floor] = ()

    def figure(self, system: str, name: str) -> Figure | None:
        """A system's figure, where it has one."""
        return next((row.figures.get(name) for row in self.rows if row.name == system), None)

    def reached(self, floor: Floor) -> tuple[float | None, bool | None]:
        """What came of a floor, and whether that is enough: not where ours failed, unknown where the peer did."""
        ours = self.figure("ours", floor.figure)
        theirs = self.figure(floor.peer, floor.figure) if floor.peer else Figure((1.0,))
        if ours is None:
            return None, False
        if theirs is None:
            return None, None
        value = ours.median / theirs.median
        return value, value >= floor.limit if floor.at_least else value <= floor.limit


def slowest(rows: Sequence[Row], columns: Sequence[Column]) -> Row:
    """The row of ours over many that are to keep within one bound: of each column the slowest's figure; none where one
    of them has none."""
    title = "the slowest of them"
    if wrong := [f"{row.title}: {row.missing}" for row in rows if row.missing]:
        return Row("ours", title, missing="; ".join(wrong))
    figures = {
        column.name: max((row.figures[column.name] for row in rows), key=lambda figure: figure.median)
        for column in columns
    }
    return Row("ours", title, figures)
