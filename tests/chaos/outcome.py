"""What came of a scenario."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

MARK = "outcome "
"""Begins a line with an outcome on standard output, where other lines may be."""


@dataclass
class Outcome:
    """Whether every promise held, and what was counted; `broken` says which did not, `missing` why it was not run."""

    name: str
    what: str
    seed: str
    seconds: float = 0.0
    broken: str = ""
    missing: str = ""
    trace: str = ""
    counts: dict[str, Any] = field(default_factory=dict)

    def told(self) -> dict[str, Any]:
        """As an object of JSON."""
        return asdict(self)
