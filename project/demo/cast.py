"""The demo's cast: its people and courses, as docs and tests know them (nothing here touches a database)."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.text import slugify

LANGUAGE = "en"
PASSWORD = "demo"  # noqa: S105 - `make run` prints it; refused where DEBUG is off # nosec B105


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can log in with PASSWORD, and what they may do beside teaching and studying."""

    username: str
    first_name: str
    last_name: str
    superuser: bool = False
    permissions: tuple[str, ...] = ()
    """`<app>.<codename>`, or none."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """A lesson: how long its video is, on which ground, and what its captions say, one line each five seconds."""

    title: str
    seconds: int
    ground: tuple[int, int, int]
    """Red, green and blue of the video's background, 0 to 255 each; dark, since the clock on it is light."""
    captions: tuple[str, ...]

    @property
    def slug(self) -> str:
        """The lesson's part of the address."""
        return slugify(self.title)


@dataclass(frozen=True, slots=True)
class Course:
    """A course, its lessons in order, and by user name who teaches and who studies it."""

    title: str
    instructors: tuple[str, ...]
    students: tuple[str, ...]
    lessons: tuple[Lesson, ...]
    exam: str = ""
    """The exam's title; empty where the course ends without one."""
    pass_mark: float = 70.0

    @property
    def slug(self) -> str:
        """The course's part of the address."""
        return slugify(self.title)


PEOPLE = (
    Person("admin", "Demo", "Administrator", superuser=True),
    Person("grace", "Grace", "Hopper"),
    Person("oscar", "Oscar", "Drude"),
    Person("ada", "Ada", "Lovelace"),
    Person("bob", "Bob", "Floyd"),
    Person("eve", "Eve", "Balfour"),
    Person("olga", "Olga", "Taussky", permissions=("consumers.view_ops", "consumers.operate")),
)

ALGORITHMS = Course(
    title="Algorithms",
    instructors=("grace",),
    students=("ada", "bob"),
    exam="Algorithms: final exam",
    lessons=(
        Lesson(
            title="What is an algorithm",
            seconds=24,
            ground=(38, 60, 92),
            captions=(
                "An algorithm is a list of steps that always comes to an end.",
                "Each step is so plain that nobody has to think about it.",
                "A recipe is nearly one; \u201csalt to taste\u201d is where it fails.",
                "The same steps must serve every case, not only today's.",
                "And somebody must be able to say why the answer is right.",
            ),
        ),
        Lesson(
            title="Bernoulli numbers",
            seconds=32,
            ground=(74, 48, 88),
            captions=(
                "In 1843 a note described how a machine could compute numbers.",
                "It was Note G, and the numbers were Bernoulli's.",
                "Each of them is computed from those before it.",
                "So the machine must keep its results, and come back to them.",
                "The note writes that down as a table, one operation a line.",
                "Some of the lines are to be repeated: a loop.",
                "The engine was never built; the program is still right.",
            ),
        ),
        Lesson(
            title="Sorting by merging",
            seconds=40,
            ground=(32, 78, 76),
            captions=(
                "Two sorted piles of cards are easy to make into one.",
                "Look at both tops, take the smaller, and look again.",
                "Every card is moved once, so the work grows with the pile.",
                "But where do two sorted piles come from?",
                "From four smaller ones, merged in the same way.",
                "And those from eight; a single card is always sorted.",
                "A thousand cards need only ten rounds of merging.",
                "Equal cards keep their order, and that is often wanted.",
            ),
        ),
        Lesson(
            title="Searching by halves",
            seconds=28,
            ground=(88, 62, 40),
            captions=(
                "Somewhere in a sorted list is the name that we want.",
                "Open it in the middle: too early, or too late?",
                "Half of the list is out of the question at once.",
                "Do the same with the half that is left.",
                "Twenty looks are enough for a million names.",
                "The hard part is to stop in the right place.",
            ),
        ),
        Lesson(
            title="How long does it take",
            seconds=48,
            ground=(46, 74, 48),
            captions=(
                "Two programs give the same answer; which one is better?",
                "A stopwatch tells us about one machine on one morning.",
                "Let us count steps instead, and let the input grow.",
                "Twice the input, twice the steps: that is linear.",
                "Twice the input, four times the steps: quadratic.",
                "Twice the input and only one step more: logarithmic.",
                "Constant factors matter when the input is small.",
                "When it is large, the shape of the curve decides.",
                "Memory is counted in the same way.",
                "First make it right; then count; then make it fast.",
            ),
        ),
    ),
)

BOTANY = Course(
    title="Botany",
    instructors=("oscar",),
    students=("eve",),
    lessons=(
        Lesson(
            title="How a leaf works",
            seconds=20,
            ground=(34, 82, 56),
            captions=(
                "A leaf takes light, water and air, and makes sugar.",
                "The air comes in through pores on its lower side.",
                "The same pores lose water, so they close at noon.",
                "What is left over is the oxygen that we breathe.",
            ),
        ),
        Lesson(
            title="From seed to tree",
            seconds=36,
            ground=(84, 54, 54),
            captions=(
                "A seed can wait for years.",
                "Water wakes it, and the root comes first.",
                "The root finds the way down by weight, not by sight.",
                "The shoot turns to the light.",
                "From the first true leaves on, it feeds itself.",
                "Each summer lays a ring of wood around the last.",
                "Only the outer rings carry water.",
                "Then it flowers, and there are seeds again.",
            ),
        ),
    ),
)

COURSES = (ALGORITHMS, BOTANY)
