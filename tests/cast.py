"""The people and courses that tests speak of."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import Permission

from progress.models import Course, Enrollment, Lesson, User


@dataclass(frozen=True, slots=True)
class Cast:
    """The people and courses of the demo, without its videos."""

    admin: User
    grace: User
    oscar: User
    ada: User
    bob: User
    eve: User
    olga: User
    algorithms: Course
    botany: Course
    bernoulli: Lesson
    mosses: Lesson


def made() -> Cast:
    """Make them: ada and bob study algorithms, taught by grace; eve studies botany, taught by oscar."""
    names = {"admin": "Site Admin", "grace": "Grace Hopper", "oscar": "Oscar Green", "ada": "Ada Lovelace"}
    names |= {"bob": "Bob Moog", "eve": "Eve Curie", "olga": "Olga Ops"}
    people = {
        username: User.objects.create(
            username=username,
            first_name=name.split()[0],
            last_name=name.split()[1],
            is_superuser=username == "admin",
            is_staff=username == "admin",
        )
        for username, name in names.items()
    }
    people["olga"].user_permissions.add(*Permission.objects.filter(codename__in=("view_ops", "operate")))
    algorithms = Course.objects.create(title="Algorithms", slug="algorithms")
    botany = Course.objects.create(title="Botany", slug="botany")
    algorithms.instructors.add(people["grace"])
    botany.instructors.add(people["oscar"])
    for username, course in (("ada", algorithms), ("bob", algorithms), ("eve", botany)):
        Enrollment.objects.create(user=people[username], course=course)
    bernoulli = Lesson.objects.create(course=algorithms, title="Bernoulli numbers", slug="bernoulli", duration=100)
    mosses = Lesson.objects.create(course=botany, title="Mosses", slug="mosses", duration=100)
    return Cast(**people, algorithms=algorithms, botany=botany, bernoulli=bernoulli, mosses=mosses)
