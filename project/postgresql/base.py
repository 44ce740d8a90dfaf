"""The backend as Django loads it."""

from __future__ import annotations

from typing import Any

import psycopg
from django.db.backends.postgresql import base
from psycopg_pool import ConnectionPool


class DatabaseWrapper(base.DatabaseWrapper):
    """Django's, which asks a pooled connection for a round trip before it is used.

    A database that restarted leaves dead ones behind. The pool itself would find them one by one, with a pause after
    each that is twice as long as the one before (CONN_HEALTH_CHECKS, which is off therefore); here the first dead one
    has all that rest replaced.
    """

    def get_new_connection(self, conn_params: Any) -> Any:
        """Return a connection that answers; raise OperationalError where the database is away."""
        connection = super().get_new_connection(conn_params)
        pool = self.pool
        if pool is None:
            return connection
        try:
            ConnectionPool.check_connection(connection)
        except psycopg.OperationalError:
            pool.putconn(connection)
            pool.drain()
            connection = super().get_new_connection(conn_params)
        return connection
