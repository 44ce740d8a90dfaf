"""How each system is published to: one module each, with `connected(address)`."""

from collections.abc import Awaitable, Callable
from typing import Any

Publish = Callable[[list[dict[str, Any]]], Awaitable[None]]
"""Publishes a batch of entries."""
