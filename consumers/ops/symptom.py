"""A symptom: something that is wrong, in an operator's words, and the rules that see one in the facts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Literal, NamedTuple

import msgspec

from consumers.ops.facts import Facts

Severity = Literal["down", "warning"]
"""`down`: somebody is without something now. `warning`: somebody will be, or has it worse than they should."""


class Said(NamedTuple):
    """One sentence each: what is wrong, what that means for students and instructors, what to do."""

    what: str
    means: str
    do: str


class Symptom(msgspec.Struct, frozen=True):
    """What is wrong; `id` names its entry in the runbook (docs/operations.md)."""

    id: str
    severity: Severity
    what: str
    means: str
    do: str


class Rule(NamedTuple):
    """What sees one symptom: says it, or None where the facts have none of it."""

    id: str
    severity: Severity
    says: Callable[[Facts], Said | None]


RULES: Final[list[Rule]] = []
"""All rules, in the order in which their symptoms are told."""


def rule(id: str, severity: Severity) -> Callable[[Callable[[Facts], Said | None]], Callable[[Facts], Said | None]]:
    """Declare the rule of a symptom."""

    def declare(says: Callable[[Facts], Said | None]) -> Callable[[Facts], Said | None]:
        RULES.append(Rule(id, severity, says))
        return says

    return declare
