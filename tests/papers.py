"""Questions, right answers and wrong ones, for tests that pass quizzes and exams."""

from __future__ import annotations

from typing import Any

from progress.models import Choice, Question

Answers = dict[str, int]


def ask(**of: Any) -> tuple[Answers, Answers]:
    """Give two questions to a quiz or an exam; return right answers and wrong ones."""
    right: Answers = {}
    wrong: Answers = {}
    for order in (1, 2):
        question = Question.objects.create(order=order, text=f"Question {order}?", **of)
        for text, correct in (("this", False), ("that", True), ("neither", False)):
            choice = Choice.objects.create(question=question, text=text, correct=correct)
            (right if correct else wrong)[str(question.pk)] = choice.pk
    return right, wrong
