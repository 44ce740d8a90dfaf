"""A term at the school: a course of events in which every type of entry comes, is replaced, renamed and taken back."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
from asgiref.sync import sync_to_async
from django.utils import timezone

from progress import corrections, school
from progress.audit import Author
from progress.models import Certification, Course, Enrollment, Exam, Lesson, LessonQuiz, Outbox, User
from tests.cast import Cast
from tests.live import WITHIN, Live
from tests.papers import Answers, ask


@dataclass
class Term:
    """The cast with more to do: everything happens through the product's own doors, on both web processes.

    grace teaches analysis beside algorithms, and ada studies both. tess helps to teach algorithms and studies it too,
    so that what she does comes to her by two groups.
    """

    cast: Cast
    live: Live
    tess: User
    lessons: dict[str, Lesson]
    quizzes: dict[str, LessonQuiz]
    exams: dict[str, Exam]
    right: dict[str, Answers]
    wrong: dict[str, Answers]
    attempts: dict[str, int] = field(default_factory=dict)
    browsers: dict[tuple[int, int], httpx.AsyncClient] = field(default_factory=dict)

    @classmethod
    def begin(cls, live: Live, cast: Cast) -> Term:
        """Make courses, lessons, papers and people."""
        analysis = Course.objects.create(title="Analysis", slug="analysis")
        analysis.instructors.add(cast.grace)
        tess = User.objects.create(username="tess", first_name="Tess", last_name="Tutor")
        cast.algorithms.instructors.add(tess)
        for person, course in ((cast.ada, analysis), (tess, cast.algorithms)):
            Enrollment.objects.create(user=person, course=course)
        places = dict.fromkeys(("loops", "recursion", "trees"), cast.algorithms)
        places |= dict.fromkeys(("limits", "series"), analysis)
        lessons = {"bernoulli": cast.bernoulli, "mosses": cast.mosses} | {
            slug: Lesson.objects.create(course=course, title=slug.title(), slug=slug, duration=4)
            for slug, course in places.items()
        }
        quizzes = {
            slug: LessonQuiz.objects.create(lesson=lessons[slug], title="Quiz", pass_mark=70)
            for slug in ("loops", "trees")
        }
        exams = {
            course.slug: Exam.objects.create(course=course, title="Exam", pass_mark=50)
            for course in (cast.algorithms, cast.botany)
        }
        papers = {slug: ask(quiz=quiz) for slug, quiz in quizzes.items()}
        papers |= {slug: ask(exam=exam) for slug, exam in exams.items()}
        right, wrong = ({slug: paper[which] for slug, paper in papers.items()} for which in (0, 1))
        return cls(cast, live, tess, lessons, quizzes, exams, right, wrong)

    async def before(self) -> None:
        """What happened before anybody looks."""
        cast = self.cast
        await asyncio.gather(
            self.watch(cast.ada, "bernoulli", 50),
            self.watch(cast.ada, "limits", 95, web=1),
            self.watch(cast.ada, "series", 50, web=1),
            self.watch(cast.bob, "bernoulli", 70, web=1),
            self.watch(cast.eve, "mosses", 55),
            self.sit(cast.ada, "algorithms", self.wrong, name="hers, failed"),
            self.sit(cast.bob, "algorithms", self.wrong, name="his, failed", web=1),
        )
        await self.at_rest()

    async def watch_lessons(self) -> None:
        """Rows are replaced again and again, and move on below the next step; lessons are completed by watching."""
        cast = self.cast
        await asyncio.gather(
            self.watch(cast.ada, "bernoulli", 52, 55, 61.239, 64, 75, 79.999),
            self.watch(cast.ada, "series", 66, 95, web=1),
            self.watch(cast.ada, "loops", 95),
            self.watch(cast.ada, "trees", 95, web=1),
            self.watch(cast.bob, "bernoulli", 75, 80),
            self.watch(cast.eve, "mosses", 60, 95, web=1),
            self.watch(self.tess, "loops", 60, 62),
        )
        played = {"watch_percentage": 0, "timestamp": 2.25, "segments": [[0, 2.25]]}
        await self.post(cast.ada, f"/api/lessons/{self.lessons['recursion'].pk}/progress/", played)

    async def be_examined(self) -> None:
        """Lessons are completed by a quiz and by hand, exams are passed; one brings its certificate at once."""
        cast, loops = self.cast, self.lessons["loops"].pk
        for answers in (self.wrong["loops"], self.right["loops"]):
            await self.post(cast.ada, f"/api/lessons/{loops}/quiz/", {"answers": answers})
        await self.post(cast.ada, f"/api/lessons/{self.lessons['recursion'].pk}/complete/", {}, web=1)
        await asyncio.gather(
            self.sit(cast.ada, "algorithms", self.right, name="hers, passed"),
            self.sit(cast.eve, "botany", self.right, name="eve's", web=1),
            self.watch(cast.ada, "bernoulli", 86, 92, 93),
            self.watch(cast.bob, "bernoulli", 85, 86, web=1),
        )
        await self.sit(cast.bob, "algorithms", self.right, name="his, passed", web=1)

    async def require_less(self) -> None:
        """A quiz is required no more: the worker completes what waited for it, and with that a certificate is due."""
        self.quizzes["trees"].required = False
        await sync_to_async(school.save_quiz)(self.quizzes["trees"])
        hers = Certification.objects.valid().filter(user=self.cast.ada)
        async with asyncio.timeout(WITHIN):
            while not await hers.aexists():
                await asyncio.sleep(0.02)

    async def correct(self) -> None:
        """Every type of entry is taken back: from the first snapshot, from what came live, and what is the newest."""
        author = Author.of(self.cast.admin, "it was not so")
        certificate = await Certification.objects.valid().aget(user=self.cast.ada)
        await sync_to_async(corrections.reissue_certificate)(author, certificate.pk)
        for name in ("his, passed", "hers, failed", "eve's"):
            await sync_to_async(corrections.withdraw_exam_attempt)(author, self.attempts[name])
        await sync_to_async(school.remove_lessons)(Lesson.objects.filter(pk=self.lessons["limits"].pk))

    async def rename(self) -> None:
        """A lesson of analysis gets another title, which entries say; somebody watches meanwhile."""
        lesson = await Lesson.objects.aget(pk=self.lessons["series"].pk)
        lesson.title = "Infinite series"
        await asyncio.gather(
            sync_to_async(school.save_lesson)(lesson),
            self.watch(self.cast.ada, "bernoulli", 95, 100, web=1),
            self.watch(self.cast.eve, "mosses", 100),
        )

    async def tell_again(self) -> None:
        """All but the new name is told a second time, by the worker, as after a crash; meanwhile there is some news."""
        told = Outbox.objects.exclude(kind=Outbox.Kind.NAMES_CHANGED)
        await told.aupdate(live_done_at=None, at=timezone.now() - timedelta(seconds=10))
        await self.watch(self.cast.bob, "bernoulli", 90, 93)
        author = Author.of(self.cast.grace, "was there")
        await sync_to_async(corrections.confirm_lessons)(author, [(self.tess.pk, self.lessons["loops"].pk)])

    async def at_rest(self) -> None:
        """Wait until all is told."""
        async with asyncio.timeout(WITHIN):
            while await Outbox.objects.filter(live_done_at__isnull=True).aexists():
                await asyncio.sleep(0.02)

    async def browser(self, person: User, web: int) -> httpx.AsyncClient:
        """This person's browser on one of the processes."""
        if (person.pk, web) not in self.browsers:
            self.browsers[person.pk, web] = await self.live.http(person, web=web)
        return self.browsers[person.pk, web]

    async def post(self, person: User, path: str, body: Any, *, web: int = 0) -> dict[str, Any]:
        """Send a form, and return the answer."""
        answer = await (await self.browser(person, web)).post(path, json=body)
        assert answer.is_success, f"{path}: {answer.text}"
        return dict(answer.json())

    async def watch(self, person: User, slug: str, *percentages: float, web: int = 0) -> None:
        """Report percentages over a socket, one after another."""
        async with self.live.player(person, self.lessons[slug], web=web) as player:
            for percentage in percentages:
                await player.watch(to=percentage)

    async def sit(self, person: User, course: str, papers: dict[str, Answers], *, name: str, web: int = 0) -> None:
        """Sit a course's exam; the attempt is known by `name` from then on."""
        begun = await self.post(person, f"/api/exams/{self.exams[course].pk}/attempts/", {}, web=web)
        await self.post(person, f"/api/attempts/{begun['attempt']}/", {"answers": papers[course]}, web=web)
        self.attempts[name] = begun["attempt"]
