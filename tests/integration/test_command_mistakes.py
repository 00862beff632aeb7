"""What a command cannot do is said in one sentence that names the file or the port."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from bot import access, app
from bot.__main__ import main
from bot.settings import load
from bot.store import people
from bot.store.tables import Evaluation


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    """Runs a command that is refused; what it said."""
    monkeypatch.setenv("SMSVET_HOME", str(tmp_path / "home"))

    def run(*words: str) -> str:
        assert 0 != main(list(words))
        err = capsys.readouterr().err
        assert "Errno" not in err
        assert "Traceback" not in err
        return err

    return run


def test_a_plan_that_is_not_there_is_named(said, tmp_path: Path) -> None:
    """A missing plan and a folder are told apart."""
    assert f"{tmp_path}/no.yaml cannot be read: there is no such file" in said(
        "send", f"{tmp_path}/no.yaml"
    )
    assert f"{tmp_path} cannot be read: it is a folder" in said("send", str(tmp_path))


def test_a_list_that_is_not_there_is_named(said, tmp_path: Path) -> None:
    """A missing file of numbers is named."""
    assert "no.csv cannot be read: there is no such file" in said(
        "panel", "add", f"{tmp_path}/no.csv"
    )


def test_an_unknown_evaluation_is_said_in_english(said) -> None:
    """The commands speak English whatever the report's language is."""
    assert "No such evaluation: nosuch" in said("report", "nosuch")


@pytest.mark.parametrize("protocol", ["smpp", "cmpp", "sgip", "smgp", "http", "panel"])
def test_a_port_in_use_is_named(said, protocol: str) -> None:
    """A simulated vendor that cannot listen says on which port and why."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        refused = said("simulate", "--personality", "honest", f"--{protocol}", port)
    assert f"on port {port}: the port is in use by another program." in refused


def test_an_empty_password_is_refused(tmp_path: Path) -> None:
    """Nothing typed is no password, and nothing is kept."""
    add = ("vendor", "add", "a", "--smpp", "127.0.0.1:9", "--account", "x")
    done = subprocess.run(
        [sys.executable, "-m", "bot", *add],
        env={**os.environ, "SMSVET_HOME": str(tmp_path / "home")},
        input="",
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 != done.returncode
    assert "The password is empty" in done.stderr


def test_a_report_that_cannot_be_written_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A place that is not there is named; the evaluation is unharmed."""
    home = {"SMSVET_HOME": str(tmp_path / "home")}
    monkeypatch.setenv("SMSVET_HOME", home["SMSVET_HOME"])
    with app.opened(load(home)) as built, built.database.write() as sql:
        version, now = built.assistant.scenery.checklist.version, app.now()
        lin = people.enrol(sql, "terminal", "lin", roles=access.EVERYTHING, now=now)
        sql.add(
            Evaluation(
                vendor="Acme SMS",
                walk="full",
                checklist_version=version,
                created_by=lin.id,
                created_at=now,
            )
        )
    assert 0 != main(["report", "Acme SMS", "-o", f"{tmp_path}/none/x"])
    assert "none/x cannot be written: there is no such file or folder." in capsys.readouterr().err
