"""The bench's report: what a table says, and where docs/benchmarks.md has its place for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import docs, report
from tests.bench.figures import Column, Figure, Floor, Row, Table
from tests.bench.things import THINGS

ONE = Figure((1.0,))

BURST = Table(
    "burst",
    "entries at once",
    [Column("rate", "deliveries/s", "{:,.0f}", more_is_better=True), Column("seconds", "seconds", "{:.1f}")],
    [
        Row("ours", "ours", {"rate": Figure((900.0, 1000.0, 1200.0)), "seconds": Figure((1.0, 1.0, 1.2))}),
        Row("stock", "stock Channels", {"rate": Figure((10.0,)), "seconds": Figure((99.0,))}),
        Row("node", "Socket.IO", missing="not installed"),
    ],
    [Floor("rate", 50, at_least=True, peer="stock"), Floor("rate", 10, at_least=True, peer="node")],
)


def test_each_figure_has_its_spread_and_its_ratio_to_ours() -> None:
    told = report.in_markdown(BURST)
    assert "| ours | 1,000 (900 to 1,200) | 1.0 (1.0 to 1.2) |" in told
    assert "| stock Channels | 10; ours × 100 | 99.0 |" in told


def test_what_is_wanted_is_told_and_a_missing_peer_is_no_success() -> None:
    told = report.in_markdown(BURST)
    assert "| Socket.IO | not installed |  |" in told
    assert "- deliveries/s: at least 50 times that of stock Channels: 100, reached" in told
    assert "- deliveries/s: at least 10 times that of Socket.IO: no figure of the peer, unknown" in told
    assert "| burst | deliveries/s | 100 | at least 50 times that of stock Channels | reached |" in (
        report.wanted_in_markdown([BURST])
    )


def test_a_table_of_many_figures_has_a_line_for_each() -> None:
    names = [f"figure {number}" for number in range(report.MOST_COLUMNS + 1)]
    wide = Table("wide", "t", [Column(name, name) for name in names], [Row("ours", "ours", dict.fromkeys(names, ONE))])
    assert report.in_markdown(wide).count("\n| figure ") == len(names)


def test_a_run_replaces_its_own_tables_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text(f"Before.\n\n{mark('burst')}\n\nold\n\n{mark('burst', end=True)}\n\nAfter.\n")
    docs.write(page, [BURST], whole=False)
    docs.write(page, [BURST], whole=False)
    text = page.read_text()
    assert text.startswith("Before.")
    assert text.endswith("After.\n")
    assert "old" not in text
    assert text.count("### Burst: entries at once") == 1


def test_a_thing_without_a_place_is_no_silent_loss(tmp_path: Path) -> None:
    page = tmp_path / "benchmarks.md"
    page.write_text("Nothing here.\n")
    with pytest.raises(ValueError, match="no place for 'burst'"):
        docs.write(page, [BURST], whole=False)


def test_the_docs_have_a_place_for_everything_that_is_measured() -> None:
    text = (Path(__file__).parents[1] / "docs" / "benchmarks.md").read_text()
    for name in (*THINGS, "machine", "wanted"):
        assert text.index(mark(name)) < text.index(mark(name, end=True))


def mark(name: str, *, end: bool = False) -> str:
    return (docs.END if end else docs.BEGIN).format(name)
