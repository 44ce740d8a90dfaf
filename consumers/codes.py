"""Close codes and limits of the sockets, one table each (docs/protocol.md)."""

from typing import Final

RESTART: Final = 1012
"""The server goes or has heard nothing for too long: come again, after a random while."""

BAD_PROTOCOL: Final = 4000
"""Too many bad frames in a row. Final for the page."""

NOT_SIGNED_IN: Final = 4401
"""No session, or not any more. Final for the page."""

NOTHING_TO_SEE: Final = 4403
"""Nothing left here that the person may see. Final for the page."""

TOO_MANY_SOCKETS: Final = 4409
"""The person, or the address, has as many as they may; the new one is refused. Final for the page."""

TOO_MANY_MESSAGES: Final = 4029
"""More than may come in a second, of ticks or of connects: come again later."""

TOO_SLOW: Final = 4008
"""The other end reads more slowly than there is to say: come again and recover. A dead reader never sees it."""

DEAF: Final = frozenset({BAD_PROTOCOL, TOO_MANY_MESSAGES})
"""After these the server reads nothing more: whoever gets one sends more than is taken."""

BAD_FRAMES_IN_A_ROW: Final = 20
PING_SECONDS: Final = 25.0
SILENCE_SECONDS: Final = 60.0
DAPHNE_PING_SECONDS: Final = 3600
DAPHNE_PING_TIMEOUT: Final = 0
"""None of its own: our heartbeat finds dead peers, and Daphne's is postponed by any inbound byte."""

RECHECK_SECONDS: Final = 60.0
"""How often a socket's right to be open is looked at though nobody told of a change: sessions expire without a word."""

FRAME_BYTES: Final = 32 * 1024
"""A frame of entries is cut here, so that one slow line does not hold a megabyte at a time."""

BEHIND_BYTES: Final = 64 * 1024
"""A socket with more unsent than this is given nothing new; it catches up from the history once it has read."""

STALLED_SECONDS: Final = 10.0
"""A socket that stays so full for so long is closed."""
