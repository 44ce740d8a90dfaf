"""Symptoms: what is wrong, seen in the facts by rules that know nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from consumers.ops.facts import Facts
from consumers.ops.rules import database, delivery, processes, redis, work  # noqa: F401 - each declares its rules
from consumers.ops.symptom import RULES, Symptom

IDS: Final = tuple(each.id for each in RULES)
"""Every symptom that can be told; each has an entry in the runbook."""


def found(facts: Facts) -> list[Symptom]:
    """Every symptom in these facts, those that leave somebody without something first."""
    said = [(rule, rule.says(facts)) for rule in RULES]
    symptoms = [Symptom(rule.id, rule.severity, *saying) for rule, saying in said if saying is not None]
    return sorted(symptoms, key=lambda each: each.severity != "down")


def status(symptoms: Sequence[Symptom]) -> int:
    """0 where all is well, 1 with warnings, 2 where something is down: the exit status of `manage.py doctor`."""
    if any(each.severity == "down" for each in symptoms):
        return 2
    return 1 if symptoms else 0
