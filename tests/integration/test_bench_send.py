"""The send benchmark: what it counts and what it says, never how fast anything is."""

import importlib.util
import shutil
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    spec = importlib.util.spec_from_file_location("bench_send", ROOT / "benchmarks" / "send.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["bench_send"] = module
    spec.loader.exec_module(module)
    return module


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
