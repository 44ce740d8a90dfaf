"""Simulated students: their plans, and that a class of them comes to what was planned, seen live and on reload."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.core.management import CommandError, call_command
from django.test import override_settings

from progress import school
from progress.models import Course, Exam, Lesson, User, UserProgress
from progress.text import normalised
from project.demo import questions
from project.run import Plan, main
from project.simulation import course as facts
from project.simulation import plan as plans
from project.simulation.address import parse_address
from project.simulation.outcome import outcome
from project.simulation.plan import KINDS, Mark, Pause, TakeExam, TakeQuiz, Watch, plan
from project.simulation.student import answers
from tests.cast import Cast
from tests.live import ROOT, Live, until

ALGORITHMS = facts.Course(
    "algorithms", (facts.Lesson("one", 24), facts.Lesson("two", 40, quiz=True), facts.Lesson("three", 28)), exam=True
)
CLASS = range(1, 7)
SEED = 4

Told = list[tuple[str, int, str]]
"""Entries, sorted, by type, number of the student and slug of the lesson (empty without one)."""


def test_the_same_seed_gives_the_same_plans_and_another_seed_others() -> None:
    assert [plan(1, number, ALGORITHMS) for number in range(1, 50)] == [
        plan(1, number, ALGORITHMS) for number in range(1, 50)
    ]
    assert [plan(1, number, ALGORITHMS) for number in range(1, 50)] != [
        plan(2, number, ALGORITHMS) for number in range(1, 50)
    ]
    # Written down once: another process, another day and another Python come to the same.
    assert [plan(1, number, ALGORITHMS).kind for number in range(1, 4)] == [plans.OFFLINE, plans.SKIPPER, plans.STEADY]
    first = plan(1, 1, ALGORITHMS).steps[:2]
    assert first == (Pause(3.67), Watch(0, ((0.0, 24),), offline=(3.24, 16.224)))


def test_of_every_six_students_each_is_of_another_kind() -> None:
    for first in range(1, 100, len(KINDS)):
        assert {plan(7, number, ALGORITHMS).kind for number in range(first, first + len(KINDS))} == set(KINDS)


@pytest.mark.parametrize("seed", range(20))
def test_every_plan_stays_inside_the_lessons_and_away_from_where_chance_would_decide(seed: int) -> None:
    for number in range(1, 13):
        made = plan(seed, number, ALGORITHMS)
        for step in made.steps:
            if isinstance(step, Watch):
                lasts = ALGORITHMS.lessons[step.lesson].duration
                assert all(0 <= start < end <= lasts for start, end in step.stretches), step
                share = sum(end - start for start, end in step.stretches) / lasts
                assert made.kind == plans.REWATCHER or not (0.45 < share < 0.55 or 0.86 < share < 0.99), step
                assert step.offline is None or 0 < step.offline[0] < step.offline[1] < lasts, step


def test_each_kind_does_what_its_name_says() -> None:
    by_kind = {each.kind: each for each in (plan(5, number, ALGORITHMS) for number in CLASS)}
    assert outcome(by_kind[plans.STEADY], ALGORITHMS) == [
        ("certification_issued", None),
        ("exam_attempt", None),
        *[("lesson_completed", index) for index in range(3)],
        *[("progress_update", index) for index in range(3)],
    ]
    assert outcome(by_kind[plans.OFFLINE], ALGORITHMS) == outcome(by_kind[plans.STEADY], ALGORITHMS)
    assert any(isinstance(step, Watch) and step.offline for step in by_kind[plans.OFFLINE].steps)
    tries = [step for step in by_kind[plans.FAILS].steps if isinstance(step, TakeQuiz | TakeExam)]
    assert [each.right for each in tries] == [False, True, False, True]
    assert outcome(by_kind[plans.FAILS], ALGORITHMS).count(("exam_attempt", None)) == 2
    assert not [step for step in by_kind[plans.QUITS].steps if isinstance(step, TakeExam)]
    skipped = [step for step in by_kind[plans.SKIPPER].steps if isinstance(step, Watch)]
    marked = {step.lesson for step in by_kind[plans.SKIPPER].steps if isinstance(step, Mark)}
    assert all(len(step.stretches) == 2 for step in skipped)
    told = outcome(by_kind[plans.SKIPPER], ALGORITHMS)
    assert {index for type, index in told if type == "lesson_completed"} == marked
    rewatched = [step for step in by_kind[plans.REWATCHER].steps if isinstance(step, Watch)]
    for step in rewatched:
        assert sum(end - start for start, end in step.stretches) > ALGORITHMS.lessons[step.lesson].duration


def test_answers_are_right_or_wrong_as_asked() -> None:
    paper = [{"id": 5, "choices": [{"id": 8, "text": "A hundred"}, {"id": 9, "text": "Ten (correct)"}]}]
    assert answers(paper, right=True) == {"5": 9}
    assert answers(paper, right=False) == {"5": 8}


@pytest.mark.parametrize("address", ["http://127.0.0.1:8000", "http://localhost:8000/", "http://[::1]:80"])
def test_a_site_on_this_machine_is_taken(address: str) -> None:
    assert parse_address(address).origin == address.removesuffix("/").removesuffix(":80")


@pytest.mark.parametrize(
    "address",
    ["http://10.0.0.1:8000", "http://school.example", "https://127.0.0.1", "127.0.0.1:8000", "http://127.0.0.1:x"],
)
def test_any_other_address_is_refused(address: str) -> None:
    with pytest.raises(ValueError, match=r"\."):
        parse_address(address)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"speed": 2.5}, "--speed must be from 0.1 to 2"),
        ({"base": "http://school.example"}, "on this machine"),
        ({"minutes": 0.0}, "--minutes must be more than 0"),
    ],
)
def test_the_command_says_what_it_does_not_take(given: dict[str, Any], why: str) -> None:
    with override_settings(DEBUG=True), pytest.raises(CommandError, match=why):
        call_command("simulate", **given)


def test_the_command_refuses_where_debug_is_off() -> None:
    with override_settings(DEBUG=False), pytest.raises(CommandError, match="DEBUG"):
        call_command("simulate")


def _short_course(course: Course) -> facts.Course:
    """Give the demo's course lessons of a few seconds, a quiz and an exam; return it as its students know it."""
    course.lessons.all().delete()
    for order, (slug, duration) in enumerate((("what-is-an-algorithm", 2), (questions.QUIZ_LESSON, 3)), start=1):
        lesson = Lesson(course=course, slug=slug, title=slug, duration=duration, order=order)
        lesson.search_text = normalised(lesson.title)
        lesson.save()
    Exam.objects.create(course=course, title="Final exam", pass_mark=70)
    questions.make(course)
    lessons = (facts.Lesson("what-is-an-algorithm", 2), facts.Lesson(questions.QUIZ_LESSON, 3, quiz=True))
    return facts.Course(course.slug, lessons, exam=True)


