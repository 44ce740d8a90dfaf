"""The one refusal: a run cannot go on, and a person can do something about it."""


class Refused(Exception):
    """The run cannot go on, for a reason that a person can act on: one sentence."""
