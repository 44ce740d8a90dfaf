"""The demo's videos: a title, a running clock and a moving bar on a calm ground, playable by every browser.

Needs PyAV and Pillow. The same input gives the same file with the same PyAV.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import av
from av.video.frame import VideoFrame
from PIL import Image, ImageDraw, ImageFont

WIDTH, HEIGHT = 640, 360
FRAMES_PER_SECOND = 10  # the clock shows tenths

_MARGIN = 40
_CELL = (64, 104)  # of one character of the clock
_CLOCK = (_MARGIN, 150)
_BAR = (_MARGIN, 306, WIDTH - _MARGIN, 318)
_LIGHT = 225  # luma of text


@dataclass(frozen=True, slots=True)
class Encoder:
    """A codec in the container that browsers know it in."""

    codec: str
    suffix: str
    options: dict[str, str] = field(default_factory=dict)
    container: dict[str, str] = field(default_factory=dict)


ENCODERS = (
    Encoder(
        codec="libx264",
        suffix=".mp4",
        options={
            "profile": "baseline",
            "preset": "veryfast",
            "crf": "26",
            "x264-params": "scenecut=0:open-gop=0",  # a keyframe each second and nowhere else
        },
        container={"movflags": "+faststart", "fflags": "+bitexact"},
    ),
    Encoder(
        codec="libvpx-vp9",
        suffix=".webm",
        options={"deadline": "realtime", "cpu-used": "8", "crf": "36", "b": "0"},
        container={"fflags": "+bitexact"},
    ),
    Encoder(
        codec="libvpx",
        suffix=".webm",
        options={"deadline": "realtime", "cpu-used": "8", "crf": "12", "b": "400k"},
        container={"fflags": "+bitexact"},
    ),
)


def best_encoder() -> Encoder:
    """Return the first encoder that this PyAV was built with; LookupError where it has none of them."""
    for encoder in ENCODERS:
        if encoder.codec in av.codecs_available:
            return encoder
    raise LookupError(f"This PyAV has no encoder of {', '.join(encoder.codec for encoder in ENCODERS)}.")


def make(title: str, *, seconds: int, ground: tuple[int, int, int], encoder: Encoder | None = None) -> bytes:
    """Return a video file of that many seconds, with a keyframe each second so that seeking is exact."""
    encoder = encoder or best_encoder()
    # A file, not memory: to put the index first, the MP4 writer reads back what it wrote.
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f"video{encoder.suffix}")
        with av.open(str(path), "w", options=encoder.container) as output:
            stream = output.add_stream(encoder.codec, rate=FRAMES_PER_SECOND, options=encoder.options)
            assert isinstance(stream, av.VideoStream)  # noqa: S101 - one signature covers sound too # nosec B101
            stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
            stream.codec_context.gop_size = FRAMES_PER_SECOND
            stream.codec_context.thread_count = 1  # the number of threads shows in the file's bytes
            for frame in _frames(title, seconds, ground):
                output.mux(stream.encode(frame))
            output.mux(stream.encode(None))
        return path.read_bytes()


def _frames(title: str, seconds: int, ground: tuple[int, int, int]) -> Iterator[VideoFrame]:
    """Draw in luma alone: the colour of a frame is the ground's everywhere, and only clock and bar change."""
    luma, blue, red = _ycbcr(ground)
    characters = {character: _character(character, luma) for character in "0123456789:."}
    picture = Image.new("L", (WIDTH, HEIGHT), luma)
    draw = ImageDraw.Draw(picture)
    draw.text((_MARGIN, 48), title, fill=_LIGHT, font=_fitting(title))
    left, top, right, bottom = _BAR
    draw.rectangle(_BAR, fill=luma + 24)

    total = seconds * FRAMES_PER_SECOND
    shown = ""
    for number in range(total):
        for place, character in enumerate(clock := _clock(number)):
            if shown[place : place + 1] != character:
                picture.paste(characters[character], (_CLOCK[0] + place * _CELL[0], _CLOCK[1]))
        shown = clock
        draw.rectangle((left, top, left + (right - left) * number // max(total - 1, 1), bottom), fill=_LIGHT - 40)

        frame = VideoFrame(WIDTH, HEIGHT, "yuv420p")
        for plane, pixels in zip(
            frame.planes,
            (picture.tobytes(), bytes([blue]) * (WIDTH * HEIGHT // 4), bytes([red]) * (WIDTH * HEIGHT // 4)),
            strict=True,
        ):
            plane.update(pixels)
        frame.pts = number
        yield frame


def _clock(number: int) -> str:
    seconds, tenth = divmod(number, FRAMES_PER_SECOND)
    return f"{seconds // 60:02}:{seconds % 60:02}.{tenth}"


def _character(character: str, ground: int) -> Image.Image:
    cell = Image.new("L", _CELL, ground)
    middle = (_CELL[0] / 2, _CELL[1] - 16)
    ImageDraw.Draw(cell).text(middle, character, fill=_LIGHT, font=ImageFont.load_default(96), anchor="ms")
    return cell


def _fitting(title: str) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Return the largest font in which the title fits between the margins."""
    for size in range(44, 12, -2):
        font = ImageFont.load_default(size)
        if font.getlength(title) <= WIDTH - 2 * _MARGIN:
            break
    return font


def _ycbcr(colour: tuple[int, int, int]) -> tuple[int, int, int]:
    """Return an RGB colour as video has it: ITU-R BT.601, limited range."""
    red, green, blue = (channel / 255 for channel in colour)
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return round(16 + 219 * luma), round(128 + 224 * (blue - luma) / 1.772), round(128 + 224 * (red - luma) / 1.402)
