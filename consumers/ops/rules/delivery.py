"""Rules about delivery: whether what was told reaches the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from consumers.ops.away import Away
from consumers.ops.facts import Facts
from consumers.ops.report import Heard, Report
from consumers.ops.rules.processes import names
from consumers.ops.symptom import Said, rule

VIEWERS_BEHIND: Final = 1
"""One that does not read is closed after 10 s: it is seen for no longer than that, unless others follow."""

UNSENT_BYTES: Final = 8 * 1024 * 1024
"""Of one process: more than a hundred viewers that hold all that one may."""

GAPS_A_MINUTE: Final = 3.0
"""A reconnect to Redis leaves one in each process."""

HIDDEN: Final = "feed.student."
"""Groups whose name says which student they are of; operators see them together."""


def _reports(facts: Facts) -> list[Report]:
    return [] if isinstance(facts.processes, Away) else facts.processes.reporting


def group_name(group: str) -> str:
    """A group's name without a student's number."""
    return f"{HIDDEN}*" if group.startswith(HIDDEN) else group


def _lately(facts: Facts, name: str) -> float:
    return sum(each.lately.get(name, 0.0) for each in _reports(facts))


@rule("group_lags", "down")
def group_lags(facts: Facts) -> Said | None:
    """A process has not heard what was told before its last report."""
    return _of_groups(
        facts,
        lambda heard: heard.missing > 0,
        _("A process does not hear what is told in %(groups)s: %(names)s."),
        _("Pages on this process show nothing new in these groups."),
        _("Drain the process: its pages go to others and catch up. Keep its log."),
    )


@rule("group_elsewhere", "down")
def group_elsewhere(facts: Facts) -> Said | None:
    """A process stays in an epoch that is over."""
    return _of_groups(
        facts,
        lambda heard: heard.elsewhere,
        _("A process stays in an epoch of %(groups)s that is over: %(names)s."),
        _("Pages on this process show nothing new in these groups."),
        _("Drain the process: its pages go to others and load anew. Keep its log."),
    )


def _of_groups(facts: Facts, wrong: Callable[[Heard], bool], what: str, means: str, do: str) -> Said | None:
    late = [(report, group) for report in _reports(facts) for group, heard in report.groups.items() if wrong(heard)]
    if not late:
        return None
    reports = {report.id: report for report, _group in late}.values()
    groups = ", ".join(sorted({group_name(group) for _report, group in late}))
    return Said(what % {"names": names(reports), "groups": groups}, means, do)


@rule("histories_lost", "warning")
def histories_lost(facts: Facts) -> Said | None:
    """Redis lost what it had, or somebody began new epochs by hand."""
    if not _lately(facts, "histories_lost"):
        return None
    return Said(
        _("Redis lost its histories within the last minute, or an operator began new ones."),
        _("Open pages loaded anew, all at once; nothing is lost, for the entries are in the database."),
        _("Nothing, if Redis was restarted; if it goes on, look for a Redis that restarts again and again."),
    )


@rule("gaps", "warning")
def gaps(facts: Facts) -> Said | None:
    """The channel layer loses again and again."""
    many = _lately(facts, "gaps")
    if many < GAPS_A_MINUTE * max(1, len(_reports(facts))):
        return None
    return Said(
        _("Processes missed messages of Redis %(gaps)d times in the last minute, and read them again.")
        % {"gaps": many},
        _("Entries came up to two seconds late; none is missing."),
        _("Look for a network between web and Redis that drops connections, and at Redis's output buffer limits."),
    )


@rule("viewers_behind", "warning")
def viewers_behind(facts: Facts) -> Said | None:
    """Somebody reads more slowly than there is to say."""
    behind = sum(each.viewers_behind for each in _reports(facts))
    if behind < VIEWERS_BEHIND:
        return None
    return Said(
        ngettext(
            "%(behind)d page reads more slowly than there is to say.",
            "%(behind)d pages read more slowly than there is to say.",
            behind,
        )
        % {"behind": behind},
        _("These pages see entries late; one that reads nothing for ten seconds is let go and comes again."),
        _("Nothing, for a few slow networks; if there are many, look at the way out, the proxy first."),
    )


@rule("unsent_bytes", "warning")
def unsent_bytes(facts: Facts) -> Said | None:
    """Much waits in a process for sockets that do not take it."""
    full = [each for each in _reports(facts) if each.unsent_bytes >= UNSENT_BYTES]
    if not full:
        return None
    most = max(each.unsent_bytes for each in full)
    return Said(
        _("%(size)d MiB wait in %(names)s for sockets that do not take them.")
        % {"size": most // 1024**2, "names": names(full)},
        _("Many pages see entries late."),
        _("Look at the way out: the proxy, the network behind it."),
    )
