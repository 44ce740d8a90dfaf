"""Log lines: readable at a desk, JSON where a machine reads them."""

import sys
from typing import Any

import structlog

from progress.control_characters import harmless
from project.request_ids import name_request


def _harmless_values(_logger: Any, _method: str, event: dict[str, Any]) -> dict[str, Any]:
    """Let no name that is logged speak to the terminal; JSON escapes it by itself."""
    return {key: harmless(value, keeping="\n\t") if isinstance(value, str) else value for key, value in event.items()}


def _at_a_desk() -> list[Any]:
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    return [structlog.processors.format_exc_info, _harmless_values, renderer]


def _for_a_machine() -> list[Any]:
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer()]


PRE_CHAIN: list[Any] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    name_request,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]

PROCESSORS: list[Any] = [
    structlog.stdlib.ProcessorFormatter.remove_processors_meta,
    *(_at_a_desk() if sys.stderr.isatty() else _for_a_machine()),
]
