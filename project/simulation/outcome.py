"""The outcome of a plan: which entries the feed has of a student who carried it out from the beginning."""

from __future__ import annotations

from progress.coverage import Segment, percentage, union
from project.simulation.course import Course
from project.simulation.plan import Mark, Plan, TakeExam, TakeQuiz, Watch

Told = tuple[str, int | None]  # an entry's type, and the place of its lesson in the course


def outcome(plan: Plan, course: Course, *, threshold: float = 90.0, minimum: float = 50.0) -> list[Told]:
    """Return type and lesson of every entry, sorted; `threshold` completes a lesson, `minimum` is worth telling."""
    seen: dict[int, list[Segment]] = {}
    quizzes, marked, exams = set[int](), set[int](), list[bool]()
    for step in plan.steps:
        match step:
            case Watch(lesson, stretches):
                seen[lesson] = union([*seen.get(lesson, []), *stretches])
            case TakeQuiz(lesson, right=True):
                quizzes.add(lesson)
            case Mark(lesson):
                marked.add(lesson)
            case TakeExam(right):
                exams.append(right)
    told: list[Told] = [("exam_attempt", None)] * len(exams)
    completed = set[int]()
    for index, played in seen.items():
        facts = course.lessons[index]
        watched = percentage(played, duration=facts.duration)
        if (index in quizzes or not facts.quiz) and (watched >= threshold or index in marked):
            completed.add(index)
            told.append(("lesson_completed", index))
        if watched >= minimum or index in completed:
            told.append(("progress_update", index))
    if any(exams) and len(completed) == len(course.lessons):
        told.append(("certification_issued", None))
    return sorted(told, key=lambda each: (each[0], -1 if each[1] is None else each[1]))
