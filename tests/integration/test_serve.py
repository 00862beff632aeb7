"""`smsvet serve` as a process of its own, and `smsvet panel phone` beside it."""

import json
import logging
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.__main__ import main
from bot.inbound.panel import SqlPanel
from bot.settings import load
from bot.store.database import Database
from tests.integration.phone_stage import Forwarder, Gateway, post, running

CSV = """number,carrier,owner,consent,consented_on,ported,region,country,announced,dead
13900000001,cmcc,Lin,signed,2026-11-01,yes,江苏,,no,
13900000002,cucc,Zhou,signed,2026-11-01,no,,CN,yes,
447000000001,other,Ann,signed,2026-11-01,,,GB,,yes
"""


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


class Smsvet:
    """The command in this process: a Python that starts takes longer than most of them."""

    def __init__(self, home: Path, capture: pytest.CaptureFixture[str]) -> None:
        self.home, self._capture = home, capture

    def __call__(self, *words: str) -> Done:
        self._capture.readouterr()
        root = logging.getLogger()
        before, level = root.handlers[:], root.level
        code = main(words)
        for handler in set(root.handlers) - set(before):
            handler.close()
        root.handlers[:] = before
        root.setLevel(level)
        said = self._capture.readouterr()
        return Done(code, said.out, said.err)


@pytest.fixture
def smsvet(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Smsvet:
    monkeypatch.setenv("SMSVET_HOME", str(home))
    return Smsvet(home, capsys)


@contextmanager
def served(home: Path) -> Iterator[int]:
    """The program on a free port; ended as a service manager ends it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "serve", "--port", "0"],
        env=os.environ | {"SMSVET_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        yield int(said["listening"].rpartition(":")[2])
        process.send_signal(signal.SIGTERM)
        assert (process.wait(20), process.communicate()[1]) == (0, "")
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def panel(smsvet: Smsvet, tmp_path: Path) -> Smsvet:
    """A home with three listed numbers."""
    listing = tmp_path / "numbers.csv"
    listing.write_text(CSV, encoding="utf-8")
    assert smsvet("panel", "add", str(listing)).stdout == "3 added, 0 were listed already.\n"
    return smsvet


def test_a_phone_goes_from_the_command_to_a_sighting(panel: Smsvet) -> None:
    """What `phone add` prints is all an app needs; `list` shows it, the number masked."""
    added = panel(
        "panel", "phone", "add", "desk", "--number", "+86 13900000001",
        "--kind", "smsforwarder",
    )  # fmt: skip
    token = re.search(r"/phones/([\w-]+)", added.stdout)
    secret = re.search(r"Secret:(\S+)", added.stdout.replace("：", ":"))
    assert token, added.stderr
    assert secret
    database = Database.open(load({"SMSVET_HOME": str(panel.home)}))
    run = running(database, [1], ["A3K9PX"])
    with served(panel.home) as port:
        phone = Forwarder(port, token[1], secret[1])
        assert phone.receive("code A3K9PX").status == 200
        assert post(port, "/phones/none", b"").status == 404
    assert ["code A3K9PX"] == [each.text for each in SqlPanel(database, run).inbox(0, 9)[0]]
    database.close()
    listed = panel("panel", "phone", "list").stdout
    assert re.search(
        r"desk +smsforwarder +cmcc +139\*\*\*\*0001 +heard of \d+ s ago +clock", listed
    )
    assert token[1] not in (panel.home / "serve.log").read_text(encoding="utf-8")


def test_a_control_text_is_asked_for_and_seen(panel: Smsvet) -> None:
    """`phone control` gives a code, and says next time whether it came to the phone."""
    added = panel(
        "panel", "phone", "add", "lab", "--number", "13900000002", "--language", "en",
        "--kind", "android-sms-gateway",
    ).stdout  # fmt: skip
    token, secret = re.search(r"/phones/([\w-]+)", added), re.search(r"Key:\n +(\S+)", added)
    assert token
    assert secret
    control = ("panel", "phone", "control", "lab", "--language", "en")
    code = re.search(r"says: (\w{6})", panel(*control).stdout)
    assert code
    assert f"{code[1]} (" in panel(*control).stdout
    code = re.search(r"says: (\w{6})", panel(*control).stdout)
    assert code
    with served(panel.home) as port:
        Gateway(port, token[1], secret[1]).receive(f"hello {code[1]}")
    assert f"{code[1]} came" in panel(*control).stdout


def test_the_list_tells_what_is_special_about_numbers(panel: Smsvet) -> None:
    """Ported, announced and dead numbers and foreign ones are counted apart."""
    said = panel("panel", "list").stdout.splitlines()
    assert [
        "real       cmcc   listed   1 ported",
        "real       cucc   listed   1 announced",
        "real       other  listed   1 GB dead",
    ] == said


def test_listed_numbers_take_over_what_a_later_file_says(panel: Smsvet, tmp_path: Path) -> None:
    """A number that is listed already gets the columns that the file has, and no others."""
    later = tmp_path / "later.csv"
    later.write_text(
        "number,carrier,owner,consent,consented_on,announced\n"
        "13900000001,cmcc,Lin,signed,2026-11-01,yes\n",
        encoding="utf-8",
    )
    assert panel("panel", "add", str(later)).stdout.startswith("0 added, 1 were")
    assert "1 ported announced" in panel("panel", "list").stdout


def test_mistakes_are_said_in_words(panel: Smsvet, tmp_path: Path) -> None:
    """A wrong column, an unlisted number, a second phone and an unknown one are refused."""
    wrong = tmp_path / "wrong.csv"
    wrong.write_text(CSV.replace("yes,江苏", "maybe,江苏"), encoding="utf-8")
    add = ("panel", "phone", "add", "a", "--kind", "smsforwarder", "--number")
    assert panel(*add, "13900000001").returncode == 0
    cases = {
        ("panel", "add", str(wrong)): "wrong.csv:2: ported is yes, no or empty",
        (*add, "13900000003"): "139****0003 is not listed",
        (*add, "13900000001"): "139****0001 has a phone already",
        ("panel", "phone", "retire", "b"): "There is no phone 'b'",
        ("panel", "phone", "add", "p", "--number", "13900000002", "--kind", "person"): "--person",
    }
    for words, said in cases.items():
        done = panel(*words)
        assert (2, True) == (done.returncode, said in done.stderr), (words, done.stderr)
