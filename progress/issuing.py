"""Issuing by an outside service: jobs that ask for a certificate until it is there, and that take one back.

The certificate's row is the truth. It is issued once its `issued_at` is set, in the transaction that also writes the
reference for the feed; a job that is killed before that asks again, and gets the same certificate.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django.db import transaction
from procrastinate.jobs import Job
from procrastinate.retry import BaseRetryStrategy, RetryDecision

from progress import database, issuers, jobs, outbox
from progress.issuers import Receipt, TurnedDown, Unavailable, Wanted
from progress.models import Certification, Outbox
from progress.outbox import Reference

LONGEST_WAIT = 3600


class UntilDone(BaseRetryStrategy):
    """Again and again, after a second, two, four, … an hour at most: nobody loses a certificate to an outage."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision:
        """When to try again; not before the issuer wants it."""
        spread = random.uniform(0.5, 1.0)  # noqa: S311 - hides nothing # nosec B311
        wait = min(LONGEST_WAIT, 2 ** min(job.attempts, 12)) * spread
        if isinstance(exception, Unavailable) and exception.after is not None:
            wait = max(wait, exception.after)
        return RetryDecision(retry_in={"seconds": max(1, round(wait))})


def named(certificate: Certification) -> dict[str, Any]:
    """What jobs about a certificate are given: its number, and its id, which outlives the row.

    The same for every kind, so that they wait for each other (progress.jobs).
    """
    return {"certificate": certificate.pk, "reference": str(certificate.certificate_id)}


@jobs.task(name="issue_certificate", retry=UntilDone())
async def issue_certificate(*, certificate: int, reference: str) -> None:
    """Have one certificate issued. Nothing to do where it is issued, withdrawn, refused or gone."""
    found = await _begin(certificate)
    if found is None:
        return
    wanted, tries = found
    issuer = issuers.outside()
    try:
        # The school may have come back to issuing by itself, while some were still waiting.
        receipt = await issuer.issue(wanted, again=tries > 1) if issuer else Receipt("")
    except Unavailable as error:
        await _update("problem = %s", certificate, str(error)[:300])
        raise
    except TurnedDown as error:
        await _update("problem = %s, refused = true", certificate, str(error)[:300])
        return
    await _issued(certificate, receipt)


# Before whatever else waits: an issuing that waits for its next try must not keep a withdrawn certificate valid.
@jobs.task(name="revoke_certificate", retry=UntilDone(), priority=10)
async def revoke_certificate(*, certificate: int, reference: str) -> None:
    """Have one certificate taken back by the outside issuer, which perhaps never heard of it.

    The row is not asked: the student may be gone by now, and what was withdrawn stays withdrawn.
    """
    if (issuer := issuers.outside()) is not None:
        await issuer.revoke(UUID(reference))


@transaction.atomic
def ask_again(certificates: Sequence[Certification]) -> int:
    """Ask the outside issuer again for certificates that it refused; return how many there were."""
    asked = Certification.objects.standing().filter(pk__in=[each.pk for each in certificates], refused=True)
    refused = list(asked.order_by("pk").select_for_update())
    Certification.objects.filter(pk__in=[each.pk for each in refused]).update(refused=False, problem="")
    jobs.defer_from_thread(issue_certificate, *map(named, refused))
    return len(refused)


_WAITS = "issued_at IS NULL AND withdrawn_at IS NULL AND NOT refused"


async def _begin(pk: int) -> tuple[Wanted, int] | None:
    """Count a try, and return what is wanted and how many there were with it; None where it is not wanted any more.

    Counted before the service is asked: whoever is killed while asking has perhaps been heard.
    """
    async with database.connection() as connection:
        cursor = await connection.execute(
            f"""
            UPDATE progress_certification c SET tries = tries + 1
            FROM progress_user u, progress_course k
            WHERE c.id = %s AND {_WAITS} AND u.id = c.user_id AND k.id = c.course_id
            RETURNING c.certificate_id, u.first_name, u.last_name, u.username, u.email,
                      k.title, k.slug, c.due_at, c.tries
            """,  # noqa: S608 - our own condition # nosec B608
            [pk],
        )
        found = await cursor.fetchone()
    if found is None:
        return None
    certificate_id, first, last, username, email, title, slug, due_at, tries = found
    return Wanted(certificate_id, f"{first} {last}".strip() or username, email, title, slug, due_at), tries


async def _update(what: str, pk: int, *values: str) -> None:
    async with database.connection() as connection:
        await connection.execute(
            # Our own words; values are parameters.
            f"UPDATE progress_certification SET {what} WHERE id = %s AND {_WAITS}",  # noqa: S608 # nosec B608
            [*values, pk],
        )


async def _issued(pk: int, receipt: Receipt) -> None:
    async with database.connection() as connection, connection.transaction():
        cursor = await connection.execute(
            f"""
            UPDATE progress_certification
            SET issued_at = clock_timestamp(), external_id = %s, external_url = %s, problem = ''
            WHERE id = %s AND {_WAITS} RETURNING user_id, course_id
            """,  # noqa: S608 - our own condition # nosec B608
            [receipt.id, receipt.url, pk],
        )
        found = await cursor.fetchone()
        if found is None:  # withdrawn while we asked: its revocation waits for this job and comes next
            return
        references = await outbox.write(connection, [Reference(str(Outbox.Kind.CERTIFICATION_ISSUED), pk, *found)])
    outbox.teller().add(references)
