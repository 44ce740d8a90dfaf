"""Django's admin site: the school is edited here and tells what it changed; records are only read."""

from __future__ import annotations

import pytest
from django.test import Client

from progress import school
from progress.models import Course, Enrollment, Exam, Lesson, LessonQuiz, Outbox, User, UserProgress
from progress.recorder import record_from_thread
from progress.refusals import NotFound
from progress.ticks import Tick
from tests.cast import Cast

# The erasure that removing a person begins is left to do: a worker would clear what was told of them at once.
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("nobody_else_tells")]


@pytest.fixture
def administration(cast: Cast) -> Client:
    client = Client()
    client.force_login(cast.admin)
    return client


def kinds() -> list[str]:
    return list(Outbox.objects.order_by("id").values_list("kind", flat=True))


@pytest.mark.parametrize(
    "model",
    [
        "user",
        "course",
        "lesson",
        "enrollment",
        "userprogress",
        "exam",
        "examattempt",
        "quizattempt",
        "question",
        "lessonquiz",
        "certification",
        "outbox",
    ],
)
def test_every_list_and_form_opens(administration: Client, cast: Cast, model: str) -> None:
    record_from_thread([Tick(cast.ada.pk, cast.bernoulli.pk, 95, 95)])
    assert administration.get(f"/admin/progress/{model}/").status_code == 200
    add = administration.get(f"/admin/progress/{model}/add/").status_code
    assert add == (
        200 if model in ("user", "course", "lesson", "enrollment", "exam", "question", "lessonquiz") else 403
    )


def test_a_record_is_shown_and_not_written(administration: Client, cast: Cast) -> None:
    record_from_thread([Tick(cast.ada.pk, cast.bernoulli.pk, 95, 95)])
    row = UserProgress.objects.get()
    assert administration.get(f"/admin/progress/userprogress/{row.pk}/change/").status_code == 200
    assert (
        administration.post(f"/admin/progress/userprogress/{row.pk}/change/", {"status": "not_started"}).status_code
        == 403
    )
    assert administration.post(f"/admin/progress/userprogress/{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert UserProgress.objects.get().completed


def test_a_course_saved_with_another_title_and_teacher_tells_both(administration: Client, cast: Cast) -> None:
    answer = administration.post(
        f"/admin/progress/course/{cast.botany.pk}/change/",
        {"title": "Plants", "slug": "botany", "instructors": [cast.grace.pk]},
    )
    assert answer.status_code == 302, answer.content
    assert Course.objects.get(pk=cast.botany.pk).search_text == "plants"
    assert kinds() == ["names_changed", "access_changed", "access_changed"]
    assert set(Outbox.objects.filter(kind="access_changed").values_list("object_id", flat=True)) == {
        cast.grace.pk,
        cast.oscar.pk,
    }


def test_a_new_course_a_lesson_and_an_enrolment_can_be_made(administration: Client, cast: Cast) -> None:
    administration.post(
        "/admin/progress/course/add/", {"title": "Music", "slug": "music", "instructors": [cast.grace.pk]}
    )
    music = Course.objects.get(slug="music")
    lesson = {
        "course": music.pk,
        "title": "Scales",
        "slug": "scales",
        "order": 1,
        "duration": 60,
        "completion_threshold": 80,
    }
    assert administration.post("/admin/progress/lesson/add/", lesson).status_code == 302
    assert Lesson.objects.get(slug="scales").completion_threshold == 80
    enrolment = {"user": cast.ada.pk, "course": music.pk, "active": "on"}
    assert administration.post("/admin/progress/enrollment/add/", enrolment).status_code == 302
    assert Enrollment.objects.filter(user=cast.ada, course=music, active=True).exists()


def test_a_lesson_may_not_take_the_exams_address(administration: Client, cast: Cast) -> None:
    lesson = {"course": cast.botany.pk, "title": "Exam", "slug": "exam", "order": 1, "duration": 60}
    answer = administration.post("/admin/progress/lesson/add/", {**lesson, "completion_threshold": 80})
    assert answer.status_code == 200
    assert "This address is the exam" in answer.content.decode()


def test_a_quiz_and_an_exam_stay_where_they_are(administration: Client, cast: Cast) -> None:
    quiz = LessonQuiz.objects.create(lesson=cast.bernoulli, title="Quiz")
    exam = Exam.objects.create(course=cast.algorithms, title="Exam")
    moved = {"title": "Moved", "pass_mark": 60, "lesson": cast.mosses.pk, "course": cast.botany.pk}
    administration.post(f"/admin/progress/lessonquiz/{quiz.pk}/change/", moved)
    administration.post(f"/admin/progress/exam/{exam.pk}/change/", moved)
    assert LessonQuiz.objects.values_list("title", "lesson").get() == ("Moved", cast.bernoulli.pk)
    assert Exam.objects.values_list("title", "course").get() == ("Moved", cast.algorithms.pk)


def test_what_was_removed_meanwhile_is_not_brought_back_by_saving_it(cast: Cast) -> None:
    for row, save in ((cast.bernoulli, school.save_lesson), (cast.botany, school.save_course)):
        type(row).objects.filter(pk=row.pk).delete()
        with pytest.raises(NotFound):
            save(row)  # type: ignore[operator]
        assert not type(row).objects.filter(pk=row.pk).exists()


def test_a_person_is_removed_with_what_they_did_and_the_entries_are_taken_back(
    administration: Client, cast: Cast
) -> None:
    record_from_thread([Tick(cast.ada.pk, cast.bernoulli.pk, 95, 95)])
    answer = administration.post(f"/admin/progress/user/{cast.ada.pk}/delete/", {"post": "yes"})
    assert answer.status_code == 302, answer.content
    assert not User.objects.filter(pk=cast.ada.pk).exists()
    assert kinds().count("entries_withdrawn") == 2
    assert Outbox.objects.filter(live_done_at=None).count() == 0


def test_several_courses_are_removed_by_the_action(administration: Client, cast: Cast) -> None:
    record_from_thread([Tick(cast.ada.pk, cast.bernoulli.pk, 95, 95)])
    chosen = {"action": "delete_selected", "_selected_action": [cast.algorithms.pk, cast.botany.pk], "post": "yes"}
    assert administration.post("/admin/progress/course/", chosen).status_code == 302
    assert Course.objects.count() == 0
    assert kinds().count("entries_withdrawn") == 2


def test_a_new_person_gets_a_password_and_a_search_text(administration: Client, cast: Cast) -> None:
    answer = administration.post(
        "/admin/progress/user/add/",
        {"username": "mary", "usable_password": "true", "password1": "lo0ng enough", "password2": "lo0ng enough"},
    )
    assert answer.status_code == 302, answer.content
    assert User.objects.get(username="mary").search_text == "mary"
