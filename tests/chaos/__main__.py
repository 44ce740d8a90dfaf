"""`python -m tests.chaos`: every scenario once, with a report; the exit status says whether every promise held."""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from project.running.kernel import end_with_parent
from tests.chaos import report, servers
from tests.chaos.outcome import MARK, Outcome

if TYPE_CHECKING:
    from tests.chaos.scenario import Scenario

ROOT = Path(__file__).resolve().parents[2]
NOWHERE = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none", "REDIS_URL": "redis://127.0.0.1:1/0"}
"""Addresses for this process, which only reads what scenarios there are."""


def main() -> int:
    """Run what was asked for."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("ended by SIGTERM"))
    known = _known()
    asked = _arguments(list(known))
    chosen = [known[name] for name in asked.only or known]
    console = Console(width=None if sys.stdout.isatty() else 200)
    console.print(f"seed {asked.seed}, {len(chosen)} scenarios", highlight=False)
    outcomes = []
    environment = {**os.environ, "SOAK_SECONDS": str(asked.soak * 60)}
    for outcome in _outcomes(chosen, asked.seed, environment):
        said = f"{report.verdict(outcome):8} {outcome.seconds:6.1f} s  {outcome.name}"
        console.print(said, outcome.broken or outcome.missing, markup=False, highlight=False)
        outcomes.append(outcome)
    report.show(outcomes, console)
    if asked.markdown:
        asked.markdown.write_text(report.as_markdown(outcomes) + "\n")
    console.print(f'again: make faults ARGS="--seed {asked.seed}"', highlight=False)
    return 1 if any(each.broken for each in outcomes) else 0


def _known() -> dict[str, Scenario]:
    os.environ |= servers.SETTINGS
    for name, address in NOWHERE.items():
        os.environ[name] = address
    import django

    django.setup()
    from tests.chaos import scenarios
    from tests.chaos.scenario import SCENARIOS

    assert scenarios  # they are in SCENARIOS by having been imported
    return SCENARIOS


def _outcomes(chosen: Sequence[Scenario], seed: str, environment: dict[str, str]) -> Iterator[Outcome]:
    """What came of each, as it ends; those of one ground run in one process, on the same servers."""
    for name, several in groupby(chosen, key=lambda each: each.ground):
        here = list(several)
        if lacking := servers.missing(name):
            yield from (Outcome(each.name, each.what, seed, missing=lacking) for each in here)
            continue
        left = {each.name: each for each in here}
        command = [*_own_mounts(name), sys.executable, "-m", "tests.chaos.ground", name, seed, *left]
        parent = os.getpid()
        with subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=partial(end_with_parent, signal.SIGTERM, parent),  # noqa: PLW1509
        ) as child:
            try:
                yield from _as_they_end(child, left)
            except BaseException:  # Ctrl-C too: it ends what it has started, and is waited for
                child.terminate()
                child.wait()
                raise
        said = f"the run ended before it, with status {child.returncode}"
        yield from (Outcome(each.name, each.what, seed, broken=said) for each in left.values())


def _as_they_end(child: subprocess.Popen[str], left: dict[str, Scenario]) -> Iterator[Outcome]:
    assert child.stdout is not None
    for line in child.stdout:
        if line.startswith(MARK):
            outcome = Outcome(**json.loads(line.removeprefix(MARK)))
            left.pop(outcome.name)
            yield outcome


def _own_mounts(name: str) -> list[str]:
    """What has a ground's mounts be gone with its process."""
    return [shutil.which("unshare") or "unshare", "--mount"] if name == "small disk" else []


def _minutes(text: str) -> float:
    if (minutes := float(text)) < 1:
        raise argparse.ArgumentTypeError("a slope needs a minute at least")
    return minutes


def _arguments(names: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    # Of an empty list, which is none of the names, argparse asks too whether it is a choice.
    parser.add_argument("only", nargs="*", choices=[[], *names], metavar="SCENARIO", help=f"of {', '.join(names)}; all")
    parser.add_argument(
        "--seed", default=str(random.randrange(10**6)), help="chooses every moment; another one each run"
    )
    parser.add_argument("--soak", type=_minutes, default=10, metavar="MINUTES", help="how long the soak takes")
    parser.add_argument("--markdown", type=Path, help="a file for the table")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
