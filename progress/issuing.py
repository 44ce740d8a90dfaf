"""Issuing by an outside service: jobs that ask for a certificate until it is there, and that take one back.

The certificate's row is the truth. It is issued once its `issued_at` is set, in the transaction that also writes the
reference for the feed; a job that is killed before that asks again, and gets the same certificate.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

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
        wait = min(LONGEST_WAIT, 2 ** min(job.attempts, 12)) * random.uniform(0.5, 1.0)  # noqa: S311 - spreads, hides nothing
        if isinstance(exception, Unavailable) and exception.after is not None:
            wait = max(wait, exception.after)
        return RetryDecision(retry_in={"seconds": max(1, round(wait))})


@jobs.task(name="issue_certificate", retry=UntilDone())
async def issue_certificate(*, certificate: int) -> None:
    """Have one certificate issued. Nothing to do where it is issued, withdrawn, refused or gone."""
    found = await _read(certificate)
    if found is None:
        return
    wanted, tries = found
    # Before asking: whoever is killed while asking has perhaps been heard.
    await _update("tries = tries + 1", certificate)
    issuer = issuers.outside()
    try:
        # The school may have come back to issuing by itself, while some were still waiting.
        receipt = await issuer.issue(wanted, again=tries > 0) if issuer else Receipt("")
    except Unavailable as error:
        await _update("problem = %s", certificate, str(error)[:300])
        raise
    except TurnedDown as error:
        await _update("problem = %s, refused = true", certificate, str(error)[:300])
        return
    await _issued(certificate, receipt)


@jobs.task(name="revoke_certificate", retry=UntilDone())
async def revoke_certificate(*, certificate: int) -> None:
    """Have one certificate taken back where the outside issuer may have issued it."""
    async with database.connection() as connection:
        cursor = await connection.execute(
            "SELECT certificate_id FROM progress_certification"
            " WHERE id = %s AND withdrawn_at IS NOT NULL AND (tries > 0 OR external_id <> '')",
            [certificate],
        )
        found = await cursor.fetchone()
    issuer = issuers.outside()
    if found is not None and issuer is not None:
        await issuer.revoke(found[0])


@transaction.atomic
def ask_again(certificates: Sequence[Certification]) -> int:
    """Ask the outside issuer again for certificates that it refused; return how many there were."""
    refused = Certification.objects.standing().filter(pk__in=[each.pk for each in certificates], refused=True)
    pks = sorted(refused.select_for_update().values_list("pk", flat=True))
    Certification.objects.filter(pk__in=pks).update(refused=False, problem="")
    jobs.defer_from_thread(issue_certificate, *({"certificate": pk} for pk in pks))
    return len(pks)


_WAITS = "issued_at IS NULL AND withdrawn_at IS NULL AND NOT refused"


async def _read(pk: int) -> tuple[Wanted, int] | None:
    async with database.connection() as connection:
        cursor = await connection.execute(
            f"""
            SELECT c.certificate_id, u.first_name, u.last_name, u.username, u.email, k.title, k.slug, c.due_at, c.tries
            FROM progress_certification c
            JOIN progress_user u ON u.id = c.user_id JOIN progress_course k ON k.id = c.course_id
            WHERE c.id = %s AND {_WAITS}
            """,  # noqa: S608 - our own condition
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
            f"UPDATE progress_certification SET {what} WHERE id = %s AND {_WAITS}",  # noqa: S608 - our own words
            [*values, pk],
        )


async def _issued(pk: int, receipt: Receipt) -> None:
    async with database.connection() as connection, connection.transaction():
        cursor = await connection.execute(
            f"""
            UPDATE progress_certification
            SET issued_at = clock_timestamp(), external_id = %s, external_url = %s, problem = ''
            WHERE id = %s AND {_WAITS} RETURNING user_id, course_id
            """,  # noqa: S608 - our own condition
            [receipt.id, receipt.url, pk],
        )
        found = await cursor.fetchone()
        if found is None:  # withdrawn while we asked: its revocation waits for this job and comes next
            return
        references = await outbox.write(connection, [Reference(str(Outbox.Kind.CERTIFICATION_ISSUED), pk, *found)])
    outbox.teller().add(references)
