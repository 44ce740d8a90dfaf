"""`python -m tests.bench`: measures, prints tables; `--json` keeps all rounds, `--write` puts the tables into docs."""

from __future__ import annotations

import argparse
import json
import signal
import sys
from dataclasses import asdict, replace
from pathlib import Path

from rich.console import Console

from tests.bench import docs, nginx, report
from tests.bench.figures import Table
from tests.bench.sizes import Sizes
from tests.bench.surroundings import surroundings
from tests.bench.things import THINGS
from tests.bench.things.ring import say
from tests.bench.versions import versions


def main() -> None:
    """Measure what was asked for, each thing with all its contenders."""
    asked = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))  # so that all is ended and taken away
    sizes = Sizes().small() if asked.small else Sizes()
    if asked.rounds:
        sizes = replace(sizes, rounds=asked.rounds)
    things = asked.only or list(THINGS)
    if nginx.found() is None:
        say("nginx with nchan is not here and could not be fetched: its rows stay empty.")
    tables = []
    with surroundings(sizes) as around:
        for name in things:
            say(name)
            tables.append(THINGS[name](around, sizes))
            _keep(asked, sizes, tables)  # each as soon as it is there: what comes later may fail
    report.show(tables, Console())
    if asked.write and not asked.only:
        docs.write(asked.write, tables, whole=True)


def _keep(asked: argparse.Namespace, sizes: Sizes, tables: list[Table]) -> None:
    if asked.json:
        told = {"versions": versions(), "sizes": asdict(sizes), "things": report.as_json(tables)}
        asked.json.parent.mkdir(parents=True, exist_ok=True)
        asked.json.write_text(json.dumps(told, indent=2) + "\n")
    if asked.write:
        docs.write(asked.write, tables[-1:], whole=False)


def _thing(name: str) -> str:
    if name not in THINGS:
        raise argparse.ArgumentTypeError(f"{name!r} is none of {', '.join(THINGS)}")
    return name


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("only", nargs="*", type=_thing, metavar="THING", help=f"of {', '.join(THINGS)}; all")
    parser.add_argument("--json", type=Path, help="a file for all rounds")
    parser.add_argument("--write", type=Path, help="the page of docs whose tables these replace")
    parser.add_argument("--rounds", type=int, help="how often each is measured")
    parser.add_argument("--small", action="store_true", help="see that it works; the figures mean nothing")
    return parser.parse_args()


if __name__ == "__main__":
    main()
