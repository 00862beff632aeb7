"""The send benchmark: what it counts and what it says, never how fast anything is."""

import importlib
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType

import pytest

from bot.cli import bench as cli
from bot.errors import UserError

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def load() -> Iterator[Callable[[str], ModuleType]]:
    """Imports a file of benchmarks/ as a program there does."""
    sys.path.insert(0, str(ROOT / "benchmarks"))
    yield importlib.import_module
    sys.path.remove(str(ROOT / "benchmarks"))


@pytest.fixture(scope="module")
def bench(load: Callable[[str], ModuleType]) -> ModuleType:
    return load("send")


@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_a_round_runs_everybody_who_is_here(bench: ModuleType, tmp_path: Path) -> None:
    """Each contender sends and is reported to in full, and who is not here is named with why."""
    who, missing = bench.contenders(tmp_path)
    assert {"smsvet", "smsvet without receipts", "C"} <= {one.name for one in who}
    assert {"smpp34", "smpp34 + uvloop", "node-smpp"} == {*missing} | (
        {one.name for one in who} - {"smsvet", "smsvet without receipts", "C"}
    )
    assert all(missing.values())
    seen: list[object] = []
    rows = bench.one_round(who, tmp_path, messages=2000, window=100, on_row=seen.append)
    assert seen == rows
    assert [one.name for one in who] == [row["name"] for row in rows]
    assert all(row["msgs_per_s"] > 0 and row["cpu_us_per_msg"] > 0 for row in rows)


def test_a_run_that_loses_messages_is_no_result(bench: ModuleType, tmp_path: Path) -> None:
    """A contender that says less than it was asked for, or fails, ends the benchmark."""
    sink = tmp_path / "sink"
    sink.write_text("#!/bin/sh\necho 1\nexec sleep 60\n", encoding="utf-8")
    sink.chmod(0o755)
    told = '{"took_s": 1, "cpu_s": 1, "accepted": 9, "reported": 9}'
    fewer = bench.Contender("fewer", ("sh", "-c", f"echo '{told}'"), 1)
    failing = bench.Contender("failing", ("sh", "-c", "echo why >&2; exit 3"), 1)
    with pytest.raises(bench.BenchmarkError, match=r"\(9, 9\) of 10"):
        bench.one_round([fewer], tmp_path, messages=10)
    with pytest.raises(bench.BenchmarkError, match="failing failed: why"):
        bench.one_round([failing], tmp_path, messages=10)


def test_rounds_come_to_medians_and_ratios(bench: ModuleType) -> None:
    """Rates are compared within a round, because rounds are not alike."""

    def row(name: str, rate: float) -> dict[str, object]:
        return {"name": name, "receipts": True, "msgs_per_s": rate, "cpu_us_per_msg": 4.0}

    rounds = [[row("a", 10), row("b", 2)], [row("a", 30), row("b", 3)], [row("a", 20)]]
    assert [5, 10] == bench.ratios(rounds, "a", "b")
    assert [1, 1] == bench.ratios(rounds, "a", "b", by="cpu_us_per_msg")
    assert [] == bench.ratios(rounds, "a", "c")
    first = bench.summary(rounds)[0]
    assert ("a", 20, 10, 30, 3) == (
        first["name"],
        first["msgs_per_s"],
        first["lowest"],
        first["highest"],
        first["runs"],
    )


@pytest.mark.parametrize(("holds", "proves", "expected"), [(30, 25, 24), (15, 12, 11), (0.5, 0, 0)])
def test_the_highest_rate_is_the_one_that_was_proved(
    load: Callable[[str], ModuleType], holds: float, proves: float, expected: float
) -> None:
    """What is held for a moment only does not count; rates are tried upwards, then downwards."""
    ledger = load("send_ledger")

    def measure(rate: float, seconds: float) -> dict[str, float]:
        late = 0 if rate <= 1000 * (holds if seconds < 5 else proves) else 1
        return {
            "target": rate,
            "seconds": seconds + late,
            "planned_s": seconds,
            "lateness_p99_ms": 1,
            "durable_lag_s": 0.1,
            "unaccounted": 0,
        }

    best, tried = ledger.highest(measure, start=20_000, probe_s=3, proof_s=10)
    assert expected == (int(best["target"] / 1000) if best else 0)
    assert best is None or best is tried[-1]


