"""An outside issuer under failure: no certificate is lost, and none is issued twice."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from asgiref.sync import sync_to_async
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.test import override_settings

from progress import corrections, database, recorder, school
from progress.audit import Author
from progress.models import Certification, Correction, Enrollment, Exam, Lesson, LessonQuiz, Outbox, User, UserProgress
from progress.ticks import Tick
from project.demo import videos
from tests.cast import Cast
from tests.live import Live, Site, until
from tests.outside_issuer import TOKEN, OutsideIssuer, listening
from tests.papers import ask

TIMEOUT = "1"  # seconds that our side waits for an answer


@pytest_asyncio.fixture
async def issuer() -> AsyncIterator[OutsideIssuer]:
    async with listening() as issuer:
        yield issuer


@pytest_asyncio.fixture
async def school_site(
    transactional_db: None, cast: Cast, issuer: OutsideIssuer, loop_services: None, tmp_path: Path, site: Site
) -> AsyncIterator[Live]:
    """A site of its own, whose certificates an outside service issues.

    Without the worker of the others' site: it works on the same database, and knows of no outside service.
    """
    await asyncio.to_thread(site.end, "worker")
    own = Site(tmp_path, webs=1)
    own.environment |= {
        "CERTIFICATE_ISSUER": issuer.address,
        "CERTIFICATE_ISSUER_TOKEN": TOKEN,
        "CERTIFICATE_ISSUER_TIMEOUT": TIMEOUT,
    }
    await asyncio.to_thread(own.__enter__)
    try:
        async with Live(own) as live:
            yield live
    finally:
        issuer.release.set()
        await asyncio.to_thread(own.__exit__)
        site.start("worker")


@pytest.fixture
def answers(cast: Cast) -> dict[str, int]:
    exam = Exam.objects.create(course=cast.algorithms, title="Final exam", pass_mark=50)
    return ask(exam=exam)[0]


async def students(cast: Cast, count: int) -> list[User]:
    """Students who have completed every lesson."""

    def make() -> list[User]:
        people = [User.objects.create(username=f"s{number}", first_name=f"S{number}") for number in range(count)]
        Enrollment.objects.bulk_create(Enrollment(user=each, course=cast.algorithms) for each in people)
        return people

    people = await sync_to_async(make)()
    await recorder.record([Tick(each.pk, cast.bernoulli.pk, 95, 95) for each in people])
    return people


async def pass_exam(live: Live, person: User, answers: dict[str, int]) -> Certification:
    """Pass the exam, over HTTP, and return the certificate that is due then."""
    browser = await live.http(person)
    exam = await Exam.objects.aget()
    begun = (await browser.post(f"/api/exams/{exam.pk}/attempts/", json={})).json()
    answer = await browser.post(f"/api/attempts/{begun['attempt']}/", json={"answers": answers})
    assert answer.json()["passed"], answer.text
    return await Certification.objects.standing().aget(user=person)


async def until_issued(*certificates: Certification, within: float = 60) -> list[Certification]:
    pks = [each.pk for each in certificates]

    async def issued() -> list[Certification]:
        return [each async for each in Certification.objects.valid().filter(pk__in=pks).order_by("pk")]

    async with asyncio.timeout(within):
        while len(found := await issued()) < len(pks):
            await asyncio.sleep(0.05)
    return found


async def until_jobs(**counted: int) -> None:
    """Wait until so many jobs have these states, and none another."""

    async def states() -> dict[str, int]:
        async with database.connection() as connection:
            cursor = await connection.execute("SELECT status::text, count(*) FROM procrastinate_jobs GROUP BY 1")
            return dict(await cursor.fetchall())

    async with asyncio.timeout(60):
        while (found := await states()) != counted:
            await asyncio.sleep(0.05)
    assert found == counted


async def test_whatever_the_issuer_does_each_student_gets_one_certificate_and_one_entry(
    school_site: Live, cast: Cast, issuer: OutsideIssuer, answers: dict[str, int]
) -> None:
    faults = ["", "fail", "drop", "close", "hang", "drip", "nonsense", "busy"]
    people = await students(cast, len(faults))
    async with school_site.feed(cast.grace) as grace:
        due = []
        for person, fault in zip(people, faults, strict=True):
            issuer.faults = [fault]
            certificate = await pass_exam(school_site, person, answers)
            await until(lambda c=certificate: ("POST", str(c.certificate_id)) in issuer.heard)
            due.append(certificate)
        issued = await until_issued(*due)
        for certificate in issued:
            [made] = issuer.of(str(certificate.certificate_id))
            assert (certificate.external_id, certificate.external_url) == (made["id"], made["url"])
            assert made["student"]["name"].startswith("S")
            assert made["course"] == {"title": "Algorithms", "slug": "algorithms"}
            assert certificate.problem == ""
        assert len(issuer.made) == len(people)
        entries = lambda: [each for each in grace.list() if each["type"] == "certification_issued"]  # noqa: E731
        await until(lambda: len(entries()) == len(people))
        assert grace.list() == (await school_site.snapshot(cast.grace))["entries"]
    assert await Outbox.objects.filter(kind="certification_issued").acount() == len(people)
    assert len([heard for heard in issuer.heard if heard[0] == "POST"]) > len(people)  # there was something to repeat


async def test_an_issuer_that_forgets_keys_is_asked_before_it_is_asked_again(
    school_site: Live, cast: Cast, issuer: OutsideIssuer, answers: dict[str, int]
) -> None:
    issuer.forgets_keys = True
    [person] = await students(cast, 1)
    issuer.faults = ["drop"]
    [certificate] = await until_issued(await pass_exam(school_site, person, answers))
    assert [made["id"] for made in issuer.made] == [certificate.external_id]
    assert [method for method, _ in issuer.heard] == ["POST", "GET"]


async def test_while_it_waits_the_student_is_told_and_the_page_is_not_there(
    school_site: Live, cast: Cast, issuer: OutsideIssuer, answers: dict[str, int]
) -> None:
    [person] = await students(cast, 1)
    issuer.faults = ["fail"] * 50
    due = await pass_exam(school_site, person, answers)
    browser = await school_site.http(person)
    assert "Your certificate is being issued" in (await browser.get("/courses/algorithms/exam/")).text
    assert (await browser.get(due.get_absolute_url())).status_code == 404
    assert not [each for each in (await school_site.snapshot(person))["entries"] if "certif" in each["type"]]
    issuer.faults = []
    [issued] = await until_issued(due)
    assert issued.external_url in (await browser.get(issued.get_absolute_url())).text
    assert "Your certificate</a>" in (await browser.get("/courses/algorithms/exam/")).text


async def test_a_refusal_is_kept_for_the_school_and_asked_again_when_it_says_so(
    school_site: Live, cast: Cast, issuer: OutsideIssuer, answers: dict[str, int]
) -> None:
    [person] = await students(cast, 1)
    issuer.faults = ["refuse"]
    due = await pass_exam(school_site, person, answers)
    await until_jobs()
    refused = await Certification.objects.aget(pk=due.pk)
    assert (refused.refused, refused.issued_at) == (True, None)
    assert "422" in refused.problem
    assert "no such template" in refused.problem
    admin = await school_site.http(cast.admin)
    chosen = {"action": "ask_issuer_again", "_selected_action": due.pk}
    answer = await admin.post("/admin/progress/certification/", data=chosen, follow_redirects=True)
    assert "1 is asked for again." in answer.text
    await until_issued(due)
    assert len(issuer.made) == 1


async def test_a_withdrawn_certificate_is_taken_back_at_the_issuer_and_the_new_one_issued_there(
    school_site: Live, cast: Cast, issuer: OutsideIssuer, answers: dict[str, int]
) -> None:
    [person] = await students(cast, 1)
    [old] = await until_issued(await pass_exam(school_site, person, answers))
    admin = await school_site.http(cast.admin)
    chosen = {"action": "reissue", "_selected_action": old.pk, "reason": "the name was wrong"}
    assert (await admin.post("/admin/progress/certification/", data=chosen)).status_code == 302
    new = await Certification.objects.standing().aget()
    await until_issued(new)
    await until(lambda: issuer.revoked == [str(old.certificate_id)])
    assert len(issuer.of(str(new.certificate_id))) == 1
    assert (await admin.get(old.get_absolute_url())).status_code == 410


async def withdraw(live: Live, cast: Cast, person: User) -> None:
    """Withdraw a student's attempt at the exam, and the certificate with it, in the admin site."""
    admin = await live.http(cast.admin)
    attempt = await person.exam_attempts.aget()
    chosen = {"action": "withdraw_exam_attempts", "_selected_action": attempt.pk, "reason": "copied"}
    assert (await admin.post("/admin/progress/examattempt/", data=chosen)).status_code == 302
    assert not await Certification.objects.standing().filter(user=person).aexists()


