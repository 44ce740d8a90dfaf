"""What every socket has in common: frames in and out, heartbeat, errors that do not close, closes that say why."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import secrets
from collections.abc import Coroutine
from typing import Any, cast

import psycopg
from channels.consumer import AsyncConsumer, get_handler_name
from channels.exceptions import StopConsumer
from django.conf import settings
from django.db import DatabaseError
from django.http import parse_cookie

from consumers import codes, heartbeat, incoming, limits
from consumers import metrics as socket_metrics
from consumers.wire import Frame, Wire, wire_of
from progress import metrics, signed_in
from progress.failures import in_words
from progress.refusals import Refused

log = logging.getLogger(__name__)

PING = Frame(b'{"type":"ping"}')


class Closed(Exception):
    """Raised by a consumer to close its socket with this code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Socket(AsyncConsumer):
    """A person's socket. Subclasses write `opened`, `told` and `gone`, and answer with `tell`.

    No channel layer of its own (the alias names none): what a group says comes through the hub, which has one
    subscription for all sockets of a process.
    """

    kind: str
    """What operators call this kind of socket: "feed", "progress" or "ops"."""

    channel_layer_alias = "none: sockets listen through the hub"

    person_id: int | None = None
    """Who is signed in on this socket; None until that is known."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.is_open = False
        self.entered = False
        self.doubted = False
        self.bad_frames = 0
        self._leaving = contextlib.ExitStack()
        """Takes this socket off what it was counted in."""
        self.heard_at = now = asyncio.get_running_loop().time()
        # A class that came in the same second is not pinged in the same second for ever.
        self.pinged_at = now - random.random() * codes.PING_SECONDS  # noqa: S311 - no secret # nosec B311
        self.checked_at = now - random.random() * codes.RECHECK_SECONDS  # noqa: S311 - nor looked at again # nosec B311
        self._checking: asyncio.Task[None] | None = None
        self.id = secrets.token_hex(4)
        """Names this socket in log lines, where nobody's name stands."""
        self._accepted_at: float | None = None
        self._closed_with: int | None = None

    async def opened(self) -> None:
        """Check what the person may do and begin. Raise Refused or Closed to turn them away."""

    async def told(self, frame: dict[str, Any]) -> None:
        """Act on a frame. Raise Refused for a bad one: the sender is told and the socket stays open."""

    async def gone(self) -> None:
        """Let go of what `opened` took."""

    async def check(self) -> None:
        """Check again what the person may do; raise Refused or Closed where nothing is left here."""

    async def tell(self, said: object) -> None:
        """Send a frame, or anything that becomes one; a socket that takes nothing any more is closed."""
        if not self.is_open:
            return
        if (limit := settings.LIMIT_UNSENT_BYTES) and self.wire.unsent() > limit:
            await self.too_slow()
        else:
            self.wire.write(Frame.of(said))

    def unsent(self) -> int:
        """Bytes that were written to it and that the system has not taken yet."""
        return self.wire.unsent() if self.is_open else 0

    async def too_slow(self) -> None:
        """Close where the other end does not read; it would not read a close frame either."""
        metrics.met("unsent_bytes")
        log.info(
            "A socket reads too slowly",
            extra={"path": self.scope["path"], "unsent": self.wire.unsent(), "socket": self.id},
        )
        await self.close(codes.TOO_SLOW)
        self.wire.abort()

    async def close(self, code: int) -> None:
        """Close with a code of the table (consumers.codes)."""
        if self.is_open:
            self.is_open = False
            self._closed_with = code
            socket_metrics.closes.labels(str(code)).inc()
            await self.send({"type": "websocket.close", "code": code})

    async def dispatch(self, message: dict[str, Any]) -> None:
        """Hand a message to its handler.

        The stock dispatch looks for stale ORM connections at every message, a hop to the one thread that all
        synchronous code shares; no handler here leaves an ORM connection behind.
        """
        await getattr(self, get_handler_name(message))(message)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Serve until the socket closes. Whatever ends it, a fault of ours too, nothing of it is kept.

        The stock call waits for the socket and a channel at once, with a task for each message; there is no channel.
        """
        self.scope, self.base_send = scope, send
        try:
            while True:
                await self.dispatch(await receive())
        except StopConsumer:
            pass
        finally:
            self.is_open = False
            heartbeat.forget(self)
            self._leaving.close()
            self._note_close()
            await self.gone()

    def _note_close(self) -> None:
        if self._accepted_at is None:
            return
        seconds = asyncio.get_running_loop().time() - self._accepted_at
        log.info(
            "A socket closed",
            extra={"kind": self.kind, "code": self._closed_with, "seconds": round(seconds, 3), "socket": self.id},
        )

    async def websocket_connect(self, message: dict[str, Any]) -> None:
        """Accept, then check: browsers hide the status of a refused handshake but tell a close code."""
        await self.send({"type": "websocket.accept"})
        self._accepted_at = asyncio.get_running_loop().time()
        self.wire: Wire = wire_of(self.scope, self.send)
        self.is_open = True
        heartbeat.watch(self)  # from here on we hear of changed rights
        await self._or_close(self._enter())

    async def _enter(self) -> None:
        self._count_address()
        await self._identify()
        self._count_person()
        await self.opened()
        self.entered = True
        while self.doubted:
            # Rights changed while they were read, perhaps after that.
            self.doubted = False
            await self._look_again()

    def _count_address(self) -> None:
        client = self.scope.get("client")
        if not client:  # a Unix socket: whoever is in front of it knows the addresses
            return
        address, sockets = client[0], limits.sockets()
        counted = self.scope.get(limits.COUNTED, False)
        if not counted and not sockets.may_connect(address, asyncio.get_running_loop().time()):
            metrics.met("connects_per_second")
            raise Closed(codes.TOO_MANY_MESSAGES)
        if not sockets.enter_address(address):
            metrics.met("sockets_per_address")
            raise Closed(codes.TOO_MANY_SOCKETS)
        self._leaving.callback(sockets.leave_address, address)

    def _count_person(self) -> None:
        person_id, sockets = cast(int, self.person_id), limits.sockets()
        if not sockets.enter_person(person_id):
            metrics.met("sockets_per_person")
            raise Closed(codes.TOO_MANY_SOCKETS)
        self._leaving.callback(sockets.leave_person, person_id)

    async def _identify(self, *, anew: bool = False) -> None:
        self.person_id = await signed_in.person_of(self._session_key(), anew=anew)
        if self.person_id is None:
            raise Closed(codes.NOT_SIGNED_IN)

    def _session_key(self) -> str:
        cookies = [value for name, value in self.scope["headers"] if name == b"cookie"]
        return parse_cookie(b"; ".join(cookies).decode("latin1")).get(settings.SESSION_COOKIE_NAME, "")

    async def websocket_receive(self, message: dict[str, Any]) -> None:
        """Parse a frame and act; what is wrong with it is told, and twenty wrong ones in a row are enough."""
        if not self.is_open:
            return
        self.heard_at = asyncio.get_running_loop().time()
        frame: dict[str, Any] = {}
        try:
            frame = incoming.parse(message)
            if frame.get("type") != "pong":
                await self.told(frame)
            self.bad_frames = 0
        except Closed as closed:
            await self.close(closed.code)
        except Refused as refused:
            await self._complain(frame, refused.code, refused.detail)
            self.bad_frames += 1
            if self.bad_frames >= codes.BAD_FRAMES_IN_A_ROW:
                metrics.met("bad_frames")
                await self.close(codes.BAD_PROTOCOL)
        except (psycopg.Error, DatabaseError) as error:
            # Nothing was stored, and nothing acked. The socket must not go on: an ack of a later tick would cover
            # this one (law 1). The player keeps its ticks, comes again and sends them from the first one not acked.
            log.error("Socket closed: the database is away", extra={"error": in_words(error), "socket": self.id})
            await self.close(codes.RESTART)

    async def websocket_disconnect(self, message: dict[str, Any]) -> None:
        """End; `__call__` lets go. What we closed with ourselves is what counts."""
        self._closed_with = self._closed_with or message.get("code")
        raise StopConsumer

    async def beat(self, now: float) -> None:
        """Ping, and look again, when it is time; close where nothing was heard for too long (heartbeat calls)."""
        if now - self.heard_at > codes.SILENCE_SECONDS:
            await self.close(codes.RESTART)
        elif now - self.pinged_at >= codes.PING_SECONDS:
            self.pinged_at = now
            await self.tell(PING)
        if self.entered and now - self.checked_at >= codes.RECHECK_SECONDS:
            self.checked_at = now
            # Not waited for: those of one round are asked together, and the next socket's ping is due.
            self._checking = asyncio.create_task(self._check_by_itself())

    def concerns(self, people: set[int] | None) -> bool:
        """Whether a change of these people's rights, None meaning everybody's, may be one of this person's."""
        return people is None or self.person_id is None or self.person_id in people

    async def look_again(self) -> None:
        """Check the person's rights anew: somebody changed them (consumers.access calls)."""
        if self.entered:
            await self._or_close(self._look_again())
        else:
            self.doubted = True

    async def _check_by_itself(self) -> None:
        try:
            await self._or_close(self._look_again(), away_is_no_reason=True)
        except Exception:
            log.exception("A socket could not be checked again", extra={"socket": self.id})
            await self.turn_away()

    async def _look_again(self) -> None:
        # The session too: gone after a sign-out, and after a changed password its hash fits no more.
        await self._identify(anew=True)
        await self.check()

    async def turn_away(self) -> None:
        """Close so that the client comes again."""
        await self.close(codes.RESTART)

    async def _or_close(self, checked: Coroutine[Any, Any, None], *, away_is_no_reason: bool = False) -> None:
        try:
            await checked
        except Closed as closed:
            await self.close(closed.code)
        except Refused as refused:
            log.info("Socket refused", extra={"path": self.scope["path"], "code": refused.code, "socket": self.id})
            await self.close(codes.NOTHING_TO_SEE)
        except (psycopg.Error, DatabaseError) as error:
            if away_is_no_reason:  # nobody told of a change: the next look is soon enough
                log.info("A socket could not be looked at again", extra={"error": in_words(error), "socket": self.id})
                return
            log.error("Socket turned away: the database is away", extra={"error": in_words(error), "socket": self.id})
            await self.close(codes.RESTART)

    async def _complain(self, frame: dict[str, Any], code: str, detail: str) -> None:
        given = frame.get("id")
        id = given if isinstance(given, int) and not isinstance(given, bool) else None
        await self.tell({"type": "error", "id": id, "code": code, "detail": detail})
