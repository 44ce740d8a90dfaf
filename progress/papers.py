"""Papers: the questions of a quiz or an exam, answers to them, and the score. What is right never leaves the server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from progress.models import Exam, LessonQuiz, Question
from progress.percent import cut
from progress.refusals import BadValue, Unreadable

Answers = dict[str, int]  # choice id by question id, as JSON has it


@dataclass(frozen=True, slots=True)
class Marked:
    """What answers came to: a score in percent, and whether it meets the pass mark."""

    answers: Answers
    score: float
    passed: bool


@dataclass(frozen=True, slots=True)
class Result:
    """What an attempt came to, as it is stored."""

    score: float
    passed: bool
    attempt_number: int


def paper(of: LessonQuiz | Exam) -> dict[str, Any]:
    """The questions as a student gets them."""
    return {
        "id": of.pk,
        "title": of.title,
        "pass_mark": of.pass_mark,
        "questions": [
            {
                "id": question.pk,
                "text": question.text,
                "choices": [{"id": choice.pk, "text": choice.text} for choice in question.choices.all()],
            }
            for question in _questions(of)
        ],
    }


def mark(of: LessonQuiz | Exam, given: object) -> Marked:
    """Mark answers, a mapping of question id to choice id; a question left out counts as wrong.

    Raises Unreadable (`invalid_answers`) where it is no mapping, BadValue (`unknown_question`, `unknown_choice`) for
    ids that are not on the paper.
    """
    if not isinstance(given, Mapping):
        raise Unreadable("invalid_answers", _("answers must be an object of question id to choice id."))
    questions = {str(question.pk): question for question in _questions(of)}
    answers = {str(question): _choice(questions, str(question), choice) for question, choice in given.items()}
    right = sum(
        answers.get(pk) == choice.pk
        for pk, question in questions.items()
        for choice in question.choices.all()
        if choice.correct
    )
    score = cut(right / len(questions) * 100) if questions else 0.0
    return Marked(dict(sorted(answers.items())), score, score >= of.pass_mark)


def same(stored: Answers, given: object) -> bool:
    """Whether these are the answers that are stored already, whatever has become of the paper since."""
    return isinstance(given, Mapping) and {str(question): choice for question, choice in given.items()} == stored


def _questions(of: LessonQuiz | Exam) -> list[Question]:
    return list(of.questions.prefetch_related("choices"))


def _choice(questions: dict[str, Question], question: str, choice: object) -> int:
    if question not in questions:
        sentence = _("There is no question %(question)s on this paper.") % {"question": repr(question[:20])}
        raise BadValue("unknown_question", sentence)
    for known in questions[question].choices.all():
        if not isinstance(choice, bool) and choice == known.pk:
            return known.pk
    raise BadValue("unknown_choice", _("Question %(question)s has no such choice.") % {"question": question})