async def test_a_certificate_withdrawn_while_the_issuer_is_asked_is_taken_back_there(
    school_site: Live, cast: Cast, issuer: OutsideIssuer, answers: dict[str, int]
) -> None:
    [person] = await students(cast, 1)
    issuer.faults = ["hang"]
    due = await pass_exam(school_site, person, answers)
    await until(lambda: issuer.made)
    await withdraw(school_site, cast, person)
    await until(lambda: issuer.revoked == [str(due.certificate_id)])
    await until_jobs()
    assert len(issuer.made) == 1
    assert not await Certification.objects.filter(issued_at__isnull=False).aexists()


async def test_a_certificate_is_taken_back_though_its_student_is_removed_meanwhile(
    school_site: Live, cast: Cast, issuer: OutsideIssuer, answers: dict[str, int]
) -> None:
    [person] = await students(cast, 1)
    [issued] = await until_issued(await pass_exam(school_site, person, answers))
    await asyncio.to_thread(school_site.site.end, "worker")
    await withdraw(school_site, cast, person)
    await sync_to_async(school.remove_people)(User.objects.filter(pk=person.pk))
    school_site.site.start("worker")
    await until(lambda: issuer.revoked == [str(issued.certificate_id)])


async def test_a_student_removed_while_a_certificate_is_issued_leaves_no_entry(
    school_site: Live, cast: Cast, issuer: OutsideIssuer, answers: dict[str, int]
) -> None:
    people = await students(cast, 6)
    async with school_site.feed(cast.grace) as grace:
        for person in people:
            await pass_exam(school_site, person, answers)
        await sync_to_async(school.remove_people)(User.objects.filter(pk__in=[each.pk for each in people]))
        await until_jobs()
        await until(lambda: grace.entries == {})
        assert (await school_site.snapshot(cast.grace))["entries"] == []


