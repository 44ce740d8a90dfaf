"""Refusals: what we answer to a request that cannot be met, with a stable code for programs."""


class Refused(Exception):
    """A request that is turned down for a reason the caller can act on.

    `code` is stable and listed in docs/protocol.md; `detail` is a sentence for people; `status` is the HTTP status;
    `more` are further keys of the JSON answer.
    """

    def __init__(self, status: int, code: str, detail: str, **more: object) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.more = more


class BadValue(Refused):
    """A well-formed request with a value that cannot be (HTTP 422)."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(422, code, detail)


class Unreadable(Refused):
    """A request that cannot be parsed at all (HTTP 400)."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(400, code, detail)


class NotFound(Refused):
    """What is not there, and what the caller may not see: the two must look alike (HTTP 404)."""

    def __init__(self, what: str) -> None:
        super().__init__(404, "not_found", f"There is no such {what}, or you may not see it.")


class NotEnrolled(Refused):
    """The caller may see the lesson but does not study it, so nothing is recorded (HTTP 403)."""

    def __init__(self) -> None:
        super().__init__(403, "not_enrolled", "Progress is recorded for enrolled students only.")


class QuizRequired(Refused):
    """A completion by hand before the lesson's required quiz is passed (HTTP 409); `quiz_url` says where it is."""

    def __init__(self, quiz_url: str = "") -> None:
        sentence = "You must pass the lesson quiz before completing this lesson."
        super().__init__(409, "quiz_required", sentence, quiz_required=True, quiz_url=quiz_url)


class NotRecorded(Refused):
    """A report that PostgreSQL does not take, whatever the reason (HTTP 422): sent again, it would fail again."""

    def __init__(self) -> None:
        super().__init__(422, "not_recorded", "This could not be recorded, and would not be if it were sent again.")
