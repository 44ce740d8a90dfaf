"""What the bench says of plans: a large table read from one end to the other, a text looked for without its index."""

from __future__ import annotations

import pytest
from django.db import connection

from progress.models import User
from tests.bench import plans
from tests.conftest import Cast


@pytest.fixture
def every_table_is_large(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "LARGE", 0)
    with connection.cursor() as sql:
        sql.execute("ANALYZE progress_user, progress_course")


def found() -> list[User]:
    return list(User.objects.filter(search_text__contains="lovelace"))


@pytest.mark.usefixtures("every_table_is_large")
def test_a_large_table_that_is_read_from_one_end_to_the_other_is_told() -> None:
    assert plans.faults(found) == [f"reads all {User.objects.count()} rows of progress_user"]
    assert plans.faults(found, text=True)[1:] == ["looks for a text without a trigram index"]


@pytest.mark.usefixtures("every_table_is_large")
def test_a_text_found_along_its_index_is_no_fault() -> None:
    with connection.cursor() as sql:
        sql.execute("SET LOCAL enable_seqscan = off")
    assert len(found()) == 1
    assert plans.faults(found, text=True) == []


def test_a_small_table_may_be_read_whole(cast: Cast) -> None:
    assert plans.faults(found, text=True) == []
