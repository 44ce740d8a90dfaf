"""A window that is watched for what hostile text would do: run, be refused, make elements, break the layout."""

from __future__ import annotations

from typing import Any, Self

from playwright.async_api import Browser

from progress.models import User
from tests import browser
from tests.hostile.corpus import MARKER
from tests.live import Live

DESK, PHONE = (1280, 860), (390, 844)

NOTE = f"""
window.__said = [];
window.{MARKER} = () => window.__said.push("a script ran: " + new Error().stack);
for (const name of ["alert", "confirm", "prompt", "print", "open"]) {{
  window[name] = (...given) => window.__said.push(name + "(" + given + ")");
}}
document.addEventListener("securitypolicyviolation", (event) => {{
  window.__said.push("violation: " + [event.effectiveDirective, event.blockedURI, event.sample].join(" "));
}});
"""

# What no page of ours is made of, whoever may have typed it.
STRANGE = """(root) => {
  const strange = [];
  const say = (what, element) => strange.push(what + ": " + element.outerHTML.slice(0, 150));
  const kinds = [
    "iframe, frame, object, embed, base, math, marquee, xmp, plaintext, noembed, foreignObject, animate, audio, style",
    "meta[http-equiv], [srcdoc], [style*='fixed'], script:not([src^='/static/']):not([src='/admin/jsi18n/'])",
    "link:not([href^='/static/']), img:not([src^='/static/']), use:not([*|href^='#'])",
  ].join();
  for (const element of root.querySelectorAll(kinds)) say("element", element);
  const seen = new Set();
  for (const element of root.querySelectorAll("*")) {
    for (const { name, value } of element.attributes) {
      if (name.startsWith("on")) say("handler", element);
      if (["href", "src", "action", "formaction", "xlink:href", "poster"].includes(name)) {
        const { protocol, hostname } = new URL(value, location.href);
        if (!["http:", "https:"].includes(protocol) || hostname !== location.hostname) say("address", element);
      }
      if (name === "id" && seen.has(value)) say("second id", element);
      if (name === "id") seen.add(value);
    }
  }
  return strange;
}"""

# What breaks the layout: a page wider than its window, a box wider than its place, text that runs the other way.
BROKEN = """() => {
  const broken = [];
  const width = document.documentElement.scrollWidth;
  if (width > window.innerWidth) broken.push(`the page is ${width} px wide in ${window.innerWidth}`);
  for (const row of document.querySelectorAll("#activity-feed > li")) {
    const place = row.getBoundingClientRect();
    for (const part of row.querySelectorAll(".entry-sentence, .entry-facts, .entry-time, .entry-icon")) {
      const box = part.getBoundingClientRect();
      const inside = box.left >= place.left - 1 && box.right <= place.right + 1 && box.bottom <= place.bottom + 1;
      if (!inside) broken.push("out of its row: " + part.outerHTML.slice(0, 120));
    }
  }
  for (const text of document.querySelectorAll("main bdi")) {
    const box = text.closest("p, h1, h2, h3, li, legend, td, .entry-course, .lesson-title, .choice > span, .badge");
    if (!box || text.closest(".visually-hidden")) continue;
    const { display, overflowY, textOverflow } = getComputedStyle(box);
    if (display === "inline") continue;
    if (overflowY !== "clip") broken.push("marks may leave its box: " + box.outerHTML.slice(0, 120));
    const shortened = textOverflow === "ellipsis";
    const piled = /\\p{M}{4}/u.test(text.textContent); // nothing can break it: what is too much is cut off
    if (!shortened && !piled && box.scrollWidth > box.clientWidth + 2) {
      broken.push("wider than its box: " + box.outerHTML.slice(0, 120));
    }
  }
  const own = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = document.createRange();
  const place = (node, at) => {
    range.setStart(node, at);
    range.setEnd(node, at + 1);
    return range.getBoundingClientRect();
  };
  for (let node = own.nextNode(); node; node = own.nextNode()) {
    const at = node.data.search(/[a-z]/i);
    const to = node.data.search(/[a-z][^a-z]*$/i);
    if (at === -1 || at === to || node.parentElement.closest("bdi, script, style, template, select")) continue;
    const [first, last] = [place(node, at), place(node, to)];
    if (first.width && first.top === last.top && last.left <= first.left) broken.push("turned around: " + node.data);
  }
  return broken;
}"""

TEXTS = "(selector) => [...document.querySelectorAll(selector)].map((element) => element.textContent)"


class Watched:
    """A window and what it said."""

    def __init__(self, window: browser.Window) -> None:
        self.window = window
        self.page = window.page
        self.dialogs: list[str] = []

    @classmethod
    async def open(cls, chromium: Browser, live: Live, person: User | None, **options: Any) -> Self:
        """A window of this person's; nothing is loaded yet."""
        opened = cls(await browser.window(chromium, live, person, **options))
        await opened.page.add_init_script(NOTE)
        opened.page.on("dialog", lambda dialog: opened.dialogs.append(dialog.message))
        return opened

    async def texts(self, selector: str) -> list[str]:
        """The texts of these elements, as they stand there."""
        found: list[str] = await self.page.evaluate(TEXTS, selector)
        return found

    async def said(self) -> list[str]:
        """Everything that a harmless page has none of, since the page was loaded."""
        said: list[str] = await self.page.evaluate("window.__said")
        strange: list[str] = await self.page.evaluate(f"({STRANGE})(document)")
        return [*said, *strange, *self.dialogs, *self.window.errors]

    async def broken(self) -> list[str]:
        """What is wrong with the layout, at a desk and on a telephone."""
        found = []
        for width, height in (DESK, PHONE):
            await self.page.set_viewport_size({"width": width, "height": height})
            found += [f"{width}: {each}" for each in await self.page.evaluate(BROKEN)]
        await self.page.set_viewport_size({"width": DESK[0], "height": DESK[1]})
        return found

    async def assert_harmless(self) -> None:
        """Nothing ran, nothing was refused, nothing is there that is not ours, and the layout holds."""
        await self.page.wait_for_load_state()  # a page that a form led to may not have its stylesheet yet
        said, broken = await self.said(), await self.broken()
        assert said == [], said
        assert broken == [], broken


def as_parsed(text: str) -> str:
    """A text as a browser reads it in a page: HTML knows one kind of line break."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
