"""Debian's chromium: where it is, and how it is started."""

from __future__ import annotations

import shutil

FLAGS = [
    "--no-sandbox",  # as root
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]


def found() -> str | None:
    """The program; None where it is not installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser")
