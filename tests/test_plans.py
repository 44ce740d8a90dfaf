"""What the bench says of plans: a large table read from one end to the other, a text looked for without its index."""

from __future__ import annotations

import pytest
from django.db import connection

from progress.models import User
from tests.bench import plans
from tests.cast import Cast

PEOPLE = 12_000


@pytest.fixture
def crowd(cast: Cast) -> None:
    User.objects.bulk_create(User(username=f"crowd{number}", search_text=f"of {number}") for number in range(PEOPLE))
    with connection.cursor() as sql:
        sql.execute("ANALYZE progress_user")


def named(text: str) -> None:
    list(User.objects.filter(search_text__contains=text)[:50])


@pytest.mark.usefixtures("crowd")
def test_a_large_table_that_is_read_from_one_end_to_the_other_is_told() -> None:
    people = User.objects.count()
    assert people > plans.LARGE
    with connection.cursor() as sql:
        sql.execute("SET LOCAL enable_bitmapscan = off")
    assert plans.faults(lambda: named("lovelace"), along="user_search") == [
        f"reads {people:,} of {people:,} rows of progress_user one after the other",
        "does not look along user_search",
    ]


@pytest.mark.usefixtures("crowd")
def test_a_text_found_along_its_index_is_no_fault_nor_is_one_that_everybody_has() -> None:
    assert plans.faults(lambda: named("lovelace"), along="user_search") == []
    assert plans.faults(lambda: named("of ")) == []


def test_a_small_table_may_be_read_whole(cast: Cast) -> None:
    assert plans.faults(lambda: named("lovelace"), along="user_search") == []