async def test_a_worker_killed_in_the_middle_of_every_kind_of_job_leaves_nothing_undone_and_nothing_done_twice(
    school_site: Live, cast: Cast, issuer: OutsideIssuer, answers: dict[str, int]
) -> None:
    # One of each kind is written while nobody works.
    await asyncio.to_thread(school_site.site.end, "worker")
    one, other = await students(cast, 2)
    due = await pass_exam(school_site, one, answers)
    withdrawn = await pass_exam(school_site, other, answers)

    def write() -> tuple[Lesson, str]:
        outside = {"CERTIFICATE_ISSUER": issuer.address, "CERTIFICATE_ISSUER_TOKEN": TOKEN}
        with override_settings(**outside), transaction.atomic():
            attempt = other.exam_attempts.get()
            corrections.withdraw_exam_attempt(Author.of(cast.admin, "copied"), attempt.pk)
        quiz = LessonQuiz.objects.create(lesson=cast.bernoulli, title="Quiz", required=True)
        recorder.record_from_thread([Tick(cast.bob.pk, cast.bernoulli.pk, 95, 95)])
        quiz.required = False
        school.save_quiz(quiz)
        film = videos.make("Film", seconds=3, ground=(30, 60, 90))
        uploaded = Lesson(course=cast.algorithms, title="Film", slug="film", order=9)
        uploaded.upload.save(f"film{videos.best_encoder().suffix}", ContentFile(film), save=False)
        school.save_lesson(uploaded)
        gone = default_storage.save("lessons/gone.mp4", ContentFile(b"gone"))
        doomed = Lesson.objects.create(course=cast.botany, title="Old", slug="old", duration=5, video=gone)
        school.remove_lessons(Lesson.objects.filter(pk=doomed.pk))
        return uploaded, gone

    uploaded, gone = await sync_to_async(write)()
    kinds = {"issue_certificate", "revoke_certificate", "reconsider_lesson", "read_upload", "remove_media"}
    async with database.connection() as connection:
        cursor = await connection.execute("SELECT task_name FROM procrastinate_jobs ORDER BY id")
        waiting = [row[0] for row in await cursor.fetchall()]
    # The withdrawn one is to be asked for as well, which waits until it is taken back, and finds nothing to do then.
    assert set(waiting) == kinds

    # All of them stand in their middle: before a table that somebody holds, or before an issuer that says nothing.
    issuer.faults = ["hang"]
    issuer.slow_to_revoke = True
    async with database.connection() as holder, holder.transaction():
        await holder.execute("LOCK TABLE progress_lesson IN ACCESS EXCLUSIVE MODE")
        school_site.site.start("worker")
        await until_jobs(doing=len(kinds), todo=1)
        await until(lambda: {method for method, _ in issuer.heard} >= {"POST", "DELETE"})
        await asyncio.to_thread(school_site.site.end, "worker", signal.SIGKILL)
    issuer.release.set()

    async with school_site.feed(cast.grace) as grace:
        school_site.site.start("worker")
        await until_jobs()  # all done
        await until_issued(due)
        assert len(issuer.of(str(due.certificate_id))) == 1
        assert str(withdrawn.certificate_id) not in [made["reference"] for made in issuer.made]
        assert str(withdrawn.certificate_id) in issuer.revoked
        assert (await UserProgress.objects.aget(user=cast.bob)).completed
        ready = await Lesson.objects.aget(pk=uploaded.pk)
        assert abs(ready.duration - 3) < 0.11
        assert (ready.upload.name, ready.upload_problem) == ("", "")
        assert await sync_to_async(default_storage.exists)(ready.video.name)
        assert not await sync_to_async(default_storage.exists)(gone)
        await grace.until_shown("certification_issued")
        snapshot = (await school_site.snapshot(cast.grace))["entries"]
        await until(lambda: grace.list() == snapshot)
        mine = [each for each in snapshot if each["type"] == "certification_issued"]
        assert [each["user"]["id"] for each in mine] == [one.pk]
        completed = [each["user"]["id"] for each in snapshot if each["type"] == "lesson_completed"]
        assert completed.count(cast.bob.pk) == 1
    assert await Correction.objects.acount() == 2
