"""Importing people: a report that a secretary understands, all of it or nothing, and quick."""

from __future__ import annotations

import time
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import CommandError, call_command
from django.test import Client

from progress.models import Course, Enrollment, Outbox, User
from progress.people_import.carrying_out import carry_out
from progress.people_import.plan import Plan, make_plan
from progress.people_import.reading import Unusable, read
from tests.cast import Cast

HEADER = "username,first_name,last_name,email,role,course"
MARY = "mary,Mary,Shelley,mary@school.example,student,algorithms"

database = pytest.mark.django_db(transaction=True)


def csv(*lines: str, encoding: str = "utf-8") -> bytes:
    return "\r\n".join([HEADER, *lines, ""]).encode(encoding)


def bring(*lines: str) -> Plan:
    return carry_out(read(csv(*lines)))


def state() -> Any:
    return (
        list(User.objects.order_by("pk").values()),
        list(Enrollment.objects.order_by("pk").values()),
        list(Course.instructors.through.objects.order_by("pk").values()),
        Outbox.objects.count(),
    )


# Reading


def test_separators_encodings_and_line_numbers_are_recognised() -> None:
    expected = read(csv(MARY)).lines
    for separator in ",;\t":
        text = csv("", MARY).decode().replace(",", separator)
        for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp1252"):
            file = read(text.encode(encoding))
            assert [line.username for line in file.lines] == [line.username for line in expected]
            assert file.lines[0].number == 3  # after the empty line
            assert file.notes == []


@pytest.mark.parametrize(("encoding", "name"), [("cp1252", "Windows-1252"), ("latin-1", "Latin-1")])
def test_another_encoding_is_read_and_said_with_an_example(encoding: str, name: str) -> None:
    special = "\x81" if encoding == "latin-1" else "€"
    file = read(csv(f"zoe,Zoë,Brontë{special},,student,algorithms", encoding=encoding))
    assert file.lines[0].first_name == "Zoë"
    [note] = file.notes
    assert name in note
    assert "Zoë" in note


def test_a_cell_of_several_lines_does_not_move_the_numbers() -> None:
    file = read(csv('a,"A\r\nB",,,,', "b,,,,,"))
    assert [(line.number, line.username) for line in file.lines] == [(2, "a"), (4, "b")]


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (b"", "must name the columns"),
        (b"ada,Ada,Lovelace\r\n", "Missing: username"),
        (HEADER.replace("email", "mail").encode() + b"\r\n", "Missing: email"),
        (HEADER.encode() + b",email\r\n", "a column twice: email"),
        (csv(), "nothing below it"),
        (b"PK\x03\x04rest", "workbook"),
        (b"\x00\x01\x02", "not a text file"),
        (csv('a,"A,,,,'), "From line 2 on"),
        (b"x" * (10 * 1024 * 1024 + 1), "too large"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_in_words(raw: bytes, said: str) -> None:
    with pytest.raises(Unusable, match=said):
        read(raw)


def test_columns_come_in_any_order_and_others_are_not_used() -> None:
    file = read(b"Course;Role;Email;Last name;First name;Username;Phone\nbotany;student;;Curie;Eve;eve;123\n")
    [line] = file.lines
    assert (line.username, line.last_name, line.course) == ("eve", "Curie", "botany")
    assert "phone" in file.notes[0]


# Planning and writing


@database
def test_people_enrolments_and_instructors_are_written_and_told_in_one_batch(cast: Cast) -> None:
    Enrollment.objects.filter(user=cast.bob).update(active=False)
    plan = bring(
        MARY,
        "MARY,Mary,Shelley,mary@school.example,instructor,botany",
        "Ada,Ada,Lovelace,,student,algorithms",
        "bob,,,,student,algorithms",
        "grace,,,,Instructor,Botany",
        "percy,Percy,Shelley,,,",
    )
    assert plan.good, plan.wrong
    assert [verdict.text for verdict in plan.verdicts] == [
        "New person. Will study Algorithms.",
        "Will teach Botany.",
        "Is here already. Studies Algorithms already.",
        "Is here already. Will study Algorithms again: the enrolment had ended.",
        "Is here already. Will teach Botany.",
        "New person, without an e-mail address, so without a way to choose a password.",
    ]
    mary = User.objects.get(username="mary")
    assert (mary.search_text, mary.email, mary.is_active) == ("mary shelley", "mary@school.example", True)
    assert not mary.has_usable_password()
    assert (mary.is_staff, mary.is_superuser) == (False, False)
    assert list(mary.enrollments.values_list("course__slug", "active")) == [("algorithms", True)]
    assert set(cast.botany.instructors.all()) == {cast.oscar, cast.grace, mary}
    assert Enrollment.objects.get(user=cast.bob).active
    assert Enrollment.objects.filter(user=cast.ada).count() == 1
    told = Outbox.objects.filter(kind="access_changed", live_done_at__isnull=False)
    assert set(told.values_list("object_id", flat=True)) == {mary.pk, cast.bob.pk, cast.grace.pk}
    assert Outbox.objects.count() == 3

    before = state()
    again = bring(MARY)
    assert again.verdicts[0].text == "Is here already. Studies Algorithms already."
    assert state() == before


@database
def test_an_account_that_is_here_is_not_changed(cast: Cast) -> None:
    before = state()[0]
    plan = bring("admin,Site,Admin,thief@evil.example,student,algorithms")
    assert "not taken over: e-mail address" in plan.verdicts[0].text
    assert state()[0] == before


@database
@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("new,N,N,n@x.example,student,chemistry", "no course “chemistry”"),
        ("new,N,N,n@x.example,teacher,botany", "must be student or instructor"),
        ("new,N,N,n@x.example,,botany", "must be student or instructor"),
        ("new,N,N,n@x.example,student,", "a role, and no course"),
        ("new,N,N,not an address,student,botany", "“not an address” is not an e-mail address"),
        (",N,N,n@x.example,student,botany", "user name is missing"),
        ("new one,N,N,,student,botany", "letters, digits"),
        ("=1+1,N,N,,student,botany", "letters, digits"),
        (f"{'u' * 151},N,N,,student,botany", "Too long: user name, at most 150"),
        (f"new,{'f' * 151},N,,student,botany", "Too long: first name, at most 150"),
        (f"new,N,N,{'e' * 250}@x.example,student,botany", "Too long: e-mail address, at most 254"),
        (f"new,{'ﷺ' * 100},N,,student,botany", "name is too long"),
        ("new,N\u0007,N,,student,botany", "unprintable character in: first name"),
        ('new,"N\nM",N,,student,botany', "line break"),
        ("new,N,student,botany", "4 values"),
        ("new,N,N,,student,botany,more", "7 values"),
        ("mary,Maria,Shelley,mary@school.example,student,botany", "Line 2 says something else"),
    ],
)
def test_one_wrong_line_is_said_in_words_and_nothing_is_written(cast: Cast, line: str, said: str) -> None:
    before = state()
    plan = bring(MARY, line)
    assert not plan.good
    [wrong] = plan.wrong
    assert wrong.number == 3
    assert said in wrong.text
    assert "1 of 2 lines" in plan.summary
    assert state() == before


