"""Operators' actions: each is noted before it is begun, done, and noted with what came of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from asgiref.sync import async_to_sync
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from redis.exceptions import RedisError

from consumers import access
from consumers.models import OperatorAction
from consumers.ops import groups, orders
from consumers.ops.process_facts import SILENT_SECONDS
from consumers.ops.registry import registry
from consumers.ops.report import Report
from consumers.ops.rules.delivery import group_name
from consumers.ops.shown import together
from feed.layer import histories
from progress import outbox
from progress.audit import name_of
from progress.failures import in_words
from progress.models import User

Kind = OperatorAction.Kind
Chosen = Mapping[str, Any]


async def reporting_webs() -> list[Report]:
    """The web processes that can be told something. Raises redis.RedisError where Redis is away."""
    told = await registry().look()
    return [each.report for each in told if each.age < SILENT_SECONDS and each.report.kind == "web"]


async def open_groups() -> list[str]:
    """The groups that a new epoch can be begun in, students' own feeds as one."""
    return sorted(each.group for each in together(await groups.read()) if each.group != access.GROUP)


def perform(kind: Kind, by: User, chosen: Chosen) -> OperatorAction:
    """Do it and return the record; its outcome says what came of it, also where nothing did."""
    person = User.objects.filter(username=chosen["username"]).first() if kind == Kind.CLOSE_PERSON else None
    done = OperatorAction.objects.create(
        kind=kind, by=by, by_name=name_of(by), target=_target(kind, chosen), person=person
    )
    try:
        done.outcome = _DO[kind](chosen, person)[:300]
    except (RedisError, OSError) as error:
        done.outcome = (_("Redis does not answer, and nothing was done: %(why)s") % {"why": in_words(error)})[:300]
    done.save(update_fields=["outcome"])
    return done


def _target(kind: Kind, chosen: Chosen) -> str:
    if kind == Kind.CLOSE_PERSON:
        return ""  # the record has a link, which goes with the person
    if kind == Kind.REPUBLISH:
        minutes: int = chosen["minutes"]
        said = ngettext("the last %(minutes)d minute", "the last %(minutes)d minutes", minutes)
        return said % {"minutes": minutes}
    return str(chosen["group"] if kind == Kind.NEW_EPOCH else chosen["process"])


def _close_person(_chosen: Chosen, person: User | None) -> str:
    async def close() -> tuple[int, dict[str, int]]:
        webs = [each.id for each in await reporting_webs()]
        # Whoever is nobody's name is told as well: how long the answer takes must not say who is here.
        return len(webs), await orders.give("close-person", webs, person=person.pk if person else 0)

    return _answered(*async_to_sync(close)())


def _close_process(chosen: Chosen, _person: User | None) -> str:
    return _answered(1, async_to_sync(orders.give)("close-process", [chosen["process"]], process=chosen["process"]))


def _answered(asked: int, answers: Mapping[str, int]) -> str:
    closed = sum(answers.values())
    said = ngettext("%(closed)d socket was closed.", "%(closed)d sockets were closed.", closed) % {"closed": closed}
    silent = asked - len(answers)
    if not silent:
        return said
    missing = ngettext("%(silent)d process did not answer.", "%(silent)d processes did not answer.", silent) % {
        "silent": silent
    }
    return f"{said} {missing}"


def _drain(chosen: Chosen, _person: User | None) -> str:
    answers = async_to_sync(orders.give)("drain", [chosen["process"]], process=chosen["process"])
    if not answers:
        return _("The process did not answer; it may not have heard.")
    sockets = sum(answers.values())
    return ngettext(
        "The process ends, and %(sockets)d socket goes elsewhere.",
        "The process ends, and %(sockets)d sockets go elsewhere.",
        sockets,
    ) % {"sockets": sockets}


def _republish(chosen: Chosen, _person: User | None) -> str:
    told = outbox.untell(chosen["minutes"])
    return ngettext("%(told)d change is told again.", "%(told)d changes are told again.", told) % {"told": told}


def _new_epoch(chosen: Chosen, _person: User | None) -> str:
    async def begin() -> int:
        chosen_groups = [each.group for each in await groups.read() if group_name(each.group) == chosen["group"]]
        await histories().begin_epochs(chosen_groups, reason="history_lost")
        return len(chosen_groups)

    begun = async_to_sync(begin)()
    return ngettext(
        "%(begun)d group began a new epoch; its pages load anew.",
        "%(begun)d groups began a new epoch; their pages load anew.",
        begun,
    ) % {"begun": begun}


_DO: Mapping[Kind, Callable[[Chosen, User | None], str]] = {
    Kind.CLOSE_PERSON: _close_person,
    Kind.CLOSE_PROCESS: _close_process,
    Kind.DRAIN: _drain,
    Kind.REPUBLISH: _republish,
    Kind.NEW_EPOCH: _new_epoch,
}
