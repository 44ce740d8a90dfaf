"""Grafana's board and Prometheus' alerts: every figure that they name is one of ours, and every alert has its entry."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from django.test import Client
from prometheus_client.parser import text_string_to_metric_families

from consumers import metrics as sockets
from feed import metrics as feed
from progress import metrics as progress
from tests.live import ROOT

ALERTS = ROOT / "docs" / "prometheus" / "alerts.yml"
BOARD = ROOT / "docs" / "grafana" / "dashboard.json"
OPERATIONS = (ROOT / "docs" / "operations.md").read_text()

RULES: list[dict[str, Any]] = [
    rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]
]


def panels() -> list[dict[str, Any]]:
    """The board's panels, without the rows that hold them."""
    return [panel for panel in json.loads(BOARD.read_text())["panels"] if panel["type"] != "row"]


def expressions() -> Iterator[tuple[str, str]]:
    """Every expression, with where it stands."""
    for rule in RULES:
        yield rule["alert"], rule["expr"]
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


@pytest.fixture
def scraped(client: Client, settings: Any, db: None) -> str:
    """What /metrics says once each of our figures has a value."""
    settings.METRICS_TOKEN = "long and secret"
    progress.met("body_bytes")
    for counter, label in (
        (feed.entries_published, "exam_attempt"),
        (sockets.recoveries, "recovered"),
        (sockets.resets, "renamed"),
        (sockets.closes, "1012"),
        (sockets.gaps, "filled"),
    ):
        counter.labels(label).inc()
    sockets.sockets.labels("feed").set(1)
    answer = client.get("/metrics", headers={"Authorization": "Bearer long and secret"})
    return str(answer.content.decode())


@pytest.fixture
def samples(scraped: str) -> dict[str, set[str]]:
    """The names of what is scraped, each with its labels."""
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(scraped):
        for sample in family.samples:
            found.setdefault(sample.name, set()).update(sample.labels)
    return found


def test_every_figure_that_is_named_is_scraped(samples: dict[str, set[str]]) -> None:
    named = [(where, name) for where, expr in expressions() for name in re.findall(r"\blive_\w+", expr)]
    assert len({name for _, name in named}) > 15
    assert [(where, name) for where, name in named if name not in samples] == []


def test_every_label_that_is_named_is_there(samples: dict[str, set[str]]) -> None:
    of_prometheus = {"instance", "job"}
    for where, expr in expressions():
        labels = {each for by in re.findall(r"by \(([^)]*)\)", expr) for each in by.split(", ")}
        labels |= {each for inside in re.findall(r"\{([^}]*)\}", expr) for each in re.findall(r"(\w+)=", inside)}
        known = set[str]().union(*(samples[name] for name in re.findall(r"\blive_\w+", expr)))
        assert labels <= known | of_prometheus, where


def test_every_figure_is_documented(samples: dict[str, set[str]]) -> None:
    ours = {re.sub(r"_(bucket|sum|count|created)$", "", name) for name in samples if name.startswith("live_")}
    ours = {name for name in ours if f"{name}_total" not in samples}
    assert [name for name in sorted(ours) if f"`{name}" not in OPERATIONS] == []


def test_no_label_has_values_without_a_bound(samples: dict[str, set[str]]) -> None:
    labels = set[str]().union(*(labels for name, labels in samples.items() if name.startswith("live_")))
    assert labels <= {"kind", "type", "outcome", "reason", "code", "limit", "le"}


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_alert_says_what_is_wrong_and_has_an_entry_in_the_runbook(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("page", "ticket")
    assert rule["annotations"]["summary"].endswith(".")
    assert rule["annotations"]["runbook"] == f"docs/operations.md#{rule['alert'].lower()}"
    assert f"\n### {rule['alert']}\n" in OPERATIONS


def test_every_panel_says_what_it_shows_and_lies_beside_the_others() -> None:
    taken = set[tuple[int, int]]()
    for panel in panels():
        assert panel["title"]
        assert panel["description"].endswith(".")
        place = panel["gridPos"]
        cells = {(place["x"] + right, place["y"] + down) for right in range(place["w"]) for down in range(place["h"])}
        assert place["x"] + place["w"] <= 24
        assert not taken & cells, panel["title"]
        taken |= cells


def test_promtool_finds_nothing_wrong(scraped: str) -> None:
    """Where there is one (Debian's package `prometheus`): it knows more of the language than the tests above."""
    promtool = shutil.which("promtool")
    for arguments, said in ((["rules", str(ALERTS)], None), (["metrics"], scraped.encode())) if promtool else ():
        done = subprocess.run([str(promtool), "check", *arguments], input=said, capture_output=True, check=False)
        assert done.returncode == 0, (done.stdout + done.stderr).decode()
