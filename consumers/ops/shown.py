"""What operators are shown: facts and symptoms as texts, the same on the page as it loads and in each live frame.

No student is in it: own feeds of students are one row together, and of commands and queries there are names only.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from consumers import access
from consumers.ops.away import Away
from consumers.ops.database_facts import DatabaseFacts
from consumers.ops.facts import Facts
from consumers.ops.groups import Group
from consumers.ops.process_facts import ProcessFacts
from consumers.ops.queue_facts import QueueFacts
from consumers.ops.redis_facts import RedisFacts
from consumers.ops.report import Report
from consumers.ops.rules.delivery import group_name
from consumers.ops.rules.processes import DRAINING_SECONDS, LOOP_SECONDS, UNACKED_SECONDS, name
from consumers.ops.symptom import Symptom

MOST_GROUPS = 100
"""Rows of groups that are shown, those with most sockets: `manage.py groups` has all."""


def shown(
    facts: Facts,
    symptoms: Sequence[Symptom],
    rates: Mapping[str, float],
    actions: list[dict[str, Any]] | Away,
) -> dict[str, Any]:
    """Everything on the page. Values are texts; lists have a `key` each, and `away` says why a part is not there."""
    return {
        "at": _moment(facts.at),
        "status": "well" if not symptoms else max(symptoms, key=lambda each: each.severity == "down").severity,
        "verdict": _verdict(symptoms),
        "symptoms": [
            {"key": each.id, "severity": each.severity, "what": each.what, "means": each.means, "do": each.do}
            for each in symptoms
        ],
        **_processes(facts.processes, rates, facts.at),
        "redis": _away(facts.redis) if isinstance(facts.redis, Away) else _redis(facts.redis),
        "database": _away(facts.database) if isinstance(facts.database, Away) else _database(facts.database),
        "queue": _away(facts.queue) if isinstance(facts.queue, Away) else _queue(facts.queue),
        "actions": [] if isinstance(actions, Away) else actions,
    }


def _verdict(symptoms: Sequence[Symptom]) -> str:
    if not symptoms:
        return _("All is well.")
    return ngettext("%(count)d thing is wrong.", "%(count)d things are wrong.", len(symptoms)) % {
        "count": len(symptoms)
    }


def _away(source: Away) -> dict[str, Any]:
    return {"away": source.why}


def _processes(found: ProcessFacts | Away, rates: Mapping[str, float], now: float) -> dict[str, Any]:
    if isinstance(found, Away):
        return {"registry": _away(found), "processes": [], "groups": [], "sockets": "", "more_groups": 0}
    silent = {each.report.id: each.seconds for each in found.silent}
    rows = [_process(each, silent.get(each.id)) for each in (*found.reporting, *(one.report for one in found.silent))]
    groups = together(found.groups)
    members = _members(found.reporting)
    kept = sorted(sorted(groups, key=lambda each: -each.sockets)[:MOST_GROUPS], key=lambda each: each.group)
    total = sum(sum(each.sockets.values()) for each in found.reporting)
    return {
        "registry": {"away": ""},
        "processes": sorted(rows, key=lambda row: (row["kind"], row["name"])),
        "groups": [_group(each, members, rates) for each in kept],
        "sockets": ngettext("%(count)d socket", "%(count)d sockets", total) % {"count": total},
        "more_groups": len(groups) - len(kept),
    }


def together(groups: Iterable[Group]) -> list[Group]:
    """The groups, with the students' own feeds as one: the name of each would say who is here."""
    rows: list[Group] = []
    own: list[Group] = []
    for each in groups:
        (own if group_name(each.group) != each.group else rows).append(each)
    if own:
        rows.append(
            Group(
                group=group_name(own[0].group),
                sockets=sum(each.sockets for each in own),
                processes=max(each.processes for each in own),
                epoch="",
                offset=sum(each.offset for each in own),
                history=sum(each.history for each in own),
                lag=max(each.lag for each in own),
                others=sum(each.others for each in own),
            )
        )
    return rows


def _members(reports: Sequence[Report]) -> dict[str, dict[str, int]]:
    members: dict[str, dict[str, int]] = {}
    for report in reports:
        for group, heard in report.groups.items():
            of_group = members.setdefault(group_name(group), {})
            of_group[name(report)] = of_group.get(name(report), 0) + heard.sockets
    return members


def _group(group: Group, members: Mapping[str, Mapping[str, int]], rates: Mapping[str, float]) -> dict[str, Any]:
    rate = sum(each for of, each in rates.items() if group_name(of) == group.group)
    by_process = ", ".join(f"{who}: {count}" for who, count in members.get(group.group, {}).items() if count)
    return {
        "key": group.group,
        "name": group.group,
        "sockets": str(group.sockets),
        "members": by_process,
        "history": str(group.history),
        "epoch": group.epoch or "–",
        "offset": str(group.offset),
        "lag": str(group.lag),
        "rate": f"{rate:.1f}",
        "state": "elsewhere" if group.others else "ok",
        "links": {"epoch": _link("new-epoch", group=group.group)},
        "acts": group.group != access.GROUP,
    }


