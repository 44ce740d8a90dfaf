"""What tests of uploads ask for."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from django.test import Client
from pytest_django import Settings

from tests.cast import Cast


@pytest.fixture
def place(tmp_path: Path) -> Callable[[bytes, str], Path]:
    """Puts bytes into a file."""

    def put(content: bytes, name: str) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return put


@pytest.fixture
def stored(db: None, settings: Settings, tmp_path: Path) -> Path:
    """The folder of media, of this test alone; what is not committed, no worker of other tests takes for its own."""
    settings.MEDIA_ROOT = tmp_path / "media"
    return tmp_path / "media"


@pytest.fixture
def page(cast: Cast, stored: Path) -> Client:
    """The admin site, as its administrator."""
    client = Client()
    client.force_login(cast.admin)
    return client
