"""What students did, put into the database as if days had passed."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from feed.attention import departed, middle, replaying
from progress.models import Course, Enrollment, Lesson, LessonQuiz, QuizAttempt, User, UserProgress, WatchedSpan


def began(person: User, lesson: Lesson, *, ago: timedelta, percentage: float = 42, **columns: Any) -> UserProgress:
    """A lesson under way, last opened so long ago."""
    at = timezone.now() - ago
    columns = {"status": "in_progress", "video_watch_percentage": percentage, "last_accessed": at} | columns
    return UserProgress.objects.create(
        user=person, lesson=lesson, course=lesson.course, budget_at=at, started_at=at, **columns
    )


def completed(person: User, lesson: Lesson, *, ago: timedelta = timedelta(days=1)) -> UserProgress:
    """A lesson that was completed so long ago."""
    done = {"completed": True, "completed_at": timezone.now() - ago, "completed_percentage": 95.0}
    return began(person, lesson, ago=ago, percentage=95, status="completed", **done)


def failed(
    person: User, quiz: LessonQuiz, *scores: float, ago: timedelta = timedelta(hours=1), **columns: Any
) -> list[QuizAttempt]:
    """Attempts at a quiz, a minute apart, the last so long ago; those from the pass mark on passed."""
    known = QuizAttempt.objects.filter(user=person, quiz=quiz).count()
    return [
        QuizAttempt.objects.create(
            user=person,
            quiz=quiz,
            course=quiz.lesson.course,
            attempt_number=known + number,
            submitted_at=timezone.now() - ago - timedelta(minutes=len(scores) - number),
            score=score,
            passed=score >= quiz.pass_mark,
            **columns,
        )
        for number, score in enumerate(scores, start=1)
    ]


def played(person: User, lesson: Lesson, *stretches: tuple[float, float], at: datetime | None = None) -> None:
    """Stretches of a lesson, played and counted."""
    for number, (start, end) in enumerate(stretches):
        moment = (at or timezone.now()) - timedelta(seconds=len(stretches) - number)
        WatchedSpan.objects.create(user=person, lesson=lesson, from_second=start, to_second=end, at=moment)


def add_class(course: Course, *, students: int, lessons: int) -> tuple[list[User], list[Lesson]]:
    """So many students, enrolled a month ago, and so many lessons more."""
    people = [User.objects.create(username=f"pupil{n}", first_name="Pupil", last_name=str(n)) for n in range(students)]
    Enrollment.objects.bulk_create(Enrollment(user=person, course=course) for person in people)
    Enrollment.objects.filter(course=course).update(enrolled_at=timezone.now() - timedelta(days=30))
    added = [Lesson.objects.create(course=course, title=f"L{n}", slug=f"l{n}", duration=100) for n in range(lessons)]
    return people, added


def forget() -> None:
    """Nothing is remembered: what is asked next is read."""
    for each in (departed, middle, replaying):
        each.forget()
