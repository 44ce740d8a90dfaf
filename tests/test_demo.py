"""`manage.py demo`: the cast, its videos, and students for load tests."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from PIL import Image
from pytest_django import Settings

import project.demo
from progress.models import Course, Enrollment, Exam, Lesson, Outbox, User
from progress.text import normalised
from progress.uploads import probe
from project.demo import captions, cast, videos

SECONDS = 2
GROUND = (38, 60, 92)


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all these tests: making the videos takes seconds, and the command keeps those that are there."""
    return tmp_path_factory.mktemp("media")


@pytest.fixture
def demo(settings: Settings, media: Path, db: None) -> Callable[..., None]:
    settings.DEBUG = True  # the test runner turns it off
    settings.MEDIA_ROOT = media
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    return lambda *arguments: call_command("demo", *arguments)


def everything() -> dict[str, list[dict[str, Any]]]:
    return {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in (User, Course, Course.instructors.through, Lesson, Enrollment, Exam)
    }


def files(media: Path) -> dict[str, int]:
    return {str(path): path.stat().st_mtime_ns for path in media.rglob("*") if path.is_file()}


def test_everybody_of_the_cast_logs_in_with_the_demo_password(demo: Callable[..., None]) -> None:
    demo()
    for username in ("admin", "grace", "oscar", "ada", "bob", "eve", "olga"):
        assert Client().login(username=username, password="demo"), username


def test_each_of_the_cast_may_see_what_the_contract_says(demo: Callable[..., None]) -> None:
    demo()
    person = {user.username: user for user in User.objects.all()}

    def seen_by(username: str) -> set[str]:
        return set(Course.objects.visible_to(person[username]).values_list("slug", flat=True))

    assert {username: seen_by(username) for username in person} == {
        "admin": {"algorithms", "botany"},
        "grace": {"algorithms"},
        "oscar": {"botany"},
        "ada": {"algorithms"},
        "bob": {"algorithms"},
        "eve": {"botany"},
        "olga": set(),
    }
    taught = {course.slug: [each.username for each in course.instructors.all()] for course in Course.objects.all()}
    assert taught == {"algorithms": ["grace"], "botany": ["oscar"]}
    assert person["admin"].is_superuser
    assert [each.username for each in person.values() if each.is_staff] == ["admin"]
    assert person["olga"].get_all_permissions() == {"consumers.view_ops", "consumers.operate"}


def test_the_courses_have_their_lessons_and_algorithms_its_exam(demo: Callable[..., None]) -> None:
    demo()
    slugs = {course.slug: [each.slug for each in course.lessons.all()] for course in Course.objects.all()}
    assert len(slugs["algorithms"]) == 5
    assert slugs["algorithms"][:2] == ["what-is-an-algorithm", "bernoulli-numbers"]
    assert len(slugs["botany"]) == 2
    assert [exam.course.slug for exam in Exam.objects.all()] == ["algorithms"]


def test_every_lesson_has_a_small_video_of_its_own_length_and_captions_to_its_end(demo: Callable[..., None]) -> None:
    demo()
    lengths = []
    for lesson in Lesson.objects.all():
        assert 20 <= lesson.duration <= 60
        assert lesson.video.name is not None
        assert lesson.video.name.startswith(f"lessons/{lesson.course.slug}-{lesson.slug}.")
        assert lesson.video.size < 1024 * 1024
        assert probe.read(lesson.video.path).duration == lesson.duration
        assert lesson.poster.name == f"posters/{lesson.course.slug}-{lesson.slug}.jpg"
        with Image.open(lesson.poster.path) as poster:
            assert (poster.format, poster.size) == ("JPEG", (640, 360))
        with lesson.captions.open("rb") as file:
            text = file.read().decode()
        assert text.startswith("WEBVTT\n\n00:00.000 --> 00:05.000\n")
        last = re.findall(r"--> 00:(\d\d\.\d{3})$", text, re.MULTILINE)[-1]
        assert float(last) == lesson.duration
        lengths.append(lesson.duration)
    assert len(set(lengths)) == len(lengths) == 7


def test_a_second_run_changes_nothing(demo: Callable[..., None], media: Path) -> None:
    demo()
    before = everything(), files(media)
    demo()
    assert (everything(), files(media)) == before


def test_a_second_run_leaves_what_somebody_changed(demo: Callable[..., None]) -> None:
    demo()
    ada = User.objects.get(username="ada")
    ada.last_name = "King"
    ada.set_password("a better one")
    ada.save()
    Lesson.objects.filter(slug="bernoulli-numbers").update(title="Note G", completion_threshold=50, captions="")
    Course.objects.get(slug="botany").instructors.clear()
    before = everything()
    demo()
    assert everything() == before
    assert Client().login(username="ada", password="a better one")


def test_a_second_run_makes_lost_files_again(demo: Callable[..., None], media: Path) -> None:
    demo()
    before = everything()
    lesson = Lesson.objects.get(slug="how-a-leaf-works")
    content = Path(lesson.video.path).read_bytes()
    Path(lesson.video.path).unlink()
    Path(lesson.captions.path).unlink()
    Path(lesson.poster.path).unlink()
    demo()
    assert everything() == before
    assert Path(lesson.video.path).read_bytes() == content
    assert Path(lesson.captions.path).exists()
    assert Path(lesson.poster.path).exists()


def test_it_refuses_where_debug_is_off(demo: Callable[..., None], settings: Settings) -> None:
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG"):
        demo()
    assert not User.objects.exists()