def _process(report: Report, silent: float | None) -> dict[str, Any]:
    late = report.loop_lag >= LOOP_SECONDS or report.unacked_seconds >= UNACKED_SECONDS
    slow = report.draining_seconds >= DRAINING_SECONDS
    state = "silent" if silent is not None else "draining" if report.draining else "ok"
    words = {
        "silent": _("silent for %(time)s") % {"time": duration(silent or 0)},
        "draining": _("draining for %(time)s") % {"time": duration(report.draining_seconds)},
        "ok": _("reports"),
    }
    return {
        "key": report.id,
        "name": name(report),
        "kind": report.kind,
        "version": report.version,
        "uptime": duration(report.at - report.started_at),
        "state": "late" if state == "ok" and late else "silent" if slow else state,
        "said": _("is late") if state == "ok" and late else words[state],
        "sockets": str(sum(report.sockets.values())),
        "by_kind": ", ".join(f"{kind} {count}" for kind, count in report.sockets.items() if count) or "–",
        "behind": str(report.viewers_behind),
        "unsent": filesizeformat(report.unsent_bytes),
        "waiting": str(report.waiting_reports + report.waiting_references),
        "lag": duration(report.loop_lag),
        "commit": duration(_mean(report)),
        "memory": filesizeformat(report.memory_bytes),
        "links": {
            "close": _link("close-process", process=report.id),
            "drain": _link("drain", process=report.id),
        },
        "acts": report.kind == "web" and silent is None,
    }


def _mean(report: Report) -> float:
    commits = report.lately.get("commits", 0.0)
    return report.lately.get("commit_seconds", 0.0) / commits if commits else 0.0


def _redis(redis: RedisFacts) -> dict[str, Any]:
    most = filesizeformat(redis.most_memory) if redis.most_memory else _("no limit")
    return {
        "away": "",
        "version": redis.version,
        "uptime": duration(redis.uptime),
        "role": redis.role,
        "memory": f"{filesizeformat(redis.memory)} / {most}",
        "policy": redis.policy,
        "clients": f"{redis.clients} / {redis.most_clients}",
        "listening": "–" if redis.pubsub_clients is None else str(redis.pubsub_clients),
        "buffer": _not_permitted() if redis.pubsub_buffer is None else filesizeformat(redis.pubsub_buffer),
        "evicted": str(redis.evicted),
        "saves": _("fails") if redis.save_failing else _("on") if redis.saves else _("off (not needed)"),
        "slow": _not_permitted()
        if redis.slow is None
        else ", ".join(f"{each.command} {duration(each.seconds)}" for each in redis.slow) or _("none"),
    }


def _not_permitted() -> str:
    return _("not permitted")


def _database(database: DatabaseFacts) -> dict[str, Any]:
    tables = database.tables or []
    return {
        "away": "",
        "version": database.version,
        "size": filesizeformat(database.size),
        "connections": f"{database.connections} / {database.most_connections}",
        "transaction": duration(database.longest_transaction),
        "idle": duration(database.longest_idle),
        "locks": str(database.waiting_for_locks),
        "outbox": "–" if database.outbox_rows is None else str(database.outbox_rows),
        "outbox_age": duration(database.outbox_age),
        "tables": [
            {
                "key": each.name,
                "name": each.name,
                "size": filesizeformat(each.size),
                "rows": str(each.rows),
                "dead": str(each.dead_rows),
            }
            for each in tables
        ],
    }


def _queue(queue: QueueFacts) -> dict[str, Any]:
    return {
        "away": "",
        "workers": str(queue.workers),
        "oldest": duration(queue.oldest),
        "orphans": str(queue.orphans),
        **{status: str(queue.jobs.get(status, 0)) for status in ("todo", "doing", "failed")},
    }


def duration(seconds: float) -> str:
    """A duration that is read at a glance."""
    if seconds < 1:
        return _("%(count)d ms") % {"count": round(seconds * 1000)}
    if seconds < 120:
        return _("%(count).1f s") % {"count": seconds}
    if seconds < 2 * 3600:
        return _("%(count)d min") % {"count": seconds // 60}
    if seconds < 2 * 86_400:
        return _("%(count)d h") % {"count": seconds // 3600}
    return _("%(count)d d") % {"count": seconds // 86_400}


def _moment(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat()


def _link(action: str, **chosen: str) -> str:
    return f"{reverse('ops_action', args=[action])}?{urlencode(chosen)}"
