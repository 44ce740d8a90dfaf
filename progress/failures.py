"""Failures in words, for the log: redis-py's errors keep their message out of their `repr`."""


def in_words(error: BaseException) -> str:
    """Return the error's kind and what it says, as in `NoPermissionError: this user has no permissions …`."""
    kind, said = type(error).__name__, str(error)
    return f"{kind}: {said}" if said else kind