@database
def test_the_same_line_twice_is_done_once(cast: Cast) -> None:
    plan = bring(MARY, MARY)
    assert plan.good
    assert plan.verdicts[1].text == "The same as line 2; nothing more to do."
    assert User.objects.filter(username="mary").count() == Enrollment.objects.filter(user__username="mary").count() == 1


@database
def test_user_names_that_differ_in_capitals_only_must_be_exact(cast: Cast) -> None:
    User.objects.create(username="ADA")
    assert not bring("Ada,,,,student,botany").good
    assert bring("ADA,,,,student,botany").good
    assert Enrollment.objects.filter(user__username="ADA", course=cast.botany).exists()


@database
def test_text_that_looks_like_a_formula_stays_text(cast: Cast) -> None:
    assert bring('new,"=HYPERLINK(""http://x"")",-1+2,,student,botany').good
    new = User.objects.get(username="new")
    assert (new.first_name, new.last_name) == ('=HYPERLINK("http://x")', "-1+2")


@database
def test_a_write_that_fails_in_the_middle_leaves_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state()
    gone = make_plan(read(csv(MARY)))
    gone.studying = [(person, Course(pk=2**31, title="Gone")) for person, _course in gone.studying]
    monkeypatch.setattr("progress.people_import.carrying_out.make_plan", lambda file, roles: gone)
    with pytest.raises(Unusable, match="Nothing was written"):
        carry_out(read(csv(MARY)))
    assert state() == before


@database
def test_ten_thousand_lines_take_well_under_a_minute(cast: Cast) -> None:
    lines = [f"s{n:05},Student,Number {n},s{n:05}@school.example,student,algorithms" for n in range(10_000)]
    begin = time.monotonic()
    plan = bring(*lines)
    assert time.monotonic() - begin < 30
    assert plan.good
    assert Enrollment.objects.filter(course=cast.algorithms, active=True).count() == 10_002
    assert User.objects.get(username="s09999").search_text == "student number 9999"
    assert Outbox.objects.filter(live_done_at=None).count() == 0

    before = Enrollment.objects.count()
    lines[5000] = lines[5000].replace("algorithms", "algebra")
    again = bring(*lines, "last,L,L,,student,botany")
    assert [verdict.number for verdict in again.wrong] == [5002]
    assert Enrollment.objects.count() == before


