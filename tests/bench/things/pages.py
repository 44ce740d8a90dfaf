"""Pages: does the server take longer for the students page and the dashboard, the more progress rows there are?"""

from __future__ import annotations

from tests.bench.child import Failed
from tests.bench.figures import Column, Figure, Floor, Row, Table, slowest
from tests.bench.sizes import Sizes
from tests.bench.surroundings import surroundings
from tests.bench.systems.system import Surroundings
from tests.bench.things import page
from tests.bench.things.ring import say


def measure(around: Surroundings, sizes: Sizes) -> Table:
    """The pages of `page` in schools of several sizes, each in a database of its own."""
    columns = [Column(str(rows), f"{rows:,} rows, median ms", "{:.1f}") for rows in sizes.school_rows]
    medians: dict[str, dict[str, Figure]] = {}
    rows = []
    try:
        for size in sizes.school_rows:
            with surroundings(sizes.small()) as own:  # its people are the school's
                for row in page.measured(own, size, rounds=sizes.rounds, times=sizes.pages_requests):
                    medians.setdefault(row.title, {})[str(size)] = row.figures["median"]
        rows = [Row(title, title, figures) for title, figures in medians.items()]
    except Failed as failed:
        say(f"  {failed}")
        rows = [Row("failed", "a page", missing=str(failed))]
    return Table(
        "pages",
        f"pages of schools of several sizes, each {sizes.pages_requests} times a round, one after the other",
        columns,
        [slowest(rows, columns), *rows],
        [Floor(str(max(sizes.school_rows)), page.WITHIN_MS, at_least=False)],
    )
