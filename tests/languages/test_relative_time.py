"""How long ago: the server and the browser say it in the same words."""

from __future__ import annotations

import json
import subprocess
from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.utils import translation

from feed.relative_time import ago
from tests.live import ROOT

MINUTE, HOUR, DAY = 60, 3_600, 86_400
PASSED = [
    -30,
    0,
    9,
    10,
    19,
    59,
    60,
    119,
    3_599,
    HOUR,
    23 * HOUR,
    DAY - 1,
    DAY,
    6 * DAY,
    7 * DAY,
    27 * DAY,
    28 * DAY,
    31 * DAY,
]
PASSED += [60 * DAY, 335 * DAY, 364 * DAY, 366 * DAY, 900 * DAY, 4_000 * DAY]
IN_THE_BROWSER = """
import { ago, wordsOf } from "./project/static/js/times.js";
const [languages, passed] = JSON.parse(process.argv[1]);
const said = (language) => passed.map((seconds) => ago(0, seconds * 1000, wordsOf(language)));
console.log(JSON.stringify(Object.fromEntries(languages.map((language) => [language, said(language)]))));
"""


def test_the_server_says_how_long_ago_as_the_browser_does() -> None:
    languages = [code for code, _ in settings.LANGUAGES]
    now = datetime(2026, 11, 25, 16, tzinfo=UTC)
    said = {}
    for language in languages:
        with translation.override(language):
            said[language] = [ago(now - timedelta(seconds=seconds), now) for seconds in PASSED]
    asked = json.dumps([languages, PASSED])
    node = subprocess.run(
        ["node", "--input-type=module", "--eval", IN_THE_BROWSER, "--", asked],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(node.stdout) == said
    assert said["de"][PASSED.index(6 * DAY)] == "vor 6 Tagen"
    assert said["en"][0] == "now"
