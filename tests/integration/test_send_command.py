"""`smsvet send` as its user runs it: a plan file in, one judged test out. It really sends."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlmodel import select

from bot.settings import Settings
from bot.store.database import Database
from bot.store.tables import Message, Run

ROOT = Path(__file__).parents[2]
PROTOCOLS = ("smpp", "cmpp", "sgip", "smgp", "http")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A state directory with one worker, which is told to leave at the end."""
    made = tmp_path_factory.mktemp("send") / "home"
    made.mkdir(mode=0o700)
    yield made
    for process in Path("/proc").glob("[0-9]*"):  # the worker, and its simulated vendors
        with contextlib.suppress(OSError):
            if str(made).encode() in (process / "environ").read_bytes():
                os.kill(int(process.name), signal.SIGKILL)


@pytest.fixture
def database(home: Path) -> Iterator[Database]:
    opened = Database.open(Settings(home, f"sqlite:///{home / 'smsvet.db'}", home / "master.key"))
    yield opened
    opened.close()


def smsvet(home: Path, *words: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "bot", *words],
        capture_output=True,
        text=True,
        cwd=ROOT,
        input=typed,
        env=os.environ | {"SMSVET_HOME": str(home)},
        timeout=100,
        check=False,
    )


def plan(folder: Path, **changes: Any) -> str:
    """A small, quick arrival plan as a file; its path."""
    wanted = {
        "test": "arrival",
        "count": 60,
        "rate": 60,
        "window_s": 4,
        "signature": "到达测试",
        "text": "您的测试编号 {token}，无需回复。",
        "claim": 0.99,
        "price": 0.04,
        "stop": {"losses": {"count": 60, "among": 60, "within_s": 60}},
        "caps": {"count": 1000, "rate": 100, "cost": 100},
    } | changes
    path = folder / "plan.yaml"
    path.write_text(yaml.safe_dump(wanted, allow_unicode=True), encoding="utf-8")
    return str(path)


def sent(home: Path, path: str, connection: str, *more: str) -> dict[str, Any]:
    done = smsvet(home, "send", path, "--connection", connection, "--json", *more)
    assert (done.returncode, done.stderr) == (0, "")
    made: dict[str, Any] = json.loads(done.stdout)
    return made


def keys(judged: dict[str, Any]) -> set[str]:
    return {one["key"] for one in judged["conclusions"]}


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_same_plan_over_every_protocol(home: Path, tmp_path: Path, protocol: str) -> None:
    """Whatever the wire, every message is accounted for and what handsets got decides."""
    judged = sent(home, plan(tmp_path), f"sim:inflating/{protocol}")
    metrics, verdict = judged["metrics"], judged["verdict"]
    assert ("measured", "not_met") == (judged["end"], verdict["word"])
    assert 60 == metrics["submitted"] == metrics["acknowledged"] == metrics["watched"]
    assert metrics["delivered"] > metrics["arrived"] > 30


def test_a_real_vendor_gets_nothing_without_go(
    home: Path, tmp_path: Path, database: Database
) -> None:
    """For a real connection the plan is shown, with what stands in its way, and nothing is kept."""
    add = ("vendor", "add", "real", "--cmpp", "127.0.0.1:9", "--account", "900001")
    assert 0 == smsvet(home, *add, typed="secret\n").returncode
    done = smsvet(home, "send", plan(tmp_path), "--connection", "real", "--json")
    shown = json.loads(done.stdout)
    assert (2, False) == (done.returncode, shown["sent"])
    assert "no_numbers" in {finding["key"] for finding in shown["findings"]}
    with database.read() as sql:
        assert "real" not in {run.plan["connection"] for run in sql.exec(select(Run))}


def test_an_unfiled_text_is_in_the_way(tmp_path: Path) -> None:
    """A text noted as filed with one carrier only stops the test before the others intercept it."""
    home, listing = tmp_path / "home", tmp_path / "numbers.csv"
    row = "13900000001,ctcc,Lin,signed,2026-11-01\n"
    listing.write_text(f"number,carrier,owner,consent,consented_on\n{row}", encoding="utf-8")
    assert 0 == smsvet(home, "panel", "add", str(listing)).returncode
    add = ("vendor", "add", "filing", "--cmpp", "127.0.0.1:9", "--account", "900001")
    assert 0 == smsvet(home, *add, typed="secret\n").returncode
    file = ("vendor", "file", "filing", "--signature", "到达测试", "--carriers")
    ask = ("send", plan(tmp_path), "--connection", "filing", "--json")
    smsvet(home, *file, "cmcc,cucc,ctcc")
    assert "template_unfiled" not in smsvet(home, *ask).stdout
    done = smsvet(home, *file, "移动", "--template", "text")
    assert "【到达测试】 text filing: cmcc\n" == done.stdout
    shown = json.loads(smsvet(home, *ask).stdout)
    assert "template_unfiled" in {each["key"] for each in shown["findings"]}
    smsvet(home, *file, "cmcc,cucc,ctcc", "--template", "arrival/text")
    assert "template_unfiled" not in smsvet(home, *ask).stdout
    assert 2 == smsvet(home, *file, "cmcc", "--template", "a b").returncode


