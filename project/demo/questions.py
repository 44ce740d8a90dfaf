"""The demo's quiz and exam: what is asked, and what may be answered; the first choice is the right one."""

from __future__ import annotations

from progress.models import Choice, Course, Exam, Lesson, LessonQuiz, Question

Asked = tuple[str, tuple[str, ...]]

QUIZ_LESSON = "sorting-by-merging"
QUIZ_TITLE = "Sorting by merging: quiz"

QUIZ: tuple[Asked, ...] = (
    ("Where do two sorted piles come from?", ("From smaller sorted piles", "From a shuffled one", "From a third one")),
    ("How many rounds do a thousand cards need?", ("Ten", "A hundred", "A thousand")),
    ("What becomes of equal cards?", ("They keep their order", "One of them is dropped", "They change places")),
)

EXAM: tuple[Asked, ...] = (
    ("What must an algorithm do?", ("Come to an end", "Run on a machine", "Fit on a page")),
    ("What does the program of Note G compute?", ("Bernoulli numbers", "Prime numbers", "Weather")),
    ("What does searching by halves need?", ("A sorted list", "A short list", "A list without doubles")),
    ("How does the work of merging grow?", ("With the pile", "With its square", "Not at all")),
)


def make(course: Course) -> None:
    """Give the course its quiz and its exam questions, where it has none yet."""
    lesson = Lesson.objects.filter(course=course, slug=QUIZ_LESSON).first()
    if lesson is not None:
        quiz, new = LessonQuiz.objects.get_or_create(lesson=lesson, defaults={"title": QUIZ_TITLE, "required": True})
        if new:
            _ask(QUIZ, quiz=quiz)
    exam = Exam.objects.filter(course=course, questions=None).first()
    if exam is not None:
        _ask(EXAM, exam=exam)


def _ask(asked: tuple[Asked, ...], *, quiz: LessonQuiz | None = None, exam: Exam | None = None) -> None:
    for order, (text, choices) in enumerate(asked, start=1):
        question = Question.objects.create(quiz=quiz, exam=exam, order=order, text=text)
        for number, choice in enumerate(choices):
            # Turned a little from question to question, so that the right one does not always stand first.
            Choice.objects.create(
                question=question,
                order=(number + order) % len(choices),
                text=f"{choice} (correct)" if number == 0 else choice,
                correct=number == 0,
            )