# The command


def command(path: Path, *options: str) -> str:
    said = StringIO()
    call_command("import_people", str(path), *options, stdout=said)
    return said.getvalue()


@database
def test_the_command_says_what_it_would_do_and_then_does_it(cast: Cast, tmp_path: Path) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(csv(MARY))
    before = state()
    assert "line 2, mary: New person. Will study Algorithms." in command(path, "--dry-run")
    assert state() == before
    assert "Done." in command(path)
    assert User.objects.filter(username="mary").exists()


@database
def test_the_command_ends_with_1_and_the_report_where_something_is_wrong(
    cast: Cast, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "people.csv"
    path.write_bytes(csv(MARY, "new,,,,student,chemistry"))
    with pytest.raises(CommandError, match="1 of 2 lines") as failed:
        call_command("import_people", str(path))
    assert failed.value.returncode == 1
    assert "line 3, new: WRONG: There is no course “chemistry”." in capsys.readouterr().out
    assert not User.objects.filter(username="mary").exists()
    with pytest.raises(CommandError, match="cannot be read"):
        command(tmp_path / "none.csv")
    path.write_bytes(b"PK\x03\x04")
    with pytest.raises(CommandError, match="workbook"):
        command(path)


# The page

PAGE = "/admin/progress/user/import/"


def upload(client: Client, raw: bytes) -> str:
    answer = client.post(PAGE, {"file": SimpleUploadedFile("people.csv", raw)})
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def admin(cast: Cast, client: Client) -> Client:
    client.force_login(cast.admin)
    return client


@database
def test_the_page_shows_the_report_and_imports_when_confirmed(cast: Cast, admin: Client) -> None:
    assert PAGE in admin.get("/admin/progress/user/").content.decode()
    assert admin.get(PAGE).status_code == 200
    page = upload(admin, csv(MARY, encoding="utf-8-sig"))
    assert "New person. Will study Algorithms." in page
    assert 'name="confirm"' in page
    assert not User.objects.filter(username="mary").exists()
    done = admin.post(PAGE, {"confirm": "1"}, follow=True)
    assert "Imported." in done.content.decode()
    assert User.objects.get(username="mary").enrollments.get().course == cast.algorithms
    assert LogEntry.objects.filter(object_repr="mary", user=cast.admin).count() == 1
    assert "choose it again" in admin.post(PAGE, {"confirm": "1"}).content.decode()


@database
def test_the_page_offers_no_import_of_a_file_with_a_wrong_line(cast: Cast, admin: Client) -> None:
    upload(admin, csv(MARY))
    page = upload(admin, csv(MARY, "<b>,,,,student,chemistry"))
    assert 'name="confirm"' not in page
    assert "&lt;b&gt;" in page
    assert "Nothing is imported until all are right" in page
    assert "choose it again" in admin.post(PAGE, {"confirm": "1"}).content.decode()
    assert "workbook" in upload(admin, b"PK\x03\x04")
    assert admin.post(PAGE, {}).status_code == 200
    assert not User.objects.filter(username="mary").exists()


@database
def test_what_changed_since_the_report_is_shown_before_it_is_done(cast: Cast, admin: Client) -> None:
    upload(admin, csv(MARY))
    User.objects.create(username="mary")
    page = admin.post(PAGE, {"confirm": "1"}).content.decode()
    assert "Something changed since the report" in page
    assert not Enrollment.objects.filter(user__username="mary").exists()
    admin.post(PAGE, {"confirm": "1"})
    assert Enrollment.objects.filter(user__username="mary").exists()


@database
def test_the_page_is_for_those_who_may_add_people_and_gives_only_what_they_may_give(cast: Cast, client: Client) -> None:
    User.objects.filter(pk=cast.oscar.pk).update(is_staff=True)
    client.force_login(cast.oscar)
    assert client.get(PAGE).status_code == 403
    may = ["add_user", "view_user", "add_enrollment", "change_enrollment"]
    cast.oscar.user_permissions.set(Permission.objects.filter(codename__in=may, content_type__app_label="progress"))
    assert "Will study" in upload(client, csv(MARY))
    page = upload(client, csv("oscar,,,,instructor,algorithms"))
    assert "You may not make anybody instructor" in page
    assert 'name="confirm"' not in page
    client.logout()
    assert client.get(PAGE).status_code == 302
