"""Pages asked for in numbers, and read by a real browser without being shown: what they are made of, what they say."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import httpx
from playwright.async_api import Page

from progress.models import User
from tests.hostile.watch import STRANGE
from tests.live import WITHIN, Live

AT_ONCE = 6

# The elements and attributes of a page without its texts: the same for a hostile text as for a plain one.
READ = f"""(pages) => pages.map((page) => {{
  const root = new DOMParser().parseFromString(page, "text/html");
  const names = (element) => [element.localName, ...[...element.attributes].map(({{ name }}) => name)].join(" ");
  return {{
    skeleton: [...root.querySelectorAll("*")].map(names).join("\\n"),
    strange: ({STRANGE})(root),
    title: root.title,
    texts: [...root.querySelectorAll("bdi")].map((element) => element.textContent),
    values: Object.fromEntries([...root.querySelectorAll("input[name]")].map(
      (element) => [element.name, element.getAttribute("value")])),
  }};
}})"""


async def fetched(live: Live, requests: Sequence[tuple[User | None, str]], *, status: int = 200) -> list[str]:
    """The page for each person and address, asked of both web processes."""
    sessions = {person: await live.session(person) for person in {person for person, _ in requests} if person}
    gate = asyncio.Semaphore(AT_ONCE)
    async with httpx.AsyncClient(timeout=WITHIN) as client:

        async def fetch(number: int) -> str:
            person, address = requests[number]
            headers = {"Cookie": f"sessionid={sessions[person]}"} if person else {}
            async with gate:
                answer = await client.get(f"http://{live.site.address(number % 2)}{address}", headers=headers)
            assert answer.status_code == status, (address, answer.status_code)
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            return answer.text

        return await asyncio.gather(*map(fetch, range(len(requests))))


async def read(page: Page, pages: Sequence[str]) -> list[dict[str, Any]]:
    """What a browser finds in each page."""
    # Our own pages have Trusted Types, under which no script may parse text; the admin site cannot have them.
    reader = await page.context.new_page()
    await reader.goto("/admin/login/")
    found: list[dict[str, Any]] = await reader.evaluate(READ, list(pages))
    await reader.close()
    return found


def assert_one_skeleton(found: Sequence[dict[str, Any]]) -> None:
    """No text made an element or an attribute: all pages are built alike, of nothing strange."""
    strange = [each["strange"] for each in found if each["strange"]]
    assert strange == [], strange
    skeletons = {each["skeleton"]: each for each in found}
    assert len(skeletons) == 1, [each["texts"][:3] for each in skeletons.values()]
