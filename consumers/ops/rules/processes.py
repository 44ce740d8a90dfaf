"""Rules about processes: whether they are there, alike, in time, and set up as they should be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from consumers.ops.away import Away
from consumers.ops.facts import Facts
from consumers.ops.process_facts import ProcessFacts
from consumers.ops.report import Report
from consumers.ops.symptom import Said, rule

DRAINING_SECONDS: Final = 10.0
"""Sockets close within a second or two; what takes longer is a request, and is cut off after 20 s."""

LOOP_SECONDS: Final = 0.5
"""Everything of a process waits for its event loop; a garbage collection at its worst takes a tenth of that."""

UNACKED_SECONDS: Final = 3.0
"""A commit takes milliseconds, and a page says nothing of a second."""

LIMITS_A_MINUTE: Final = 30.0
"""One page gone wild meets a limit some times a minute and is none of an operator's business; an attack more often."""


def _facts(facts: Facts) -> ProcessFacts | None:
    return None if isinstance(facts.processes, Away) else facts.processes


def name(report: Report) -> str:
    """What an operator calls a process."""
    return f"{report.kind} {report.pid} ({report.host})"


def names(reports: Iterable[Report]) -> str:
    """Several of them, in one sentence."""
    return ", ".join(map(name, reports))


@rule("no_web", "down")
def no_web(facts: Facts) -> Said | None:
    """None reports."""
    processes = _facts(facts)
    if processes is None or any(each.kind == "web" for each in processes.reporting):
        return None
    return Said(
        _("No web process reports."),
        _("Nobody can open a page, or web processes do not reach Redis and show nothing live."),
        _("Start web; if it runs, look in its log why it does not reach Redis."),
    )


@rule("process_silent", "warning")
def silent(facts: Facts) -> Said | None:
    """One reports no more, and did not say that it ends."""
    processes = _facts(facts)
    if processes is None or not processes.silent:
        return None
    gone = [each.report for each in processes.silent]
    return Said(
        ngettext("A process stopped reporting: %(names)s.", "Processes stopped reporting: %(names)s.", len(gone))
        % {"names": names(gone)},
        _("Its pages go to other processes by themselves if it was killed; if it hangs, they stand still."),
        _("See whether it runs: start it if it was killed, kill it if it hangs. It is forgotten after ten minutes."),
    )


@rule("process_draining", "warning")
def draining(facts: Facts) -> Said | None:
    """One is asked to end, and does not."""
    processes = _facts(facts)
    late = [each for each in (processes.reporting if processes else ()) if each.draining_seconds >= DRAINING_SECONDS]
    if not late:
        return None
    return Said(
        ngettext("A process takes long to end: %(names)s.", "Processes take long to end: %(names)s.", len(late))
        % {"names": names(late)},
        _("Nobody notices: their pages are on other processes."),
        _("Wait 35 s from its SIGTERM; kill it if it is there after that, nothing acked is lost."),
    )


@rule("reports_unacked", "down")
def unacked(facts: Facts) -> Said | None:
    """Ticks are taken, and none is acked."""
    processes = _facts(facts)
    late = [each for each in (processes.reporting if processes else ()) if each.unacked_seconds >= UNACKED_SECONDS]
    if not late:
        return None
    return Said(
        _("Progress is taken but not saved, for %(seconds)d s now, by %(names)s.")
        % {"seconds": max(each.unacked_seconds for each in late), "names": names(late)},
        _('Students\' players say "Saving…"; they keep what was watched and send it again.'),
        _("Look for a lock or for PostgreSQL being away or slow; nothing of the process itself needs mending."),
    )


@rule("loop_late", "warning")
def loop_late(facts: Facts) -> Said | None:
    """Its event loop is held up."""
    processes = _facts(facts)
    late = [each for each in (processes.reporting if processes else ()) if each.loop_lag >= LOOP_SECONDS]
    if not late:
        return None
    return Said(
        _("The event loop was held up for %(seconds).1f s in %(names)s.")
        % {"seconds": max(each.loop_lag for each in late), "names": names(late)},
        _("Everything on these processes waited for that long: acks, entries, pages."),
        _("If it goes on, start more processes, or find what else uses this machine's processor."),
    )


@rule("versions_differ", "warning")
def versions_differ(facts: Facts) -> Said | None:
    """They are of different versions."""
    processes = _facts(facts)
    versions = sorted({each.version for each in processes.reporting}) if processes else []
    if len(versions) < 2:
        return None
    return Said(
        _("Processes of different versions run: %(versions)s.") % {"versions": ", ".join(versions)},
        _("During an upgrade that is as it should be; nobody notices anything."),
        _("If no upgrade is under way, restart those of the older version."),
    )


@rule("limits_met", "warning")
def limits_met(facts: Facts) -> Said | None:
    """Many are refused for taking too much."""
    processes = _facts(facts)
    met: dict[str, float] = {}
    for each in processes.reporting if processes else ():
        for counted, count in each.lately.items():
            if counted.startswith("limit."):
                met[counted[6:]] = met.get(counted[6:], 0.0) + count
    often = sorted(limit for limit, count in met.items() if count >= LIMITS_A_MINUTE)
    if not often:
        return None
    return Said(
        _("Limits were met often in the last minute: %(limits)s.") % {"limits": ", ".join(often)},
        _("Whoever meets one is refused for a while; a whole school behind one address may be meant."),
        _("Raise the limit if these are our own people; close the address at the proxy if they are not."),
    )


@rule("will_not_start", "down")
def will_not_start(facts: Facts) -> Said | None:
    """A system check finds an error: web and worker do not start with it."""
    wrong = [each for each in facts.wrong if each.serious]
    if not wrong:
        return None
    return Said(
        _("The configuration has an error: %(said)s")
        % {"said": "; ".join(f"{each.said} ({each.id})" for each in wrong)},
        _("Web and worker do not start with it; those that run began before it."),
        " ".join(filter(None, (each.hint for each in wrong))) or _('See docs/operations.md, "System checks".'),
    )


@rule("misconfigured", "warning")
def misconfigured(facts: Facts) -> Said | None:
    """A system check warns."""
    wrong = [each for each in facts.wrong if not each.serious]
    if not wrong:
        return None
    return Said(
        _("The configuration is not as it should be: %(said)s")
        % {"said": "; ".join(f"{each.said} ({each.id})" for each in wrong)},
        _("Nobody notices anything until the day on which it matters."),
        " ".join(filter(None, (each.hint for each in wrong))) or _('See docs/operations.md, "System checks".'),
    )
