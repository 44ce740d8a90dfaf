"""Carrying out an import: planned and written in one transaction, all of it or nothing."""

from __future__ import annotations

from collections.abc import Collection

from django.db import IntegrityError, connection, transaction
from django.utils.translation import gettext as _

from progress import school
from progress.people_import.plan import ROLES, Plan, make_plan
from progress.people_import.reading import File, Unusable

_ONE_AT_A_TIME = 0x50454F50  # this import's advisory lock: two at once would not see each other's people


def carry_out(file: File, roles: Collection[str] = ROLES, *, shown: str | None = None) -> Plan:
    """Plan, and where every line is good, write; with `shown`, a plan's digest, only what that plan said.

    Raises Unusable where somebody else's change came between.
    """
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_ONE_AT_A_TIME])
            plan = make_plan(file, roles)
            if plan.good and shown in (None, plan.digest):
                school.bring_people(plan.newcomers, plan.studying, plan.teaching)
                plan.written = True
    except IntegrityError as error:
        raise Unusable(_("Somebody changed people or courses at the same moment. Nothing was written.")) from error
    return plan
