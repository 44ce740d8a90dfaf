"""Videos to be uploaded: whole ones of every codec, spoilt ones, sound alone."""

from __future__ import annotations

import functools
from collections.abc import Callable
from fractions import Fraction
from io import BytesIO
from typing import Any

import av
from av.video.frame import VideoFrame
from PIL import Image

from project.demo import videos

ENCODERS = {encoder.codec: encoder for encoder in videos.ENCODERS}


@functools.cache
def film(seconds: int = 3, codec: str = "libx264", title: str = "A film") -> bytes:
    """A video that browsers play."""
    return videos.make(title, seconds=seconds, ground=(30, 60, 90), encoder=ENCODERS[codec])


def encoded(
    codec: str,
    container: str = "mp4",
    *,
    size: tuple[int, int] = (320, 240),
    frames: int = 20,
    prepare: Callable[[Any], None] = lambda stream: None,
    **options: Any,
) -> bytes:
    """A video of any codec: a red square in the upper left corner of black frames, ten a second."""
    image = Image.new("RGB", size)
    image.paste((255, 0, 0), (0, 0, size[0] // 4, size[1] // 4))
    output = BytesIO()
    with av.open(output, "w", format=container, **options) as file:
        stream = file.add_stream(codec, rate=10)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        prepare(stream)
        for number in range(frames):
            frame = VideoFrame.from_image(image).reformat(format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return output.getvalue()


def quietly(stream: Any) -> None:
    """Keep x265 from telling its life on standard error."""
    stream.options = {"x265-params": "log-level=none"}


def sound() -> bytes:
    """A file with sound alone."""
    output = BytesIO()
    with av.open(output, "w", format="mp4") as file:
        stream = file.add_stream("aac", rate=48000)
        frame = av.AudioFrame(format="fltp", layout="mono", samples=1024)
        frame.sample_rate = 48000
        for plane in frame.planes:
            plane.update(bytes(plane.buffer_size))
        file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return output.getvalue()


def spoilt(content: bytes) -> bytes:
    """The same file, its pictures replaced by noise."""
    begins = content.index(b"mdat") + 4
    return content[:begins] + bytes((7 * number * number) % 251 for number in range(len(content) - begins))


def poster_of(content: bytes) -> Image.Image:
    """The picture that was made, a JPEG."""
    image = Image.open(BytesIO(content))
    assert image.format == "JPEG"
    return image
