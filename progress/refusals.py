"""Refusals: what we answer to a request that cannot be met, with a stable code for programs.

Sentences that come from another thread than the request's are lazy: they are put into words where they are answered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class Refused(Exception):
    """A request that is turned down for a reason the caller can act on.

    `code` is stable and listed in docs/protocol.md; `detail` is a sentence for people, in the language that is active
    where it is read; `status` is the HTTP status; `more` are further keys of the JSON answer.
    """

    def __init__(self, status: int, code: str, detail: str | _StrPromise, **more: object) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.more = more
        self._detail = detail

    @property
    def detail(self) -> str:
        """The sentence."""
        return str(self._detail)


class BadValue(Refused):
    """A well-formed request with a value that cannot be (HTTP 422)."""

    def __init__(self, code: str, detail: str | _StrPromise) -> None:
        super().__init__(422, code, detail)


class Unreadable(Refused):
    """A request that cannot be parsed at all (HTTP 400)."""

    def __init__(self, code: str, detail: str | _StrPromise) -> None:
        super().__init__(400, code, detail)


_NO_SUCH: Final = {
    "attempt": _("There is no such attempt, or you may not see it."),
    "answer": _("There is no such answer of yours to a reason for attention."),
    "course": _("There is no such course, or you may not see it."),
    "exam": _("There is no such exam, or you may not see it."),
    "lesson": _("There is no such lesson, or you may not see it."),
    "person": _("There is no such person, or you may not see them."),
    "quiz": _("There is no such quiz, or you may not see it."),
    "reason": _("There is no such reason for attention, or you may not see it."),
}
"""Whole sentences: in other languages more than the noun differs."""


class NotFound(Refused):
    """What is not there, and what the caller may not see: the two must look alike (HTTP 404)."""

    def __init__(
        self, what: Literal["attempt", "answer", "course", "exam", "lesson", "person", "quiz", "reason"]
    ) -> None:
        super().__init__(404, "not_found", _NO_SUCH[what])


class NotEnrolled(Refused):
    """The caller may see the lesson but does not study it, so nothing is recorded (HTTP 403)."""

    def __init__(self) -> None:
        super().__init__(403, "not_enrolled", _("Progress is recorded for enrolled students only."))


class QuizRequired(Refused):
    """A completion by hand before the lesson's required quiz is passed (HTTP 409); `quiz_url` says where it is."""

    def __init__(self, quiz_url: str = "") -> None:
        sentence = _("You must pass the lesson quiz before completing this lesson.")
        super().__init__(409, "quiz_required", sentence, quiz_required=True, quiz_url=quiz_url)


class NotRecorded(Refused):
    """A report that PostgreSQL does not take, whatever the reason (HTTP 422): sent again, it would fail again."""

    def __init__(self) -> None:
        sentence = _("This could not be recorded, and would not be if it were sent again.")
        super().__init__(422, "not_recorded", sentence)
