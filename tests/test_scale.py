"""The model of docs/scale.md: what is counted on processes is what the school says, however its pages are spread."""

from __future__ import annotations

from dataclasses import fields, replace
from itertools import pairwise

import pytest

from tests.bench import scale
from tests.bench.scale import AT_MOST, MEASURED, TICK_EVERY, Curve, School, Spread, redis_and_postgres


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
    loud = int(2 * AT_MOST / MEASURED.web_everybodys.least * scale.TICK_EVERY * scale.ENTRY_EVERY)
    assert scale.processes_for(School([loud], [], administrators=1, own=0), MEASURED) == 0
    scale.main(["1000", str(loud)])
    said = capsys.readouterr().out
    assert "none is enough" in said
    assert "| 1,000 | 20 | 200 | 17 |" in said


def test_what_comes_faster_is_cheaper_and_never_cheaper_than_what_was_measured() -> None:
    curve = Curve([(20, 600.0), (200, 100.0), (1000, 40.0)])
    assert [curve.at(rate) for rate in (20, 200, 1000)] == [600, 100, 40]
    assert curve.at(0) == curve.at(1) == 600
    assert curve.at(1_000_000) == curve.least == 40
    rates = range(1, 3000, 7)
    assert all(curve.at(faster) <= curve.at(rate) for rate, faster in pairwise(rates))
    assert all(faster * curve.at(faster) > rate * curve.at(rate) for rate, faster in pairwise(rates))


def test_more_of_it_never_takes_less_of_a_processor() -> None:
    seen = Curve([(20, 600.0), (200, 50.0)])
    assert 200 * seen.at(200) == 20 * seen.at(20)
    assert seen.at(10_000) == seen.at(200) == seen.least == 60


def test_there_is_room_for_a_bad_minute_whether_it_gathers_or_not() -> None:
    even, gathers = Curve([(1, 10.0)]), Curve([(100, 10.0), (1000, 1.0)])
    assert even.planned(500) == 10
    assert gathers.planned(500) == pytest.approx(gathers.at(500 / AT_MOST))
    assert gathers.planned(5000) == 1


def test_the_model_has_a_curve_for_everything_that_gathers() -> None:
    curves = [each for each in (getattr(MEASURED, field.name) for field in fields(MEASURED)) if isinstance(each, Curve)]
    assert len(curves) == 8
    assert all(each.points == sorted(each.points) for each in curves)


def test_by_course_a_course_is_heard_by_few_processes_and_each_page_gets_the_same() -> None:
    school = scale.drawn(50_000, administrators=0)
    by_chance, by_course = (
        scale.placed(school, 16, MEASURED, spread=spread) for spread in (Spread.CHANCE, Spread.COURSE)
    )
    assert by_course.delivered == pytest.approx(by_chance.delivered)
    assert by_course.copies < by_chance.copies
    assert by_course.busiest.busy < by_chance.busiest.busy


def test_apart_no_process_has_players_and_pages_and_each_page_gets_the_same() -> None:
    school = scale.drawn(50_000, administrators=3)
    together, apart = (scale.placed(school, 16, MEASURED, spread=spread) for spread in (Spread.COURSE, Spread.APART))
    players = [each for each in apart.processes if each.taking]
    assert 0 < len(players) < 16
    assert all(not each.heard and not each.pages for each in players)
    assert all(each.taking <= AT_MOST for each in players)
    assert apart.ticks * len(players) == pytest.approx(together.ticks * 16) == school.students / TICK_EVERY
    assert apart.delivered == pytest.approx(together.delivered)


def test_every_student_is_on_one_database_and_one_redis_however_many_there_are() -> None:
    school = scale.drawn(100_000, administrators=0)
    for count in (1, 3, 16):
        assert all(sum(redis_and_postgres.shares(school, spread, count)) == school.students for spread in Spread)
    load = scale.placed(school, 8, MEASURED)
    one, many = (redis_and_postgres.redis_busy(school, load, MEASURED, Spread.COURSE, count) for count in (1, 5))
    assert sum(many) == pytest.approx(one[0])
    assert max(many) < one[0]


def test_what_gathers_is_divided_among_services_where_sockets_are_spread_by_chance() -> None:
    dear = replace(MEASURED, postgres_tick=Curve([(10, 200 * scale.US), (1000, 20 * scale.US)]))
    school = scale.drawn(40_000, administrators=0)
    by_chance, by_course = (
        redis_and_postgres.postgres_busy(school, scale.placed(school, 8, dear, spread=spread), dear, spread, 10)
        for spread in (Spread.CHANCE, Spread.COURSE)
    )
    assert sum(by_course) == pytest.approx(school.students / TICK_EVERY * 20 * scale.US)
    assert sum(by_chance) > 1.2 * sum(by_course)


def test_what_is_needed_leaves_no_service_busier_than_planned_and_one_fewer_would() -> None:
    school = scale.drawn(300_000, administrators=0)
    need = scale.needed(school, MEASURED, spread=Spread.COURSE)
    load = scale.placed(school, need.processes, MEASURED, spread=Spread.COURSE, databases=need.databases)
    assert need.busiest_redis <= AT_MOST
    assert need.busiest_postgres <= AT_MOST * redis_and_postgres.PROCESSORS
    assert load.busiest.busy <= AT_MOST
    assert need.redis > 1
    assert need.databases > 1
    assert max(redis_and_postgres.redis_busy(school, load, MEASURED, Spread.COURSE, need.redis - 1)) > AT_MOST


def test_everybodys_group_is_on_one_redis_and_gives_way_where_that_is_too_little() -> None:
    loud = int(2 * AT_MOST / MEASURED.redis_everybodys.least * scale.TICK_EVERY * scale.ENTRY_EVERY)
    school = School([loud // 50] * 50, [], administrators=1, own=0)
    nothing = Curve([(1, scale.US / 1000)])
    quick = replace(MEASURED, web_entry=nothing, web_everybodys=nothing, web_delivery=nothing)
    assert scale.needed(school, quick).redis == 0
    without = scale.needed(replace(school, administrators=0), quick)
    assert without.redis > 1
    assert without.everybody == 0
