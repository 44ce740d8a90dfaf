"""What was really played, by the browser's own account: the union of `HTMLMediaElement.played` over all page loads.

Nothing of the product's takes part. A script of the test's own reads `played` many times a second, by a clock that the
page cannot move, and hands it out of the page at once: what a page knew when it crashed is known here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field

from playwright.async_api import BrowserContext

Span = tuple[float, float]
"""Seconds into the film, from <= to."""

OBSERVE = """(() => {
    let told = "";
    const look = () => {
        const spans = [...document.querySelectorAll("video")].flatMap(({ played }) =>
            Array.from({ length: played.length }, (_, index) => [played.start(index), played.end(index)]));
        const text = JSON.stringify(spans);
        if (text !== told) window.tellPlayed(text);
        told = text;
    };
    setInterval(look, 40);
    // The last moment before the browser forgets: media events do not bubble, but they can be captured.
    for (const type of ["pause", "ended", "seeking", "emptied"]) document.addEventListener(type, look, true);
})()"""


@dataclass
class Truth:
    """Everything that any page of these contexts has played."""

    spans: set[Span] = field(default_factory=set)

    async def observe(self, context: BrowserContext) -> None:
        """Look at every page that this context will load; call it before anything moves the pages' clocks."""
        await context.expose_function("tellPlayed", self._told)
        await context.add_init_script(OBSERVE)

    def _told(self, text: str) -> None:
        self.spans |= {(start, end) for start, end in json.loads(text)}

    def percentage(self, duration: float) -> float:
        """The share of the film that was played."""
        return share(self.spans, duration)


def share(spans: Iterable[Span], duration: float) -> float:
    """The share of the film that lies in any of the spans, in percent: milliseconds, counted one by one."""
    played = {moment for start, end in spans for moment in range(round(start * 1000), round(min(end, duration) * 1000))}
    return len(played) / (duration * 1000) * 100
