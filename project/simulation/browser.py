"""A student's browser, as far as HTTP goes: pages and the API, with cookies and the CSRF token that a page brings."""

from __future__ import annotations

import asyncio
import http.client
import json
from http.cookies import SimpleCookie
from typing import Any

from project.simulation.address import Address
from project.simulation.backoff import Backoff

WITHIN = 10.0  # seconds for an answer


class TurnedAway(Exception):
    """The site refused for good: trying again would change nothing."""


class Browser:
    """One signed-in person's browser on the site. What fails for the moment is tried again, with backoff."""

    def __init__(self, address: Address, cookies: dict[str, str]) -> None:
        self.address = address
        self._cookies = dict(cookies)

    @property
    def cookies(self) -> str:
        """The Cookie header of the next request."""
        return "; ".join(f"{name}={value}" for name, value in self._cookies.items())

    async def open(self, path: str) -> None:
        """Open a page; it brings the CSRF token."""
        await self._ask("GET", path)

    async def get(self, path: str) -> dict[str, Any]:
        """Return what the API answers."""
        return dict(json.loads(await self._ask("GET", path)))

    async def post(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send to the API and return what it answers."""
        return dict(json.loads(await self._ask("POST", path, json.dumps(body))))

    async def _ask(self, method: str, path: str, body: str | None = None) -> bytes:
        backoff = Backoff()
        while True:
            try:
                status, answer = await asyncio.to_thread(self._exchange, method, path, body)
            except (OSError, http.client.HTTPException):
                status, answer = 0, b""
            if 200 <= status < 300:
                return answer
            if 300 <= status < 500 and status != 429:
                raise TurnedAway(f"{method} {path}: {status} {answer[:200].decode(errors='replace')}")
            await backoff.wait()

    def _exchange(self, method: str, path: str, body: str | None) -> tuple[int, bytes]:
        headers = {"Cookie": self.cookies, "Origin": self.address.origin}
        if body is not None:
            headers |= {"Content-Type": "application/json", "X-CSRFToken": self._cookies.get("csrftoken", "")}
        connection = http.client.HTTPConnection(self.address.host, self.address.port, timeout=WITHIN)
        try:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            for header in answer.headers.get_all("Set-Cookie", []):
                self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(header).items()}
            return answer.status, answer.read()
        finally:
            connection.close()
