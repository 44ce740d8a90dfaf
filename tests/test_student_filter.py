"""The filter for one student: found by name among one's own students, kept by id, taken away by its chip."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from feed import students
from progress.models import Enrollment, User
from tests.cast import Cast
from tests.test_csv import attempts

pytestmark = pytest.mark.django_db(transaction=True)

ADDRESS = "/dashboard/students/"


def page(person: User, **query: Any) -> Any:
    """The students page as this person's browser gets it."""
    client = Client()
    client.force_login(person)
    return client.get(ADDRESS, query)


def names(person: User, text: str) -> list[str]:
    """What the search offers."""
    client = Client()
    client.force_login(person)
    return [each["name"] for each in client.get("/api/students/", {"q": text}).json()["students"]]


def test_a_name_is_found_among_ones_own_students_alone(cast: Cast) -> None:
    assert names(cast.grace, "lovel") == names(cast.admin, "ADA love") == ["Ada Lovelace"]
    assert names(cast.oscar, "lovel") == []
    assert names(cast.oscar, "curie") == ["Eve Curie"]
    for person in (cast.ada, cast.olga):
        assert names(person, "lovel") == []


def test_one_letter_finds_nobody_and_of_many_ten_are_offered(cast: Cast) -> None:
    for number in range(12):
        someone = User.objects.create(username=f"zoe{number}", first_name="Zoë", last_name=f"N{number:02}")
        Enrollment.objects.create(user=someone, course=cast.algorithms)
    assert names(cast.grace, "z") == []
    assert names(cast.grace, "zoë") == [f"Zoë N{number:02}" for number in range(students.FOUND)]
    assert names(cast.grace, "zoë n11") == ["Zoë N11"]


def test_a_name_that_means_one_student_leads_to_their_entries(cast: Cast) -> None:
    attempts(cast, [cast.ada, cast.bob])
    answer = page(cast.grace, student_name="lovelace", type="exam_attempt")
    assert answer.status_code == 302
    assert answer["Location"] == f"{ADDRESS}?type=exam_attempt&student={cast.ada.pk}"
    shown = page(cast.grace, student=cast.ada.pk)
    assert [entry["user"]["name"] for entry in shown.context["feed"]["entries"]] == ["Ada Lovelace"]


def test_a_name_of_several_asks_which_one_and_an_unknown_one_says_so(cast: Cast) -> None:
    for username in ("twin1", "twin2"):
        twin = User.objects.create(username=username, first_name="Kim", last_name="Park")
        Enrollment.objects.create(user=twin, course=cast.algorithms)
    answer = page(cast.grace, student_name="kim", q="exam")
    assert answer.status_code == 200
    text = answer.content.decode()
    assert "Which one do you mean?" in text
    for twin in User.objects.filter(username__startswith="twin"):
        assert f'href="?q=exam&amp;student={twin.pk}"' in text
    assert "twin1" in text
    unknown = page(cast.grace, student_name="curie")  # of another course
    assert unknown.status_code == 422
    assert "None of your students is called so." in unknown.content.decode()


def test_the_full_name_of_one_means_them_though_others_have_it_within_theirs(cast: Cast) -> None:
    longer = User.objects.create(username="ann", first_name="Mary Ada", last_name="Lovelace")
    Enrollment.objects.create(user=longer, course=cast.algorithms)
    answer = page(cast.grace, student_name="Ada Lovelace")
    assert answer["Location"].endswith(f"student={cast.ada.pk}")


def test_each_filter_has_a_chip_that_takes_away_itself_alone(cast: Cast) -> None:
    query = {
        "q": "exam",
        "type": ["exam_attempt", "lesson_completed"],
        "course": cast.algorithms.pk,
        "student": [cast.ada.pk, cast.eve.pk],
        "since": "2026-11-01",
        "until": "2026-11-30",
    }
    answer = page(cast.grace, **query)
    chips = answer.context["chips"]
    assert [(chip.name, chip.label) for chip in chips] == [
        ("q", "exam"),
        ("type", ""),
        ("type", ""),
        ("course", "Algorithms"),
        ("student", "Ada Lovelace"),
        ("student", ""),  # whom grace does not teach: no name
        ("since", "2026-11-01"),
        ("until", "2026-11-30"),
    ]
    assert "Eve" not in answer.content.decode()
    for chip in chips:
        left = page(cast.grace, **{}).client.get(ADDRESS + chip.without).context["chips"]
        assert [(other.name, other.value) for other in left] == [
            (other.name, other.value) for other in chips if other != chip
        ]


@pytest.mark.parametrize(
    ("query", "sentence"),
    [
        ({"q": "x"}, "A search has 3 to 100 characters."),
        ({"since": "tomorrow"}, "This is no day."),
        ({"type": "none"}, "The address has a filter that does not exist."),
        ({"before": "x"}, "The address does not say where older entries begin."),
    ],
)
def test_a_wrong_value_is_said_in_words(cast: Cast, query: dict[str, str], sentence: str) -> None:
    answer = page(cast.grace, **query)
    assert answer.status_code == 422
    assert sentence in answer.content.decode()


def test_an_empty_list_because_of_filters_leads_out_of_them(cast: Cast) -> None:
    assert "Clear filters" in page(cast.grace, q="nothing").content.decode()
    assert "Clear filters" not in page(cast.grace).content.decode()
