"""The school behind the feed: few people, two courses, and what they do through the product's own doors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session

from feed import groups
from feed.entries import Entry
from feed.filters import parse_filters
from feed.query import get_student_activity_feed
from progress import corrections, exams, school
from progress.audit import Author
from progress.models import Correction, Course, Enrollment, Exam, ExamAttempt, Lesson, Outbox, User
from tests.papers import Answers, ask

COURSES = ("algorithms", "botany")
LESSONS = (0, 0, 1, 1)
"""The course of each lesson."""

STUDENTS = {"ada": (0, 1), "bob": (0,), "eve": (1,)}
"""The courses that each student studies."""


@dataclass(slots=True)
class School:
    """Everybody and everything by name or number; made anew for each example."""

    people: dict[str, int] = field(default_factory=dict)
    sessions: dict[str, str] = field(default_factory=dict)
    courses: list[int] = field(default_factory=list)
    lessons: list[int] = field(default_factory=list)
    papers: list[tuple[int, Answers, Answers]] = field(default_factory=list)
    taught: set[int] = field(default_factory=lambda: {0})
    """The courses, by number, that grace teaches."""

    def open(self) -> None:
        """Begin with nobody else and nothing done."""
        for model in (Course, User, Outbox, Correction, Session):
            model._default_manager.all().delete()
        for name in ("admin", "grace", *STUDENTS):
            person = User.objects.create(
                username=name, first_name=name.title(), last_name="Old", is_superuser=name == "admin"
            )
            self.people[name], self.sessions[name] = person.pk, _sign_in(person)
        for slug in COURSES:
            course = Course.objects.create(title=slug.title(), slug=slug)
            exam = Exam.objects.create(course=course, title="Final exam", pass_mark=50)
            self.courses.append(course.pk)
            self.papers.append((exam.pk, *ask(exam=exam)))
        for number, course_number in enumerate(LESSONS):
            lesson = Lesson(course_id=self.courses[course_number], title=f"Lesson {number}", slug=f"lesson-{number}")
            lesson.duration = 100
            lesson.save()
            self.lessons.append(lesson.pk)
        for name, studied in STUDENTS.items():
            Enrollment.objects.bulk_create(
                Enrollment(user_id=self.people[name], course_id=self.courses[number]) for number in studied
            )
        Course.objects.get(pk=self.courses[0]).instructors.add(self.people["grace"])

    def groups_of(self, name: str) -> frozenset[str]:
        """The groups that a person has, by what this test has done."""
        if name == "admin":
            return frozenset({groups.ALL})
        if name == "grace":
            return self.groups_of_teacher(self.taught)
        return frozenset({groups.of_student(self.people[name])})

    def groups_of_teacher(self, taught: set[int]) -> frozenset[str]:
        """The groups of whoever teaches these courses."""
        return frozenset(groups.of_course(self.courses[number]) for number in taught)

    def feed_of(self, name: str, wanted: dict[str, Any]) -> list[Entry]:
        """What a page load would show now: the truth."""
        viewer = User.objects.get(pk=self.people[name])
        return get_student_activity_feed(1000, viewer=viewer, filters=parse_filters(wanted))

    def sit_exam(self, name: str, course: int, passes: bool) -> None:
        """Start an exam's attempt and submit it."""
        exam_id, right, wrong = self.papers[course]
        person = User.objects.get(pk=self.people[name])
        attempt, _ = exams.start(person, exam_id)
        exams.submit(person, attempt.pk, right if passes else wrong)

    def withdraw_attempt(self, name: str) -> None:
        """Take back the student's newest attempt, if there is one."""
        attempts = ExamAttempt.objects.counting().filter(user=self.people[name], submitted_at__isnull=False)
        if (attempt := attempts.order_by("-pk").first()) is not None:
            author = Author.of(User.objects.get(pk=self.people["admin"]), "a test")
            corrections.withdraw_exam_attempt(author, attempt.pk)

    def remove_lesson(self, number: int) -> None:
        """Remove a lesson with all that was watched of it."""
        school.remove_lessons(Lesson.objects.filter(pk=self.lessons[number]))

    def rename(self, subject: str, number: int, name: str) -> None:
        """Call a person, a course or a lesson something else."""
        if subject == "person":
            person = User.objects.get(pk=self.people[list(STUDENTS)[number % len(STUDENTS)]])
            person.last_name = name
            school.save_person(person)
        elif subject == "course":
            course = Course.objects.get(pk=self.courses[number % len(COURSES)])
            course.title = name
            school.save_course(course)
        elif (lesson := Lesson.objects.filter(pk=self.lessons[number]).first()) is not None:
            lesson.title = name
            school.save_lesson(lesson)

    def set_taught(self, taught: set[int]) -> None:
        """Let grace teach these courses and no others."""
        grace = User.objects.filter(pk=self.people["grace"])
        gained, lost = taught - self.taught, self.taught - taught
        for number in (*sorted(gained), *sorted(lost)):  # in this order: she is never without any in between
            teachers = grace if number in gained else grace.none()
            school.set_instructors(Course.objects.get(pk=self.courses[number]), teachers)
        self.taught = taught


def _sign_in(person: User) -> str:
    store = SessionStore()
    store[SESSION_KEY] = str(person.pk)
    store[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
    store[HASH_SESSION_KEY] = person.get_session_auth_hash()
    store.create()
    return str(store.session_key)
