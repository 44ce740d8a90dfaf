"""What the bench says of plans: a large table read from one end to the other, a text looked for without its index."""

from __future__ import annotations

import pytest
from django.db import connection

from progress.models import User
from tests.bench import plans
from tests.cast import Cast


@pytest.fixture
def people(cast: Cast) -> int:
    """How many there are; PostgreSQL knows it too, whatever other tests have let it count."""
    with connection.cursor() as sql:
        sql.execute("ANALYZE progress_user")
    return User.objects.count()


@pytest.fixture
def large(people: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """So few people, as if they were many."""
    monkeypatch.setattr(plans, "LARGE", people - 1)
    monkeypatch.setattr(plans, "SOON", 3)
    return people


def named(text: str, most: int = 50) -> None:
    list(User.objects.filter(search_text__contains=text)[:most])


def test_a_large_table_that_is_read_from_one_end_to_the_other_is_told(large: int) -> None:
    assert plans.faults(lambda: named("lovelace"), along="user_search") == [
        f"reads {large} of {large} rows of progress_user one after the other",
        "does not look along user_search",
    ]


@pytest.mark.usefixtures("large")
def test_a_text_found_along_its_index_is_no_fault() -> None:
    with connection.cursor() as sql:
        for other in ("seqscan", "indexscan", "indexonlyscan"):
            sql.execute(f"SET LOCAL enable_{other} = off")
    assert plans.faults(lambda: named("lovelace"), along="user_search") == []


@pytest.mark.usefixtures("large")
def test_what_many_have_is_found_soon_in_a_large_table() -> None:
    assert plans.faults(lambda: named("a", most=1)) == []


@pytest.mark.usefixtures("people")
def test_a_small_table_may_be_read_whole() -> None:
    assert plans.faults(lambda: named("lovelace"), along="user_search") == []
