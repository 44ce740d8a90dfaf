"""The things that are measured, one module each: `measure(around, sizes)` gives a table."""

from tests.bench.things import (
    burst,
    costs,
    deaf,
    disk,
    flood,
    memory,
    mixed,
    page,
    scrape,
    steady,
    storm,
    ticks,
    two,
    watched,
)

THINGS = {
    "burst": burst.measure,
    "steady": steady.measure,
    "wide": steady.measure_wide,
    "deaf": deaf.measure,
    "memory": memory.measure,
    "storm": storm.measure,
    "ticks": ticks.measure,
    "crowd": ticks.measure_crowd,
    "two": two.measure,
    "watched": watched.measure,
    "mixed": mixed.measure,
    "flood": flood.measure,
    "seats": ticks.measure_memory,
    "page": page.measure,
    "scrape": scrape.measure,
    "disk": disk.measure,
    "costs": costs.measure,
}
