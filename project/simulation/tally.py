"""The tally of a simulation: what the class has done so far."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Tally:
    """Counts, for the line at the end."""

    finished: int = 0
    turned_away: int = 0
    acked: int = 0
    refused: int = 0
    reconnects: int = 0

    def __str__(self) -> str:
        """The counts in a sentence."""
        turned = f" {self.turned_away} were turned away." if self.turned_away else ""
        refused = f" {self.refused} ticks were refused." if self.refused else ""
        return (
            f"{self.finished} students did all they had planned; {self.acked} ticks were acked, "
            f"and {self.reconnects} times a socket was opened again.{turned}{refused}"
        )
