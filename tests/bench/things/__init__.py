"""The things that are measured, one module each: `measure(around, sizes)` gives a table."""

from tests.bench.things import burst, memory, steady, storm

THINGS = {
    "burst": burst.measure,
    "steady": steady.measure,
    "wide": steady.measure_wide,
    "memory": memory.measure,
    "storm": storm.measure,
}
