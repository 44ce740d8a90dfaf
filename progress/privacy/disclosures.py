"""The audit trail of who looked at whom: whose records were shown to whom, on which day, where and how often.

Kept where somebody asks for one student: their page, a filter of the feed, a page of the admin site, an export. A feed
of whole courses is what instructors work with, and says nothing about whom they looked at.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import connection

from progress.audit import name_of
from progress.models import Disclosure, User


def note(viewer: User, students: Iterable[int], where: Disclosure.Where) -> None:
    """Keep that these students' records were shown to `viewer`; one's own are nobody else's business."""
    shown = sorted(set(students) - {viewer.pk})
    if not shown:
        return
    with connection.cursor() as cursor:
        # In the order of the students, so that two who look at the same ones do not wait for each other in a circle.
        cursor.execute(
            """
            INSERT INTO progress_disclosure AS known (day, by_id, by_name, user_id, "where", first_at, last_at, times)
            SELECT (now() AT TIME ZONE 'UTC')::date, %s, %s, student.id, %s, now(), now(), 1
            FROM progress_user student WHERE student.id = ANY(%s) ORDER BY student.id
            ON CONFLICT (day, by_id, user_id, "where") DO UPDATE SET last_at = now(), times = known.times + 1
            """,
            [viewer.pk, name_of(viewer), where, shown],
        )