def found(tables: bool = True) -> dict[str, object]:
    """A document as bench_send.py makes it."""
    rate = {"name": "smsvet", "receipts": True, "msgs_per_s": 200_000.0, "cpu_us_per_msg": 4.5}
    spread = rate | {"lowest": 190_000.0, "highest": 210_000.0, "runs": 5}
    return {
        "measured_at": "2026-11-22T16:00:00+00:00",
        "machine": {"cores": 2, "pinned": True, "python": "3.11", "system": "x", "load_before": 0},
        "rounds": 5,
        "rows": [spread] if tables else [],
        "ratios": {
            "smpp34": {"median": 15.3, "min": 12.1, "cpu_median": 9.0, "rounds": [15.3]},
            "node-smpp": None,
            "c": None,
        },
        "ledger": None,
        "paced": None,
        "cmpp": None,
        "http": None,
        "soak": None,
        "missing": {"node-smpp": "not installed: node"},
        "failed": {"cmpp": "it fell over"},
    }


def test_tables_name_what_is_missing_and_what_failed(load: Callable[[str], ModuleType]) -> None:
    """Nothing is left out silently, in the terminal's tables and in the documentation's."""
    tables = load("tables")
    for told in (tables.text(found()), tables.markdown(found())):
        assert "200,000" in told
        assert "15.30" in told
        assert "Missing: node-smpp: not installed: node." in told
        assert "Failed: cmpp: it fell over." in told
        assert "HTTP" not in told


def test_the_documentation_takes_the_tables_where_it_is_marked(
    load: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    """What stands around the marks stays, what stood between them goes."""
    fill, marks = load("bench_send").fill, load("bench_send").MARKS
    page = tmp_path / "page.md"
    page.write_text(f"before\n{marks[0]}\nold\n{marks[1]}\nafter\n", encoding="utf-8")
    fill(page, "new\n")
    assert f"before\n{marks[0]}\n\nnew\n\n{marks[1]}\nafter\n" == page.read_text(encoding="utf-8")
    page.write_text("no marks", encoding="utf-8")
    with pytest.raises(load("machine").BenchmarkError, match=r"page\.md"):
        fill(page, "new")


def test_without_a_checkout_it_is_said(tmp_path: Path) -> None:
    """An installed package without benchmarks/ says what is missing."""
    with pytest.raises(UserError, match="checkout"):
        cli._program("send", tmp_path)


@pytest.mark.slow
@pytest.mark.timeout(400)
@pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler")
def test_bench_send_measures_everything(tmp_path: Path) -> None:
    """`smsvet bench send --json` has every figure, loses no message, and keeps the raw rounds."""
    words = [sys.executable, "-m", "bot", "bench", "send", "--json", "--quick"]
    words += ["--keep", str(tmp_path)]
    done = subprocess.run(words, capture_output=True, text=True, cwd=ROOT, check=False)
    told = json.loads(done.stdout)
    assert ({}, 0) == (told["failed"], done.returncode)
    assert {"smsvet", "C"} <= {row["name"] for row in told["rows"]}
    assert {"smpp34", "node-smpp", "c"} == set(told["ratios"])
    for peer in ("smpp34", "node-smpp"):
        assert (told["ratios"][peer] is None) == (peer in told["missing"])
    for part in ("ledger", "paced"):
        assert 0 == told[part]["unaccounted"]
    assert (0, 0) == (told["cmpp"]["unmatched"], told["cmpp"]["unreported"])
    assert told["http"]["msgs_per_s"] > 0
    assert [told] == [json.loads(path.read_text(encoding="utf-8")) for path in tmp_path.iterdir()]
