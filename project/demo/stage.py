"""The demo's stage: puts the cast, its courses and their media where they are missing, and changes nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePath

from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Permission
from django.core.files.base import ContentFile
from django.db import transaction
from django.db.models.fields.files import FieldFile

from progress import school
from progress.models import Course, Enrollment, Exam, Lesson, User
from progress.uploads import probe
from project.demo import captions, cast, questions, videos


@transaction.atomic
def make() -> None:
    """Make what is missing of the cast; who or what is there already, and was perhaps changed, stays as it is."""
    people = _people()
    for course in cast.COURSES:
        _course(course, people)


def _people() -> dict[str, User]:
    people = {person.username: person for person in cast.PEOPLE}
    made = {user.username: user for user in User.objects.filter(username__in=people)}
    if missing := [person for username, person in people.items() if username not in made]:
        password = make_password(cast.PASSWORD)  # one hash for all: each takes a third of a second, on purpose
        made |= {person.username: _person(person, password) for person in missing}
    return made


def _person(person: cast.Person, password: str) -> User:
    made = User(
        username=person.username,
        first_name=person.first_name,
        last_name=person.last_name,
        email=f"{person.username}@demo.example",
        password=password,
        language=cast.LANGUAGE,
        is_staff=person.superuser,
        is_superuser=person.superuser,
    )
    school.save_person(made)
    for permission in person.permissions:
        app, codename = permission.split(".")
        made.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return made


def _course(course: cast.Course, people: dict[str, User]) -> None:
    made, new = Course.objects.get_or_create(slug=course.slug, defaults={"title": course.title})
    if new:
        school.set_instructors(made, [people[username] for username in course.instructors])
        for username in course.students:
            school.save_enrollment(Enrollment(user=people[username], course=made))
        if course.exam:
            Exam.objects.create(course=made, title=course.exam, pass_mark=course.pass_mark)
    for order, lesson in enumerate(course.lessons, start=1):
        _lesson(made, lesson, order)
    questions.make(made)


def _lesson(course: Course, lesson: cast.Lesson, order: int) -> None:
    stem = f"{course.slug}-{lesson.slug}"
    video, vtt, jpg = f"lessons/{stem}{videos.best_encoder().suffix}", f"captions/{stem}.vtt", f"posters/{stem}.jpg"
    there = Lesson.objects.filter(course=course, slug=lesson.slug).first()
    made = there or Lesson(
        course=course, slug=lesson.slug, title=lesson.title, order=order, video=video, captions=vtt, poster=jpg
    )
    _keep(made.video, video, lambda: videos.make(lesson.title, seconds=lesson.seconds, ground=lesson.ground))
    _keep(made.captions, vtt, lambda: captions.webvtt(lesson.captions, seconds=lesson.seconds).encode())
    _keep(made.poster, jpg, lambda: probe.read(made.video.path).poster)
    if there is None:
        made.duration = probe.read(made.video.path).duration
        school.save_lesson(made)


def _keep(file: FieldFile, name: str, make: Callable[[], bytes]) -> None:
    """Make a file of ours where it is lost, as after `rm -r .local/media`; one that somebody uploaded is not ours."""
    if file.name == name and not file.storage.exists(name):
        file.save(PurePath(name).name, ContentFile(make()), save=False)