def _told(entries: Iterable[dict[str, Any]], numbers: dict[int, int]) -> Told:
    return sorted(
        (each["type"], numbers[each["user"]["id"]], each["lesson"]["slug"] if each["lesson"] else "")
        for each in entries
    )


async def _simulate(live: Live, **options: object) -> subprocess.CompletedProcess[str]:
    """Run the command as somebody at a terminal would."""
    command = [sys.executable, "manage.py", "simulate", "--base", f"http://{live.site.address()}"]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    run = lambda: subprocess.run(  # noqa: E731
        command, cwd=ROOT, env=live.site.environment, capture_output=True, text=True, timeout=60, check=False
    )
    return await asyncio.to_thread(run)


async def _class_comes_to_its_plans(live: Live, cast: Cast, course: facts.Course, *, killed: bool = False) -> Told:
    planned = sorted(
        (type, number, "" if lesson is None else course.lessons[lesson].slug)
        for number in CLASS
        for type, lesson in outcome(plan(SEED, number, course), course)
    )
    # Where the students' web process is killed in the middle, the viewers are on the other one.
    async with live.feed(cast.grace, web=int(killed)) as grace, live.feed(cast.admin, web=1) as admin:
        running = asyncio.create_task(_simulate(live, students=len(CLASS), seed=SEED, speed=2, minutes=1))
        if killed:
            await grace.until_shown("progress_update")
            await asyncio.to_thread(live.site.end, "web0", signal.SIGKILL)
            live.site.start("web0")
        ran = await running
        assert ran.returncode == 0, ran.stderr
        assert f"done: {len(CLASS)} students did all they had planned" in ran.stdout, ran.stdout
        students = User.objects.filter(username__startswith="student")
        numbers = {each.pk: int(each.username[-4:]) async for each in students}
        for viewer in (grace, admin):
            await until(lambda viewer=viewer: _told(viewer.list(), numbers) == planned, what="what was planned")
        assert not await UserProgress.objects.exclude(suspicious="").aexists()  # nobody outran the clock
        # At rest every viewer equals the snapshot (law 4), whichever process it asks.
        snapshot = (await live.snapshot(cast.grace, web=1))["entries"]
        for viewer in (grace, admin):
            await until(lambda viewer=viewer: viewer.list() == snapshot, what="the snapshot")
        return _told(snapshot, numbers)


async def test_a_class_comes_to_what_was_planned_and_another_of_the_same_seed_to_the_same_though_web_is_killed(
    live: Live, cast: Cast
) -> None:
    course = await sync_to_async(_short_course)(cast.algorithms)
    first = await _class_comes_to_its_plans(live, cast, course)
    await sync_to_async(school.remove_people)(User.objects.filter(username__startswith="student"))
    assert await _class_comes_to_its_plans(live, cast, course, killed=True) == first


async def test_a_class_goes_home_at_sigterm(live: Live, cast: Cast) -> None:
    await sync_to_async(_short_course)(cast.algorithms)
    command = [sys.executable, "manage.py", "simulate", "--base", f"http://{live.site.address()}", "--endless"]
    process = await asyncio.create_subprocess_exec(
        *command, cwd=ROOT, env=live.site.environment, stdout=asyncio.subprocess.PIPE
    )
    try:
        async with live.feed(cast.grace) as grace:
            await grace.until_shown("progress_update")
        process.terminate()
        said, _ = await asyncio.wait_for(process.communicate(), 15)
    finally:
        if process.returncode is None:
            process.kill()
    assert process.returncode == 0
    assert b"sent home: " in said


def test_a_wrong_number_of_simulated_students_stops_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(Plan(folder=tmp_path / "local"), {"SIMULATE": "many"}) == 1
    assert "SIMULATE must be a whole number from 0 to 500; got 'many'." in capsys.readouterr().err
    assert not (tmp_path / "local").exists()