def test_two_vendors_get_the_same_messages(home: Path, tmp_path: Path, database: Database) -> None:
    """A comparison is two runs with the same numbers in the same minutes, compared pair by pair."""
    path = plan(tmp_path, test="paired", paired=True, pair="sim:inflating/cmpp", count=120)
    judged = sent(home, path, "sim:honest")
    assert {"met", "not_enough"} >= {judged["verdict"]["word"]}
    assert "not_met" == judged["pair"]["verdict"]["word"]
    assert any(key.startswith("pair") for key in keys(judged)), keys(judged)
    with database.read() as sql:
        first, second = (
            sql.exec(
                select(Message.number_id).where(Message.run_id == run).order_by(Message.seq)
            ).all()
            for run in (judged["run"], judged["pair"]["run"])
        )
    assert first == second


def test_an_ignored_opt_out_shows(home: Path, tmp_path: Path) -> None:
    """Owners answer R; what still reaches them afterwards is counted."""
    phases = [
        {"name": "ask", "count": 9, "rate": 9},
        {"name": "again", "count": 9, "rate": 9, "after_s": 6},
    ]
    path = plan(
        tmp_path,
        test="opt-out",
        kind="marketing",
        text="测试编号 {token}，拒收请回复R",
        phases=phases,
        replies={"word": "R", "to": "ask", "then": "again", "within_s": 2},
        count=18,
        rate=9,
    )
    said = {
        name: " ".join(
            one["wording"]["en"] for one in sent(home, path, f"sim:{name}")["conclusions"]
        )
        for name in ("opt-out-honoured", "opt-out-ignored")
    }
    assert "9 numbers opted out" in said["opt-out-honoured"]
    assert "still arrived" in said["opt-out-ignored"]
    assert "still arrived" not in said["opt-out-honoured"]


def test_a_noted_fault_is_timed(home: Path, tmp_path: Path) -> None:
    """While a test runs, the moments of a fault are noted; how long nothing came is measured."""
    path = plan(tmp_path, test="fault", count=240, rate=20, marks=["fault", "restored"])
    judged = sent(home, path, "sim:honest", "--mark", "fault@3", "--mark", "restored@6")
    assert 100 < judged["metrics"]["watched"] < 230  # the fault we asked for is left out
    assert any("fault" in key for key in keys(judged)), keys(judged)


def test_a_comparison_never_mixes_real_and_simulated(
    home: Path, tmp_path: Path, database: Database
) -> None:
    """A simulated vendor's numbers never go to a real one, not even as the second of a pair."""
    add = ("vendor", "add", "live", "--smpp", "127.0.0.1:9", "--account", "x")
    assert 0 == smsvet(home, *add, typed="secret\n").returncode
    path = plan(tmp_path, test="paired", paired=True)
    done = smsvet(home, "send", path, "--connection", "sim:honest", "--pair", "live", "--go")
    assert (2, True) == (done.returncode, "cannot be compared" in done.stderr)
    with database.read() as sql:
        assert "live" not in {run.plan.get("pair") for run in sql.exec(select(Run))}


def test_a_wrong_plan_is_named(home: Path, tmp_path: Path) -> None:
    """A typo in a plan, a missing file and an unknown connection are said plainly."""
    path = tmp_path / "typo.yaml"
    path.write_text("cuont: 3\n", encoding="utf-8")
    for words, said in (
        ((str(path),), "cuont"),
        ((str(tmp_path / "none.yaml"),), "none.yaml"),
        ((plan(tmp_path), "--connection", "nobody"), "nobody"),
        ((plan(tmp_path), "--connection", "sim:nobody"), "sim:nobody"),
    ):
        done = smsvet(home, "send", *words)
        assert 2 == done.returncode
        assert said in done.stderr
        assert "Traceback" not in done.stderr
