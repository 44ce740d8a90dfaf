"""The probe: how long a video file lasts, in which codec it is, and a picture from it.

The worker runs it as a process of its own, `python -m progress.uploads.probe <path>`, which answers in JSON on standard
output: an uploaded file may crash or hang whatever decodes it, or take it over. So the process knows no Django, no
address and no key, limits itself, and opens that one file alone, as the container that its name says: FFmpeg would
else take an uploaded playlist for a list of files and addresses to read.
"""

from __future__ import annotations

import base64
import json
import resource
import signal
import sys
from dataclasses import asdict, dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Literal

import av
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from PIL import Image

from progress.uploads.kinds import kind_of

SECONDS = 120
"""So long a file may be looked at, by the clock; the probe ends itself, should whoever started it be gone."""
CPU_SECONDS = 60
MEMORY_BYTES = 2 * 1024**3
"""Of addresses; a frame of 8K and those that it is predicted from are half of it."""
OUTPUT_BYTES = 4 * 1024**2

POSTER_PIXELS = 1280
"""The longer side of a poster, at most."""
_POSTER_AT = 0.1  # of the length: the first frames of many videos are black
_MOST_FRAMES = 100  # decoded on the way from a keyframe to that moment

_CUT_SECONDS = 2.0
_CUT_SHARE = 0.05

Reason = Literal["unreadable", "no_video", "codec", "cut_off", "too_heavy"]


@dataclass(frozen=True, slots=True)
class Found:
    """What a usable file is: its seconds, its codec as FFmpeg calls it, and its poster as a JPEG."""

    duration: float
    codec: str
    poster: bytes


class Unusable(Exception):
    """The file is no video that browsers play: why, and what is to be said with it."""

    def __init__(self, reason: Reason, **more: str | float) -> None:
        super().__init__(reason)
        self.reason = reason
        self.more = more


def read(path: str | Path) -> Found:
    """Read a video file in this process; raises Unusable, and OSError where it is not there."""
    kind = kind_of(str(path))
    if kind is None:
        raise Unusable("unreadable")
    with Path(path).open("rb"):
        pass  # FFmpeg's own errors would not tell a lost file from a broken one
    try:
        with av.open(
            str(path), "r", format=kind.demuxer, options={"protocol_whitelist": "file"}, metadata_errors="replace"
        ) as container:
            stream = container.streams.best("video")
            if not isinstance(stream, VideoStream):
                raise Unusable("no_video")
            codec = stream.codec_context.codec.canonical_name if stream.codec_context else "unknown"
            if codec not in kind.codecs:
                raise Unusable("codec", codec=codec)
            stream.codec_context.thread_count = 1
            duration = _duration(container, stream)
            frame = _frame(container, stream, duration * _POSTER_AT)
            poster = _poster(frame, pixel_width=float(stream.sample_aspect_ratio or 1))
            return Found(round(duration, 3), codec, poster)
    except (av.FFmpegError, ValueError, OverflowError) as error:
        raise Unusable("unreadable") from error


def _duration(container: InputContainer, stream: VideoStream) -> float:
    """Return what the container says, or where it says nothing, the end of its last video frame."""
    begins = (container.start_time or 0) / av.time_base
    if not container.duration or container.duration < 0:
        # As browsers record: the length is not known when the file begins, and nobody writes it in later.
        ends = _last(container, [stream])
        if ends is None or ends <= begins:
            raise Unusable("unreadable")
        return ends - begins
    says = container.duration / av.time_base
    container.seek(container.start_time + container.duration if container.start_time else container.duration)
    there = (_last(container, list(container.streams)) or begins) - begins
    if says - there > max(_CUT_SECONDS, says * _CUT_SHARE):
        # Half a file opens as a whole one, since its beginning says how long it is.
        raise Unusable("cut_off", says=round(says), there=round(max(there, 0.0)))
    return says


def _last(container: InputContainer, streams: list[av.stream.Stream]) -> float | None:
    """Return where the last of the packets that follow ends, in seconds; None where there is none."""
    ends = None
    for packet in container.demux(streams):
        if packet.pts is not None and packet.time_base is not None:
            ends = max(ends or 0.0, float((packet.pts + (packet.duration or 0)) * packet.time_base))
    return ends


def _frame(container: InputContainer, stream: VideoStream, after: float) -> VideoFrame:
    """Return the frame that is shown so many seconds after the beginning, or the last one before that can be had."""
    at = (container.start_time or 0) / av.time_base + after
    container.seek(int(at * av.time_base))
    found = None
    for frame in islice(container.decode(stream), _MOST_FRAMES):
        found = frame
        if frame.time is None or frame.time >= at:
            break
    if found is None:
        raise Unusable("unreadable")
    return found


def _poster(frame: VideoFrame, *, pixel_width: float) -> bytes:
    """Draw the frame as players show it: its pixels made square, and upright however the camera was held."""
    width, height = frame.width * pixel_width, float(frame.height)
    smaller = min(1.0, POSTER_PIXELS / max(width, height))
    # FFmpeg makes it smaller as it converts: a frame of 8K never stands in memory as RGB.
    scaled = {"width": max(1, round(width * smaller)), "height": max(1, round(height * smaller))}
    image: Image.Image = frame.to_image(**scaled)  # type: ignore[no-untyped-call]
    if frame.rotation:
        image = image.rotate(frame.rotation, expand=True)
    jpeg = BytesIO()
    image.save(jpeg, "JPEG", quality=80)
    return jpeg.getvalue()


def limit() -> None:
    """Let this process take no more than its share, and end it after a while."""
    for what, most in (
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_CPU, CPU_SECONDS),
        (resource.RLIMIT_AS, MEMORY_BYTES),
        (resource.RLIMIT_FSIZE, OUTPUT_BYTES),
    ):
        _soft, hard = resource.getrlimit(what)
        least = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (least, least))
    signal.alarm(SECONDS)


def main(path: str) -> None:
    """Write what was found, or why the file is of no use."""
    limit()
    try:
        found = read(path)
        told = {**asdict(found), "poster": base64.b64encode(found.poster).decode()}
    except Unusable as error:
        told = {"reason": error.reason, **error.more}
    except MemoryError:
        told = {"reason": "too_heavy"}
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(sys.argv[1])
