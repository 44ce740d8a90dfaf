"""The locked packages against a list of known holes, by pip-audit; what was not looked up is not called clean.

`python -m tests.package_audit` (`make audit`) ends with 0 only where every package was looked up and has no known hole;
with 1 where a hole is known, with 2 where a package was not looked up. pip-audit itself skips what its service does not
know, says "No known vulnerabilities found" and ends with 0, even where the service knew nothing at all.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

FILES = ("requirements.txt", "requirements-dev.txt")
SHOWN = 10
"""Packages that were not looked up are named up to so many, each with why; then they are counted."""


@dataclass(slots=True)
class Verdict:
    """What is known of the packages of one file, each in one of three places."""

    clean: list[str] = field(default_factory=list)
    holes: dict[str, list[str]] = field(default_factory=dict)
    """Ids of known holes, and the versions that mend them, by package."""
    not_audited: dict[str, str] = field(default_factory=dict)
    """Why, by package."""

    def status(self) -> int:
        """What to end with: a known hole is worse than an unknown one."""
        return 1 if self.holes else 2 if self.not_audited or not self.clean else 0

    def lines(self) -> Iterable[str]:
        """What to say, the worst first."""
        for package, holes in self.holes.items():
            yield f"  KNOWN HOLE: {package}: {'; '.join(holes)}"
        for package, why in list(self.not_audited.items())[:SHOWN]:
            yield f"  NOT AUDITED: {package}: {why[:160]}"
        if (more := len(self.not_audited) - SHOWN) > 0:
            yield f"  NOT AUDITED: {more} more"
        yield f"  {len(self.clean)} clean, {len(self.holes)} with known holes, {len(self.not_audited)} not audited"


def wanted(text: str) -> dict[str, str]:
    """Return the packages of a requirements file that this system installs, as it names them, by canonical name."""
    lines = [line.partition(" --hash")[0].rstrip(" \\") for line in text.splitlines() if line[:1] not in ("", " ", "#")]
    packages = [Requirement(line) for line in lines]
    here = [each for each in packages if each.marker is None or each.marker.evaluate()]
    return {canonicalize_name(each.name): f"{each.name}{each.specifier}" for each in here}


def verdict(packages: Mapping[str, str], told: Sequence[Mapping[str, Any]], otherwise: str) -> Verdict:
    """Sort packages by what pip-audit told of them (its JSON's `dependencies`); `otherwise` is why it told nothing."""
    known, result = {canonicalize_name(each["name"]): each for each in told}, Verdict()
    for name, package in packages.items():
        about = known.get(name, {"skip_reason": otherwise})
        if "vulns" not in about:
            result.not_audited[package] = about.get("skip_reason", otherwise)
        elif about["vulns"]:
            result.holes[package] = [_hole(each) for each in about["vulns"]]
        else:
            result.clean.append(package)
    return result


def _hole(told: Mapping[str, Any]) -> str:
    return f"{told['id']}, mended in {', '.join(told['fix_versions']) or 'no version yet'}"


def audit(file: Path, *options: str) -> Verdict:
    """Ask pip-audit for the packages of a file."""
    pinned = ("--disable-pip", "--require-hashes", "--progress-spinner", "off", "--desc", "off", "--format", "json")
    asked = subprocess.run(
        (sys.executable, "-m", "pip_audit", *pinned, *options, "--requirement", file),
        capture_output=True,
        text=True,
        check=False,
    )
    # Its status says nothing: 1 is a hole, a service that did not answer, and a wrong option.
    said = asked.stderr.strip().splitlines() or ["pip-audit said nothing"]
    try:
        told = json.loads(asked.stdout)["dependencies"]
    except (ValueError, KeyError, TypeError):
        told = []
    return verdict(wanted(file.read_text()), told, said[-1])


def main() -> None:
    """Audit the locked files, or those that are named."""
    parser = argparse.ArgumentParser(prog="python -m tests.package_audit", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path, default=[Path(name) for name in FILES])
    parser.add_argument("--service", default="pypi", help="pypi (as installed) or osv")
    parser.add_argument("--osv-url", help="another address of osv")
    asked = parser.parse_args()
    options = ["--vulnerability-service", asked.service, *(["--osv-url", asked.osv_url] if asked.osv_url else [])]
    verdicts = []
    for file in asked.files:
        verdicts.append(found := audit(file, *options))
        sys.stdout.write("\n".join([f"{file}, by {asked.service}:", *found.lines(), ""]))
    statuses = [each.status() for each in verdicts]
    sys.exit(1 if 1 in statuses else max(statuses))


if __name__ == "__main__":
    main()
