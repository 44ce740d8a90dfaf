"""Bytes a row: how much disk each kind of record takes in PostgreSQL, with its indexes.

`python -m tests.bench.disk ROWS TABLE…` fills the bench's own database with a school of so many progress rows, as many
spans
and references of the outbox, and prints, as JSON, the bytes that a row of each of these tables takes.
"""

import json
import sys

import django

django.setup()

from django.db import connection  # noqa: E402 - once Django is set up

from tests.bench import school  # noqa: E402

_SPANS = """
    INSERT INTO progress_watchedspan (user_id, lesson_id, from_second, to_second, rate, at)
    SELECT user_id, lesson_id, 5 * (id %% 100), 5 * (id %% 100) + 5, 1, now() - (id %% 100000) * interval '0.2 seconds'
    FROM progress_userprogress ORDER BY id
"""
_OUTBOX = """
    INSERT INTO progress_outbox (kind, object_id, user_id, course_id, subject, at, live_done_at)
    SELECT 'progress_announced', id, user_id, course_id, '', now(), now() FROM progress_userprogress
"""
_SIZE = """
    SELECT sum(pg_total_relation_size(relid)) FROM (
        SELECT %(table)s::regclass AS relid UNION SELECT relid FROM pg_partition_tree(%(table)s)
    ) parts
"""


def sizes(rows: int, tables: list[str]) -> dict[str, float]:
    """Fill, and return bytes a row by table."""
    school.fill(rows)
    found = {}
    with connection.cursor() as sql:
        sql.execute(_SPANS, {})
        sql.execute(_OUTBOX, {})
        sql.execute("VACUUM ANALYZE")
        for table in tables:
            sql.execute(f"SELECT count(*) FROM {table}")  # noqa: S608 - our own tables
            count = sql.fetchone()[0]
            sql.execute(_SIZE, {"table": table})
            found[table] = float(sql.fetchone()[0]) / count
    return found


if __name__ == "__main__":
    sys.stdout.write(json.dumps(sizes(int(sys.argv[1]), sys.argv[2:])))
