"""Garbage collection in a web process: short pauses, however many sockets are open.

Python looks for cycles among all objects that live long whenever a quarter as many have been added. Those of the
program itself, some hundred thousand, never become garbage; looking at them again and again delays every entry that is
on its way meanwhile.
"""

import gc

YOUNG = 2_000
"""Objects made and not yet freed before the youngest are looked at: a look takes one millisecond. With 20,000 it took
fifteen while sockets came and went, and each was seen in the 99th percentile of the acks."""

MIDDLE = 3
"""Looks at the youngest between two at those that have survived one: 8,000 objects at most, some 4 ms. With 50,000 it
took 10 to 35, once or twice a second under a flood."""

OLD = 800
"""Looks at those between two at everything: as rare as five million objects that stay."""


def leave_the_program_alone() -> None:
    """Never look again at what there is by now; call it when everything is loaded and nobody is connected yet."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG, MIDDLE, OLD)
