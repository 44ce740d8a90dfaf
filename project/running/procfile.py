"""The Procfile: which processes the site is made of, each by its name and its command."""

import re

from project.running.refused import Refused


def parse_procfile(text: str) -> dict[str, str]:
    """Return the command of each process named in a Procfile, in its order."""
    found = re.findall(r"^([A-Za-z0-9_-]+):[ \t]*(\S.*)$", text, re.MULTILINE)
    if not found:
        raise Refused("The Procfile names no process: it needs lines like 'web: command'.")
    return dict(found)
