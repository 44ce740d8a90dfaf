"""Issuers of certificates: this site, or an outside service that is asked over HTTP (CERTIFICATE_ISSUER).

docs/certificate-issuers.md says what an outside service is asked and what it answers. Every request for one certificate
carries the same idempotency key; and before a request is made again, the service is asked whether it has issued
already: an answer that was lost must not become a second certificate.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import httpx
import msgspec
from django.conf import settings

LARGEST_ANSWER = 64 * 1024

# The answer says something about the certificate itself; asking again would give the same. What is missing here is
# about us (401, 403), about the address (404, 405, …), or about the moment.
_REFUSALS = frozenset({400, 406, 413, 415, 422})


class Unavailable(Exception):
    """The service did not issue it, and may do so later; `after` is how many seconds it wants to be left alone."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


class TurnedDown(Exception):
    """The service will not issue this certificate; the text says why."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an outside service is told of a certificate."""

    certificate_id: UUID
    student: str
    email: str
    course: str
    course_slug: str
    due_at: datetime

    def as_json(self) -> dict[str, Any]:
        """The body of the request."""
        return {
            "reference": str(self.certificate_id),
            "student": {"name": self.student, "email": self.email},
            "course": {"title": self.course, "slug": self.course_slug},
            "achieved_at": self.due_at.isoformat(),
        }


@dataclass(frozen=True, slots=True)
class Receipt:
    """What an outside service calls the certificate, and where it shows it (perhaps nowhere)."""

    id: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class OutsideIssuer:
    """A service at an address, asked with a token; `timeout` in seconds."""

    address: str
    token: str
    timeout: float

    async def issue(self, wanted: Wanted, *, again: bool) -> Receipt:
        """Have the certificate issued. With `again` it may have been issued already: ask first.

        Raises Unavailable and TurnedDown.
        """
        async with self._client() as client:
            if again and (receipt := await self._look_up(client, wanted.certificate_id)) is not None:
                return receipt
            key = {"Idempotency-Key": str(wanted.certificate_id)}
            answer = await self._ask(client, "POST", self.address, json=wanted.as_json(), headers=key)
        if answer.status in _REFUSALS:
            raise TurnedDown(f"The issuer refused it ({answer.status}): {answer.text()}")
        if answer.status in (200, 201, 409):  # 409: it was issued by an earlier request
            return answer.receipt()
        raise answer.unavailable()

    async def revoke(self, certificate_id: UUID) -> None:
        """Have the certificate taken back; one that the service does not know is. Raises Unavailable."""
        async with self._client() as client:
            answer = await self._ask(client, "DELETE", self.address, params={"reference": str(certificate_id)})
        if answer.status not in (200, 202, 204, 404, 410):
            raise answer.unavailable()

    async def _look_up(self, client: httpx.AsyncClient, certificate_id: UUID) -> Receipt | None:
        answer = await self._ask(client, "GET", self.address, params={"reference": str(certificate_id)})
        if answer.status == 200:
            return answer.receipt()
        if answer.status in (404, 405, 501):  # it has none, or cannot tell and goes by the idempotency key
            return None
        raise answer.unavailable()

    def _client(self) -> httpx.AsyncClient:
        headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {self.token}"} if self.token else {})
        # Redirects are not followed: they would carry the token and the student's name elsewhere.
        return httpx.AsyncClient(headers=headers, timeout=self.timeout, trust_env=False)

    async def _ask(self, client: httpx.AsyncClient, method: str, address: str, **options: Any) -> _Answer:
        try:
            # httpx limits each step; whoever gives a byte a second would keep it for ever.
            async with asyncio.timeout(self.timeout), client.stream(method, address, **options) as response:
                body = b""
                async for piece in response.aiter_bytes():
                    body += piece
                    if len(body) > LARGEST_ANSWER:
                        raise Unavailable("The issuer answered at too great a length.")
                return _Answer(response.status_code, response.headers, body)
        except (httpx.TimeoutException, TimeoutError) as error:
            raise Unavailable("The issuer did not answer in time.") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Unavailable(f"The issuer could not be reached: {error}.") from error


class _Said(msgspec.Struct):
    id: Annotated[str, msgspec.Meta(pattern=r"^[^\x00-\x1f\x7f]+$", max_length=200)] | int
    url: Annotated[str, msgspec.Meta(pattern=r"^(https?://[^\x00-\x20\x7f]+)?$", max_length=500)] | None = None


@dataclass(frozen=True, slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    def text(self) -> str:
        said = self.body.decode(errors="replace")
        # PostgreSQL stores no NUL, and nobody reads the others.
        return " ".join("".join(each if each.isprintable() else " " for each in said).split())[:200]

    def receipt(self) -> Receipt:
        try:
            said = msgspec.json.decode(self.body, type=_Said)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise Unavailable(f"The issuer did not say an id and an address: {self.text()}") from error
        return Receipt(str(said.id), said.url or "")

    def unavailable(self) -> Unavailable:
        after = self.headers.get("Retry-After", "")
        seconds = min(float(after), 86_400.0) if after.isascii() and after.isdecimal() else None
        return Unavailable(f"The issuer answered {self.status}: {self.text()}", seconds)


def outside() -> OutsideIssuer | None:
    """Return the outside issuer that the school has chosen, or None where this site issues by itself."""
    if settings.CERTIFICATE_ISSUER == "local":
        return None
    return OutsideIssuer(
        settings.CERTIFICATE_ISSUER, settings.CERTIFICATE_ISSUER_TOKEN, settings.CERTIFICATE_ISSUER_TIMEOUT
    )
