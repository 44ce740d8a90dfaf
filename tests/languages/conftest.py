"""Fixtures of the tests of languages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.cache import cache
from django.db import connection
from pytest_django import Settings

from tests.languages import pseudo
from tests.test_roles import school  # noqa: F401 - a fixture


@pytest.fixture(scope="session")
def pseudo_locale(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the catalogue of the language that does not exist."""
    folder = tmp_path_factory.mktemp("locale")
    pseudo.make(folder)
    return folder


@pytest.fixture
def pseudo_language(pseudo_locale: Path, settings: Settings) -> Iterator[None]:
    """Whoever reads German reads the language that does not exist."""
    settings.LOCALE_PATHS = [pseudo_locale]
    cache.clear()  # parts of pages that are kept by their language
    yield
    cache.clear()


@pytest.fixture
def large_numbers(transactional_db: None) -> None:
    """Every id that is given from now on is over a million: as a number for people it would have two separators."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, "
            "greatest(coalesce(last_value, 0), 1234567)) FROM pg_sequences WHERE schemaname = current_schema()"
        )
