"""The plan of an import: for each line, in words, what is wrong with it or what will be done. Nothing is written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db.models.functions import Lower
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from progress.models import Course, Enrollment, User
from progress.password_reset import no_password_yet
from progress.people_import.reading import File, Line
from progress.text import normalised

STUDENT = "student"
INSTRUCTOR = "instructor"
ROLES = (STUDENT, INSTRUCTOR)

_PERSONAL = ("first_name", "last_name", "email")
_LONGEST = {"username": 150, "first_name": 150, "last_name": 150, "email": 254}  # as the columns are
_LONGEST_NAME = 400


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the report says of one line."""

    number: int
    username: str
    good: bool
    text: str


@dataclass(slots=True)
class Plan:
    """What an import will write, and its report."""

    notes: list[str] = field(default_factory=list)
    verdicts: list[Verdict] = field(default_factory=list)
    newcomers: list[User] = field(default_factory=list)
    studying: list[tuple[User, Course]] = field(default_factory=list)
    teaching: list[tuple[User, Course]] = field(default_factory=list)
    written: bool = False

    @property
    def wrong(self) -> list[Verdict]:
        """The lines that keep the whole file from being imported."""
        return [verdict for verdict in self.verdicts if not verdict.good]

    @property
    def good(self) -> bool:
        """Whether every line can be carried out."""
        return all(verdict.good for verdict in self.verdicts)

    @property
    def digest(self) -> str:
        """What tells this report from another one."""
        return hashlib.sha256(repr(self.verdicts).encode()).hexdigest()

    @property
    def summary(self) -> str:
        """One sentence for all."""
        if not self.good:
            said = ngettext(
                "%(wrong)d of %(all)d line is wrong. Nothing is imported until all are right.",
                "%(wrong)d of %(all)d lines are wrong. Nothing is imported until all are right.",
                len(self.verdicts),
            )
            return said % {"wrong": len(self.wrong), "all": len(self.verdicts)}
        said = ngettext(
            "%(lines)d line: new people %(new)d, enrolments %(studying)d, courses to teach %(teaching)d.",
            "%(lines)d lines: new people %(new)d, enrolments %(studying)d, courses to teach %(teaching)d.",
            len(self.verdicts),
        )
        return said % {
            "lines": len(self.verdicts),
            "new": len(self.newcomers),
            "studying": len(self.studying),
            "teaching": len(self.teaching),
        }


def make_plan(file: File, roles: Collection[str] = ROLES) -> Plan:
    """Hold the file against the people and courses that are here; `roles` are those that may be given."""
    return _Planner(file, roles).plan()


