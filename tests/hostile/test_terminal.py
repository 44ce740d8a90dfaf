"""Hostile text where a terminal reads it: the import's report, log lines, what `make run` prints of its processes."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from progress.control_characters import harmless
from project.running.terminal import Terminal
from tests.cast import Cast
from tests.hostile.corpus import CONTROLS, CORPUS, DIRECTIONS, UNCLOSED
from tests.live import ROOT

OBEYED = {chr(code) for code in (*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A))}
OBEYED -= {"\n"}

SAY = """
import logging.config
from project import logs
lines = {"()": "structlog.stdlib.ProcessorFormatter", "processors": logs.PROCESSORS}
console = {"class": "logging.StreamHandler", "formatter": "lines"}
logging.config.dictConfig({
    "version": 1, "formatters": {"lines": {**lines, "foreign_pre_chain": logs.PRE_CHAIN}},
    "handlers": {"console": console}, "root": {"handlers": ["console"]},
})
hostile = "\\x1b]0;owned\\x07\\x9b2J\\u202e"
logging.warning("it is %s", hostile, extra={"path": hostile})
try:
    raise ValueError(hostile)
except ValueError:
    logging.exception("failed")
print("said")
"""


def obeyed(text: str) -> set[str]:
    """The characters in `text` that a terminal would act on."""
    return OBEYED & set(text)


def test_what_a_terminal_would_obey_is_written_out() -> None:
    for text in (*CORPUS, *UNCLOSED):
        assert obeyed(harmless(text)) == set()
        assert "\n" not in harmless(text)
    assert harmless("\x1b]0;owned\x07\u202e") == "\\x1b]0;owned\\x07\\u202e"
    assert harmless("Zoë\tمحمد 👩‍👩‍👧\n", keeping="\t\n") == "Zoë\tمحمد 👩‍👩‍👧\n"


@pytest.mark.django_db(transaction=True)
def test_the_imports_report_does_not_speak_to_the_terminal(cast: Cast, tmp_path: Path) -> None:
    texts = [text for text in (*CONTROLS, *DIRECTIONS, *UNCLOSED) if text.strip()]
    rows = [",".join('"' + text + '"' for _ in range(6)) for text in texts]
    file = tmp_path / "people.csv"
    file.write_text("\n".join(["username,first_name,last_name,email,role,course", *rows]))
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("import_people", file, stdout=said)
    assert "\\x1b]0;owned" in said.getvalue()
    assert obeyed(said.getvalue()) == set()
    assert len(said.getvalue().splitlines()) == len(texts)

    file.write_bytes(b"username,first_name,last_name,email,role,\x1b[2Jcourse\nx,\xe9\x9b\x1b[31m,x,x,student,x")
    with pytest.raises(CommandError) as refused:
        call_command("import_people", file, stdout=said)
    assert obeyed(str(refused.value)) == set()


@pytest.mark.parametrize("at_a_desk", [True, False])
def test_log_lines_do_not_speak_to_the_terminal(at_a_desk: bool) -> None:
    command = [sys.executable, "-c", SAY]
    environment = {**os.environ, "NO_COLOR": "1", "FORCE_COLOR": ""}
    if at_a_desk:
        ours, theirs = pty.openpty()
        ended = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=theirs, check=True)
        os.close(theirs)
        said = os.read(ours, 1 << 16).decode()
        os.close(ours)
    else:
        ended = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)
        said = ended.stderr.decode()
    assert b"said" in ended.stdout
    assert "ValueError" in said
    assert said.count("owned") >= 3
    assert "\x07" not in said
    assert "\x1b]" not in said
    assert "\x9b" not in said
    assert "\u202e" not in said


def test_a_line_of_a_supervised_process_does_not_speak_to_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    Terminal(colour=False).say("DETAIL:\tKey (username)=(\x1b[2J\u202e) already exists.", "postgres")
    assert capsys.readouterr().out == "postgres | DETAIL:\tKey (username)=(\\x1b[2J\\u202e) already exists.\n"
