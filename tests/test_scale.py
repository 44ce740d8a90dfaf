"""The model of docs/scale.md: what is counted on processes is what the school says, however its pages are spread."""

from __future__ import annotations

import pytest

from tests.bench import scale
from tests.bench.scale import AT_MOST, MEASURED, School


def test_a_school_has_as_many_students_as_were_asked_for_and_is_the_same_each_time() -> None:
    for students in (1, 999, 50_000):
        assert scale.drawn(students).students == students
    assert scale.drawn(5000) == scale.drawn(5000)
    assert scale.drawn(5000) != scale.drawn(5000, seed=7)


def test_one_process_hears_each_course_once_and_delivers_to_each_page() -> None:
    school = School(courses=[60, 120], teachers=[(0,), (0,), (0, 1)], administrators=0, own=0)
    [only] = scale.placed(school, 1, MEASURED).processes
    of_first, of_second = school.entries_of(0), school.entries_of(1)
    assert (of_first, of_second) == (pytest.approx(1), pytest.approx(2))
    assert only.heard == pytest.approx(of_first + of_second)
    assert only.delivered == pytest.approx(3 * of_first + of_second)


def test_an_administrator_hears_everything() -> None:
    school = School(courses=[600, 1200], teachers=[], administrators=3, own=0)
    [only] = scale.placed(school, 1, MEASURED).processes
    assert only.heard == pytest.approx(school.entries) == pytest.approx(30)
    assert only.delivered == pytest.approx(3 * school.entries)


def test_however_many_processes_there_are_each_page_gets_the_same_and_redis_hands_out_more() -> None:
    school = scale.drawn(20_000)
    one, few, many = (scale.placed(school, count, MEASURED) for count in (1, 4, 32))
    assert one.delivered == pytest.approx(few.delivered) == pytest.approx(many.delivered)
    assert one.copies < few.copies < many.copies <= many.delivered


def test_so_many_processes_are_enough_and_a_tenth_fewer_are_not() -> None:
    school = scale.drawn(200_000, administrators=0)
    count = scale.processes_for(school, MEASURED)
    assert scale.placed(school, count, MEASURED).busiest.busy <= AT_MOST
    assert scale.placed(school, count * 9 // 10, MEASURED).busiest.busy > AT_MOST


def test_where_one_page_alone_is_too_much_it_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    loud = int(2 * AT_MOST / MEASURED.web_entry * scale.TICK_EVERY * scale.ENTRY_EVERY)
    assert scale.processes_for(School([loud], [], administrators=1, own=0), MEASURED) == 0
    scale.main(["1000", str(loud)])
    said = capsys.readouterr().out
    assert "none is enough" in said
    assert "| 1,000 | 20 | 200 | 17 |" in said
