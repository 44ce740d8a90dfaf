"""Whole frames: what a browser sends is nearly always one short text frame that arrives in one piece.

autobahn takes any stream of bytes apart, with an object for each frame and another for its mask, which is a sixth of
what a tick costs. The ordinary case is read here at once; everything else (pieces, several frames, control frames,
what is too long or no text) is autobahn's, byte for byte.
"""

from __future__ import annotations

_FIN_TEXT = 0x81
_MASKED = 0x80
_SHORT = 126
"""A length below this stands in the second byte; 126 says that it stands in the next two."""


def text_of(data: bytes, *, most: int) -> bytes | None:
    """Return the payload of `data` where that is one whole masked text frame (RFC 6455, 5.2) of valid UTF-8.

    `most` is the longest payload in bytes, 0 for none; None for whatever else `data` may be.
    """
    if len(data) < 6 or data[0] != _FIN_TEXT or not data[1] & _MASKED:
        return None
    length, begins = data[1] ^ _MASKED, 6
    if length > _SHORT:
        return None
    if length == _SHORT:
        length, begins = int.from_bytes(data[2:4]), 8
        if length < _SHORT:
            return None  # not as short as it could be written, which is wrong
    if len(data) != begins + length or (most and length > most):
        return None
    payload = _unmasked(data[begins:], data[begins - 4 : begins])
    try:
        payload.decode()
    except UnicodeDecodeError:
        return None
    return payload


def _unmasked(payload: bytes, mask: bytes) -> bytes:
    # As two large numbers, which Python combines in C.
    length = len(payload)
    key = (mask * (length // 4 + 1))[:length]
    return (int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")).to_bytes(length, "little")
