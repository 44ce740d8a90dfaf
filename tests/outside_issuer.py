"""An outside issuer of our own, which fails, delays, repeats and forgets as it is told to, and counts what it made."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

TOKEN = "a token of the tests"


@dataclass
class OutsideIssuer:
    """What it has made, whom it has heard, and how it misbehaves.

    `faults` are taken one a POST: "fail" (500, nothing made), "drop" (made, and the connection closed without an
    answer), "close" (closed before anything was made), "hang" (made, and no answer until `release`), "nonsense" (made,
    answered with a page), "drip" (made, answered with a byte now and then), "busy" (429, to come again in a second),
    "refuse" (422).
    """

    faults: list[str] = field(default_factory=list)
    forgets_keys: bool = False
    """It makes another certificate for each POST, whatever its idempotency key: then only looking it up helps."""
    slow_to_revoke: bool = False
    """It answers no DELETE until `release`."""
    made: list[dict[str, Any]] = field(default_factory=list)
    heard: list[tuple[str, str]] = field(default_factory=list)
    revoked: list[str] = field(default_factory=list)
    release: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/credentials"

    def of(self, reference: str) -> list[dict[str, Any]]:
        """The certificates that it made for a reference and did not take back."""
        return [] if reference in self.revoked else [each for each in self.made if each["reference"] == reference]

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, target, _ = head.split("\r\n")[0].split(" ")
            headers = dict(line.lower().split(": ", 1) for line in head.split("\r\n")[1:] if line)
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            status, said = await self._act(method, target, headers, json.loads(body) if body else {})
            if said == "drip":
                await self._drip(writer)
            elif status:
                text = said if isinstance(said, str) else json.dumps(said)
                more = "Retry-After: 1\r\n" if status == 429 else ""
                writer.write(f"HTTP/1.1 {status} x\r\nConnection: close\r\n{more}\r\n{text}".encode())
                await writer.drain()
        with contextlib.suppress(ConnectionError):
            writer.close()
            await writer.wait_closed()

    async def _drip(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 x\r\nConnection: close\r\n\r\n")
        while not self.release.is_set():
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.2)

    async def _act(self, method: str, target: str, headers: dict[str, str], body: Any) -> tuple[int, Any]:
        reference = body.get("reference") or parse_qs(urlsplit(target).query)["reference"][0]
        self.heard.append((method, reference))
        if headers.get("authorization") != f"bearer {TOKEN}".lower():
            return 401, "who are you?"
        if method == "GET":
            return (200, self.of(reference)[0]) if self.of(reference) else (404, {})
        if method == "DELETE":
            if self.slow_to_revoke:
                await self.release.wait()
            self.revoked.append(reference)
            return 204, ""
        assert headers["idempotency-key"] == reference
        return await self._make(reference, body)

    async def _make(self, reference: str, body: Any) -> tuple[int, Any]:
        fault = self.faults.pop(0) if self.faults else ""
        if fault in ("fail", "close", "busy", "refuse"):
            return {"fail": 500, "close": 0, "busy": 429, "refuse": 422}[fault], "no such\x00template"
        known = self.of(reference)
        if not known or self.forgets_keys:
            number = len(self.made) + 1
            self.made.append({**body, "id": f"c{number}", "url": f"https://issuer.example/c{number}"})
        if fault == "hang":
            await self.release.wait()
        if fault == "drop":
            return 0, ""
        if fault == "drip":
            return 200, "drip"
        if fault == "nonsense":
            return 200, "<html>Welcome</html>"
        return (409 if known else 201), self.of(reference)[0]


@contextlib.asynccontextmanager
async def listening() -> AsyncIterator[OutsideIssuer]:
    """An issuer that listens on this machine."""
    issuer = OutsideIssuer()
    server = await asyncio.start_server(issuer._answer, "127.0.0.1", 0)
    issuer.port = server.sockets[0].getsockname()[1]
    try:
        yield issuer
    finally:
        issuer.release.set()
        server.close()
