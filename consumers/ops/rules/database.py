"""Rules about PostgreSQL."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext as _

from consumers.ops.away import Away
from consumers.ops.database_facts import DatabaseFacts
from consumers.ops.facts import Facts
from consumers.ops.symptom import Said, rule

CONNECTIONS_SHARE: Final = 0.9
"""Of those that we may have: one more web process wants up to 28."""

COMMIT_SECONDS: Final = 0.5
"""The mean of the last minute: on a quiet machine a commit takes milliseconds, and a student notices a second."""

COMMITS_COUNTED: Final = 3
"""Fewer commits than these in a minute may have met a single slow moment."""

TRANSACTION_SECONDS: Final = 60.0
"""Nothing of ours takes so long but an import or an erasure; autovacuum can clear nothing that is younger."""

IDLE_SECONDS: Final = 10.0
"""Nothing of ours lets a transaction wait for anything but Redis, which is given up after 5 s."""

LOCK_SECONDS: Final = 2.0
"""Ours hold locks for milliseconds; who waits for longer waits for somebody else."""


def _facts(facts: Facts) -> DatabaseFacts | None:
    return None if isinstance(facts.database, Away) else facts.database


@rule("database_away", "down")
def away(facts: Facts) -> Said | None:
    """It does not answer, or refuses us."""
    if not isinstance(facts.database, Away) or facts.database.full:
        return None
    return Said(
        _("PostgreSQL does not answer: %(why)s.") % {"why": facts.database.why.rstrip(".")},
        _("Nobody can load a page, and nothing is saved; open players keep what was watched and send it later."),
        _("Start PostgreSQL, or mend the way to it; web and worker find it by themselves."),
    )


@rule("connections_used_up", "down")
def used_up(facts: Facts) -> Said | None:
    """It has no connection left for us."""
    if not isinstance(facts.database, Away) or not facts.database.full:
        return None
    return Said(
        _("PostgreSQL has no connection left."),
        _("Pages fail, and work is saved late or not at all."),
        _("End connections that are not ours, or raise max_connections and restart PostgreSQL."),
    )


@rule("connections", "warning")
def connections(facts: Facts) -> Said | None:
    """It will have none left."""
    database = _facts(facts)
    if database is None or database.connections < CONNECTIONS_SHARE * database.most_connections:
        return None
    return Said(
        _("%(used)d of PostgreSQL's %(most)d connections are in use.")
        % {"used": database.connections, "most": database.most_connections},
        _("Nobody notices anything yet; once all are used, pages fail."),
        _("End connections that are not ours, run fewer web processes, or raise max_connections."),
    )


@rule("database_slow", "warning")
def slow(facts: Facts) -> Said | None:
    """Commits take long."""
    if isinstance(facts.processes, Away):
        return None
    lately = [each.lately for each in facts.processes.reporting]
    commits = sum(each.get("commits", 0.0) for each in lately)
    if commits < COMMITS_COUNTED:
        return None
    mean = sum(each.get("commit_seconds", 0.0) for each in lately) / commits
    if mean < COMMIT_SECONDS:
        return None
    return Said(
        _("PostgreSQL is slow: a commit took %(mean).1f s on average in the last minute.") % {"mean": mean},
        _('Students\' players say "Saving…" for long, and instructors see things late.'),
        _("Look at its disk and processor, and for somebody else's work on the same server."),
    )


@rule("locks_waiting", "warning")
def locks_waiting(facts: Facts) -> Said | None:
    """Somebody waits for what somebody else has locked."""
    database = _facts(facts)
    if database is None or database.longest_lock_wait < LOCK_SECONDS:
        return None
    return Said(
        _("%(count)d connections wait for a lock, one of them for %(seconds)d s.")
        % {"count": database.waiting_for_locks, "seconds": database.longest_lock_wait},
        _("What these students did is not saved until the lock is gone; their players keep it."),
        _("Find who holds it with pg_blocking_pids, and end that one with pg_terminate_backend."),
    )


@rule("idle_in_transaction", "warning")
def idle(facts: Facts) -> Said | None:
    """Somebody keeps a transaction open and does nothing."""
    database = _facts(facts)
    if database is None or database.longest_idle < IDLE_SECONDS:
        return None
    return Said(
        _("A transaction has been open for %(seconds)d s without doing anything.") % {"seconds": database.longest_idle},
        _("Whatever it has locked cannot be saved by anybody else, and old rows pile up."),
        _('Find it in pg_stat_activity (state "idle in transaction"), and end it with pg_terminate_backend.'),
    )


@rule("long_transaction", "warning")
def long_transaction(facts: Facts) -> Said | None:
    """A transaction takes long."""
    database = _facts(facts)
    if database is None or database.longest_transaction < TRANSACTION_SECONDS:
        return None
    return Said(
        _("A transaction has been running for %(seconds)d s.") % {"seconds": database.longest_transaction},
        _("Old rows pile up meanwhile, and everything that reads them slows down."),
        _("Find it in pg_stat_activity by xact_start; let an import end, end anything else."),
    )
