"""Pages that show what was uploaded."""

from __future__ import annotations

from typing import Any

from django.test import Client

from progress import overview
from progress.models import Lesson
from tests.cast import Cast
from tests.uploads.desk import (
    add,
    mp4,
    read_waiting,
)


def test_the_poster_goes_to_who_may_see_the_lesson(page: Client, cast: Cast) -> None:
    read_waiting(add(page, cast.algorithms, upload=mp4()))
    url = "/courses/algorithms/film/poster/"
    for person, status in ((cast.ada, 200), (cast.grace, 200), (cast.oscar, 404), (cast.eve, 404)):
        client = Client()
        client.force_login(person)
        answer = client.get(url)
        assert answer.status_code == status
    assert Client().get(url).status_code == 401
    client.force_login(cast.ada)
    answer = client.get(url)
    assert (answer["Content-Type"], answer["Accept-Ranges"]) == ("image/jpeg", "bytes")
    client.force_login(cast.grace)
    assert f'poster="{url}"' in client.get("/courses/algorithms/film/").content.decode()


def test_a_lesson_that_is_not_ready_is_listed_for_teachers_alone(page: Client, cast: Cast) -> None:
    lesson = add(page, cast.algorithms, upload=mp4())

    def seen_by(person: Any) -> dict[str, tuple[bool, float]]:
        lessons = overview.of_course(person, cast.algorithms)["lessons"]
        return {each["lesson"].slug: (each["ready"], each["lesson"].duration) for each in lessons}

    assert seen_by(cast.grace) == {"bernoulli": (True, 100), "film": (False, 0)}
    assert seen_by(cast.ada) == {"bernoulli": (True, 100)}
    teacher, student = Client(), Client()
    teacher.force_login(cast.grace)
    student.force_login(cast.ada)
    shown = teacher.get("/courses/algorithms/film/").content.decode()
    assert "This video is being prepared" in shown
    assert "Not ready" in shown
    assert student.get("/courses/algorithms/film/").status_code == 404
    assert "Film" not in student.get("/").content.decode()
    [course] = student.get("/api/courses/").json()["courses"]
    assert [each["slug"] for each in course["lessons"]] == ["bernoulli"]
    [course] = teacher.get("/api/courses/").json()["courses"]
    assert [(each["slug"], each["duration"]) for each in course["lessons"]][1] == ("film", 0)

    Lesson.objects.filter(pk=lesson.pk).update(upload="", upload_problem="There is no video in the file.")
    assert "There is no video in the file." in teacher.get("/courses/algorithms/film/").content.decode()


def test_a_teacher_who_is_enrolled_too_only_looks_at_a_lesson_that_is_not_ready(page: Client, cast: Cast) -> None:
    add(page, cast.algorithms, upload=mp4())
    cast.grace.enrollments.create(course=cast.algorithms)
    teacher = Client()
    teacher.force_login(cast.grace)
    answer = teacher.get("/courses/algorithms/film/")
    assert answer.status_code == 200
    assert not answer.context["enrolled"]
    assert overview.of_studies(cast.grace)[0]["resume_url"] == "/courses/algorithms/bernoulli/"


def test_media_from_elsewhere_may_be_loaded_by_the_one_page_that_needs_them(page: Client, cast: Cast) -> None:
    add(page, cast.algorithms, video_address="https://media.example:8443/films/a.mp4?b=1", duration="60")
    teacher = Client()
    teacher.force_login(cast.grace)
    answer = teacher.get("/courses/algorithms/film/")
    assert 'src="https://media.example:8443/films/a.mp4?b=1"' in answer.content.decode()
    policy = dict(part.split(" ", 1) for part in answer["Content-Security-Policy"].split("; "))
    assert policy["media-src"] == "'self' https://media.example:8443"
    assert policy["default-src"] == "'none'"
    assert "media-src 'self';" in teacher.get("/courses/algorithms/bernoulli/")["Content-Security-Policy"] + ";"