@pytest.mark.parametrize("missing", ["av", "PIL"])
def test_it_says_what_to_install(demo: Callable[..., None], monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    for name in ("stage", "videos"):
        monkeypatch.delitem(sys.modules, f"project.demo.{name}", raising=False)
        monkeypatch.delattr(project.demo, name, raising=False)
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(CommandError, match=r"PyAV and Pillow.*pip install"):
        demo()


@pytest.mark.parametrize("arguments", [["--students", "0"], ["--sessions", "nowhere"]])
def test_it_refuses_options_that_mean_nothing(demo: Callable[..., None], arguments: list[str]) -> None:
    with pytest.raises(CommandError, match="--students"):
        demo(*arguments)
    assert not User.objects.exists()


def test_students_are_made_up_to_the_number_and_study_algorithms(demo: Callable[..., None]) -> None:
    demo("--students", "3")
    demo("--students", "12")
    students = User.objects.filter(username__startswith="student").order_by("username")
    assert [student.username for student in students] == [f"student{number:04}" for number in range(1, 13)]
    assert students[11].name == "Student 0012"
    assert {student.search_text for student in students} == {normalised(student.name) for student in students}
    active = Enrollment.objects.filter(user__in=students, course__slug="algorithms", active=True)
    assert active.count() == Enrollment.objects.filter(user__in=students).count() == 12
    assert Client().login(username="student0007", password="demo")


def test_a_student_whose_enrolment_ended_studies_again(demo: Callable[..., None]) -> None:
    demo("--students", "2")
    Enrollment.objects.filter(user__username="student0002").update(active=False)
    demo("--students", "2")
    assert Enrollment.objects.get(user__username="student0002").active
    told = Outbox.objects.filter(
        kind=Outbox.Kind.ACCESS_CHANGED, user_id__in=User.objects.filter(username__startswith="st")
    )
    assert [reference.user_id for reference in told] == [User.objects.get(username="student0002").pk]


def test_each_line_of_the_sessions_file_is_one_students_login(demo: Callable[..., None], tmp_path: Path) -> None:
    file = tmp_path / "sessions"
    file.write_text("left from before\n" * 9)
    file.chmod(0o644)
    demo("--students", "3", "--sessions", str(file))
    assert file.stat().st_mode & 0o777 == 0o600
    lines = file.read_text().splitlines()
    assert len(lines) == len(set(lines)) == 3
    for number, line in enumerate(lines, start=1):
        assert re.fullmatch(r"sessionid=[a-z0-9]{32}", line)
        client = Client()
        client.cookies["sessionid"] = line.removeprefix("sessionid=")
        response = client.head("/courses/algorithms/what-is-an-algorithm/video/")
        assert response.status_code == 200
        assert client.session["_auth_user_id"] == str(User.objects.get(username=f"student{number:04}").pk)


def test_a_sessions_file_that_cannot_be_written_is_said_in_words(demo: Callable[..., None], tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="--sessions"):
        demo("--students", "1", "--sessions", str(tmp_path / "missing" / "sessions"))


def test_many_students_take_few_queries(
    demo: Callable[..., None], tmp_path: Path, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    demo()
    with django_assert_max_num_queries(40):
        demo("--students", "500", "--sessions", str(tmp_path / "sessions"))


def test_the_lessons_of_the_cast_have_captions_for_every_five_seconds() -> None:
    for course in cast.COURSES:
        for lesson in course.lessons:
            assert len(lesson.captions) == -(-lesson.seconds // 5), lesson.title


def test_captions_end_with_the_video_and_begin_again_where_it_is_longer() -> None:
    assert captions.webvtt(["One.", "Two."], seconds=62.5).split("\n\n")[-2:] == [
        "00:55.000 --> 01:00.000\nTwo.",
        "01:00.000 --> 01:02.500\nOne.\n",
    ]


@pytest.fixture(
    params=[encoder for encoder in videos.ENCODERS if encoder.codec in av.codecs_available],
    ids=lambda encoder: encoder.codec,
)
def encoder(request: pytest.FixtureRequest) -> Any:
    """Each encoder that this PyAV has."""
    return request.param


def test_there_is_an_encoder_that_browsers_know() -> None:
    assert videos.best_encoder().codec in av.codecs_available


def test_a_video_plays_for_its_seconds_with_a_keyframe_in_each(encoder: videos.Encoder, tmp_path: Path) -> None:
    content = videos.make("Any title", seconds=SECONDS, ground=GROUND, encoder=encoder)
    path = tmp_path / f"video{encoder.suffix}"
    path.write_bytes(content)
    assert probe.read(path).duration == pytest.approx(SECONDS, abs=0.05)
    with av.open(BytesIO(content)) as container:
        frames = list(container.decode(video=0))
    assert len(frames) == SECONDS * videos.FRAMES_PER_SECOND
    assert [frame.time for frame in frames if frame.key_frame] == pytest.approx([0.0, 1.0])
    assert {(frame.width, frame.height, frame.format.name) for frame in frames} == {(640, 360, "yuv420p")}


def test_an_mp4_has_its_index_first_so_that_it_plays_before_it_is_loaded() -> None:
    content = videos.make("Any title", seconds=SECONDS, ground=GROUND, encoder=videos.ENCODERS[0])
    assert 0 < content.index(b"moov") < content.index(b"mdat")


def test_the_same_lesson_gives_the_same_video(encoder: videos.Encoder) -> None:
    first, second = (videos.make("Any title", seconds=SECONDS, ground=GROUND, encoder=encoder) for _ in range(2))
    assert first == second


def test_a_title_of_any_length_makes_a_video() -> None:
    assert videos.make("An unreasonably long title " * 8, seconds=1, ground=GROUND)


def test_a_video_maker_without_any_known_codec_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(av, "codecs_available", set())
    with pytest.raises(LookupError, match="libx264"):
        videos.best_encoder()
