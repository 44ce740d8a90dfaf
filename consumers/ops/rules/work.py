"""Rules about what is done later: the outbox, the worker, its jobs."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from consumers.ops.away import Away
from consumers.ops.facts import Facts
from consumers.ops.symptom import Said, rule

OUTBOX_SECONDS: Final = 5.0
"""A reference is left for 2 s to whoever wrote it, and swept every half second after that."""

JOB_SECONDS: Final = 60.0
"""A job is begun within seconds, unless five others take all places."""


@rule("no_worker", "down")
def no_worker(facts: Facts) -> Said | None:
    """Nobody does jobs. Where Redis is away, the queue itself knows whose heart beats."""
    if not isinstance(facts.processes, Away):
        alive = any(each.kind == "worker" for each in facts.processes.reporting)
    elif not isinstance(facts.queue, Away):
        alive = facts.queue.workers > 0
    else:
        return None
    if alive:
        return None
    return Said(
        _("No worker is running."),
        _("Uploaded videos are not read, outside certificates do not come, and what a crash left is not told."),
        _("Start one: python manage.py worker."),
    )


@rule("outbox_old", "down")
def outbox_old(facts: Facts) -> Said | None:
    """What was done is not told."""
    if isinstance(facts.database, Away) or facts.database.outbox_age < OUTBOX_SECONDS:
        return None
    rows = facts.database.outbox_rows or 0
    said = ngettext(
        "%(rows)d change waits to be told, the oldest for %(seconds)d s.",
        "%(rows)d changes wait to be told, the oldest for %(seconds)d s.",
        rows,
    )
    return Said(
        said % {"rows": rows, "seconds": facts.database.outbox_age},
        _("Instructors see these late; nothing is lost, and a page that is loaded now has them."),
        _("Mend Redis if it is away, and see that a worker runs; its log says what it cannot tell."),
    )


@rule("jobs_waiting", "warning")
def jobs_waiting(facts: Facts) -> Said | None:
    """Jobs that are due are not begun."""
    if isinstance(facts.queue, Away) or facts.queue.oldest < JOB_SECONDS:
        return None
    return Said(
        _("A job that is due has waited for %(seconds)d s.") % {"seconds": facts.queue.oldest},
        _("Uploaded videos, outside certificates and erasures come late."),
        _("See that a worker runs; if one does, start another, for all places are taken."),
    )


@rule("jobs_stuck", "warning")
def jobs_stuck(facts: Facts) -> Said | None:
    """A dead worker was doing them, and no living one has given them back."""
    if isinstance(facts.queue, Away) or not facts.queue.orphans:
        return None
    return Said(
        ngettext(
            "%(jobs)d job was being done by a worker that died.",
            "%(jobs)d jobs were being done by a worker that died.",
            facts.queue.orphans,
        )
        % {"jobs": facts.queue.orphans},
        _("What these jobs were for comes late."),
        _("See that a worker runs: it gives them back within ten seconds."),
    )


@rule("jobs_failed", "warning")
def jobs_failed(facts: Facts) -> Said | None:
    """Some were given up."""
    failed = 0 if isinstance(facts.queue, Away) else facts.queue.jobs.get("failed", 0)
    if not failed:
        return None
    return Said(
        ngettext("%(jobs)d job failed for good.", "%(jobs)d jobs failed for good.", failed) % {"jobs": failed},
        _("An upload, a certificate, an erasure or a change of a lesson was not finished."),
        _("See which in the admin site under Procrastinate, mend its cause, and put it back to todo."),
    )
