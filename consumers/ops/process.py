"""This process, as operators are told of it."""

from __future__ import annotations

import os
import secrets
import socket
import time
from typing import Final, Literal

Kind = Literal["web", "worker"]

HOST: Final = socket.gethostname()
ID: Final = f"{HOST}:{os.getpid()}:{secrets.token_hex(3)}"
"""Told apart from one that had its number before."""

STARTED_AT: Final = time.time()