class _Planner:
    """The state of one pass over the lines."""

    def __init__(self, file: File, roles: Collection[str]) -> None:
        self.lines = file.lines
        self.roles = roles
        self.made = Plan(notes=list(file.notes))
        usernames = {User.normalize_username(line.username) for line in file.lines}
        self.here: dict[str, list[User]] = {}
        lowered = {username.lower() for username in usernames}
        for person in User.objects.annotate(lower=Lower("username")).filter(lower__in=lowered):
            self.here.setdefault(person.username.lower(), []).append(person)
        self.courses = Course.objects.in_bulk({line.course.lower() for line in file.lines}, field_name="slug")
        # A slug is matched as it is written, and else in small letters.
        self.courses |= Course.objects.in_bulk({line.course for line in file.lines}, field_name="slug")
        known = [person.pk for people in self.here.values() for person in people]
        enrolled = Enrollment.objects.filter(user__in=known, course__in=self.courses.values())
        self.enrolled = {(user, course): on for user, course, on in enrolled.values_list("user", "course", "active")}
        taught = Course.instructors.through.objects.filter(user__in=known)
        self.taught = set(taught.values_list("user_id", "course_id"))
        self.people: dict[str, tuple[User, Line]] = {}
        self.said: dict[tuple[str, str, int | None], int] = {}

    def plan(self) -> Plan:
        """Go through the lines."""
        for line in self.lines:
            try:
                text, good = self._done(line), True
            except _Wrong as wrong:
                text, good = str(wrong), False
            self.made.verdicts.append(Verdict(line.number, line.username, good, text))
        return self.made

    def _done(self, line: Line) -> str:
        complain(line)
        course = self._course(line)
        person, words = self._person(line)
        if course is None:
            return " ".join(words or [_("Nothing to do.")])
        key = (person.username.lower(), line.role.lower(), course.pk)
        if (before := self.said.setdefault(key, line.number)) != line.number:
            return _("The same as line %(before)d; nothing more to do.") % {"before": before}
        return " ".join([*words, self._given(person, line.role.lower(), course)])

    def _course(self, line: Line) -> Course | None:
        if not line.course:
            if line.role:
                raise _Wrong(_("There is a role, and no course for it."))
            return None
        role = line.role.lower()
        if role not in ROLES:
            raise _Wrong(_("The role must be student or instructor; it is “%(role)s”.") % {"role": line.role[:50]})
        if role not in self.roles:
            raise _Wrong(_("You may not make anybody %(role)s of a course.") % {"role": role})
        course = self.courses.get(line.course) or self.courses.get(line.course.lower())
        if course is None:
            raise _Wrong(
                _("There is no course “%(course)s”. The short name of the course is needed, as in its address.")
                % {"course": line.course[:80]}
            )
        return course

    def _person(self, line: Line) -> tuple[User, list[str]]:
        """Return who is meant, with what is done about the person."""
        username = User.normalize_username(line.username)
        key = username.lower()
        if key in self.people:
            person, first = self.people[key]
            if differing := [name for name in _PERSONAL if getattr(line, name) != getattr(first, name)]:
                raise _Wrong(
                    _("Line %(number)d says something else of the same person: %(names)s.")
                    % {"number": first.number, "names": _in_words(differing)}
                )
            return person, []
        here = self.here.get(key, [])
        exact = [person for person in here if person.username == username]
        if len(here) > 1 and not exact:
            raise _Wrong(_("Several people have this user name, with other capital letters: write it exactly."))
        if here:
            person = (exact or here)[0]
            self.people[key] = person, line
            return person, [_about(person, line)]
        person = User(
            username=username,
            first_name=line.first_name,
            last_name=line.last_name,
            email=User.objects.normalize_email(line.email),
            password=no_password_yet(),
        )
        if len(normalised(person.name)) > _LONGEST_NAME:
            raise _Wrong(_("The name is too long."))
        self.people[key] = person, line
        self.made.newcomers.append(person)
        if line.email:
            return person, [_("New person.")]
        return person, [_("New person, without an e-mail address, so without a way to choose a password.")]

    def _given(self, person: User, role: str, course: Course) -> str:
        words = {"course": course.title}
        if role == INSTRUCTOR:
            if (person.pk, course.pk) in self.taught:
                return _("Teaches %(course)s already.") % words
            self.made.teaching.append((person, course))
            return _("Will teach %(course)s.") % words
        active = self.enrolled.get((person.pk, course.pk))
        if active:
            return _("Studies %(course)s already.") % words
        self.made.studying.append((person, course))
        if active is None:
            return _("Will study %(course)s.") % words
        return _("Will study %(course)s again: the enrolment had ended.") % words


class _Wrong(Exception):
    """A line that cannot be carried out; the text says why."""


def complain(line: Line) -> None:
    """Raise _Wrong with everything that the line's own values show to be wrong."""
    if line.wrong:
        raise _Wrong(line.wrong)
    wrong = [
        *_too_long(line),
        *_unprintable(line),
        *_complaint(_("The user name is missing."), not line.username),
        *_complaint(
            _("The user name may have letters, digits and @ . + - _ only."),
            bool(line.username) and _refused(User.username_validator, User.normalize_username(line.username)),
        ),
        *_complaint(
            _("“%(email)s” is not an e-mail address.") % {"email": line.email[:100]},
            bool(line.email) and _refused(validate_email, line.email),
        ),
    ]
    if wrong:
        raise _Wrong(" ".join(wrong))


def _complaint(text: str, so: bool) -> Iterable[str]:
    return [text] if so else []


def _too_long(line: Line) -> Iterable[str]:
    for name, longest in _LONGEST.items():
        if len(getattr(line, name)) > longest:
            words = {"name": _in_words([name]), "longest": longest}
            yield _("Too long: %(name)s, at most %(longest)d characters.") % words


def _unprintable(line: Line) -> Iterable[str]:
    for name in ("username", *_PERSONAL):
        if not getattr(line, name).isprintable():
            yield _("There is a line break or an unprintable character in: %(name)s.") % {"name": _in_words([name])}


def _refused(validator: Callable[[str], None], value: str) -> bool:
    try:
        validator(value)
    except ValidationError:
        return True
    return False


def _about(person: User, line: Line) -> str:
    # An account that is there is not changed: with another address, whoever imports could take it over by a reset.
    differing = [name for name in _PERSONAL if getattr(line, name) and getattr(line, name) != getattr(person, name)]
    said = _("Is here already.")
    if differing:
        said += " " + _("What the file says otherwise is not taken over: %(names)s.") % {"names": _in_words(differing)}
    if not person.is_active:
        said += " " + _("The account is switched off and stays so.")
    return said


def _in_words(names: Iterable[str]) -> str:
    words = {
        "username": _("user name"),
        "first_name": _("first name"),
        "last_name": _("last name"),
        "email": _("e-mail address"),
    }
    return ", ".join(words[name] for name in names)
