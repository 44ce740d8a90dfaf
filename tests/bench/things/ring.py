"""The ring: contenders side by side, round by round in turn, so that what disturbs the machine disturbs them alike."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Sequence

from tests.bench.child import Failed
from tests.bench.contender import Contender, contender
from tests.bench.figures import Figure, Row
from tests.bench.systems.system import Surroundings, System

Round = Callable[[Contender], dict[str, float]]


def in_turn(systems: Sequence[System], around: Surroundings, *, sockets: int, rounds: int, measure: Round) -> list[Row]:
    """Measure all that are here, `rounds` times each; one that fails has no figures, and says why."""
    missing: dict[str, str] = {}
    figures: dict[str, dict[str, list[float]]] = {system.name: {} for system in systems}
    with contextlib.ExitStack() as ring:
        entered = []
        for system in systems:
            try:
                if missing_here := system.missing():
                    raise Failed(missing_here)
                entered.append(ring.enter_context(contender(system, around, sockets=sockets)))
            except Failed as failed:
                missing[system.name] = str(failed)
        for number in range(rounds):
            for each in entered:
                if each.system.name in missing:
                    continue
                try:
                    seen = measure(each)
                except Failed as failed:
                    missing[each.system.name] = str(failed)
                else:
                    say(f"  round {number + 1}: {each.system.title}: {_short(seen)}")
                    for name, value in seen.items():
                        figures[each.system.name].setdefault(name, []).append(value)
    return [_row(system, figures[system.name], missing.get(system.name, "")) for system in systems]


def say(line: str) -> None:
    """Tell whoever waits how far it is."""
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


def _row(system: System, figures: dict[str, list[float]], missing: str) -> Row:
    if missing:
        say(f"  {system.title}: {missing}")
        return Row(system.name, system.title, missing=missing)
    return Row(system.name, system.title, {name: Figure(tuple(rounds)) for name, rounds in figures.items()})


def _short(seen: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:,.3g}" if value < 1000 else f"{name} {value:,.0f}" for name, value in seen.items())
