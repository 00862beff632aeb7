"""How fast we send over SMPP beside other senders, in interleaved rounds on one machine.

    python benchmarks/send.py [--messages N] [--rounds N] [--window N] [--json]

Each run is a process of its own on one core, against a fresh C sink (sink.c, needs a C compiler)
on another. Timed from the end of the bind to the last answer and the last receipt, encoding
included; every message must be answered and reported exactly once. CPU is the sender's own, user
and system. Message: 40 Chinese characters to distinct numbers. The C sender does nothing but send
and count, and is there as the ceiling.

As a library: `contenders` says who can run here and why the others cannot, `one_round` runs each
once, `summary` and `ratios` say what the rounds come to.
"""

import argparse
import importlib.util
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypedDict

import machine
from machine import BenchmarkError

HERE = Path(__file__).parent
OURS, BEST_PEER = "smsvet", "smpp34 + uvloop"
WINDOW = 500


class Row(TypedDict):
    """One run."""

    name: str
    receipts: bool
    msgs_per_s: float
    cpu_us_per_msg: float


class Summary(Row):
    """Several runs of one contender: medians, and the extremes of the rate."""

    lowest: float
    highest: float
    runs: int


@dataclass(frozen=True)
class Contender:
    """A sender that can run here.

    `command` takes port, count, window and 1 or 0 for receipts as its last arguments, and prints
    {"took_s", "cpu_s", "accepted", "reported"}. `share` is how many messages it sends for each of
    ours, so that no run takes much longer than another.
    """

    name: str
    command: tuple[str, ...]
    share: float
    receipts: bool = True


def contenders(build: Path) -> tuple[list[Contender], dict[str, str]]:
    """Who can run here, and the missing ones with the reason. Programs are compiled into `build`.

    Raises BenchmarkError without a C compiler: there is nothing to send to then.
    """
    for name in ("sink", "sender"):
        machine.compiled(name, build)
    python = (sys.executable, str(HERE / "send_python.py"))
    found = [
        Contender(OURS, (*python, "smsvet"), 1),
        Contender(f"{OURS} without receipts", (*python, "smsvet"), 1, receipts=False),
    ]
    missing: dict[str, str] = {}
    for name, lacks, contender in (
        ("smpp34", _lacking("smpp34"), Contender("smpp34", (*python, "smpp34"), 0.1)),
        (
            BEST_PEER,
            _lacking("smpp34", "uvloop"),
            Contender(BEST_PEER, (*python, "smpp34-uvloop"), 0.1),
        ),
        (
            "node-smpp",
            _node_lacking(),
            Contender("node-smpp", ("node", str(HERE / "send_node.js")), 0.3),
        ),
    ):
        if lacks:
            missing[name] = lacks
        else:
            found.append(contender)
    return [*found, Contender("C", (str(build / "sender"),), 5)], missing


def one_round(
    who: Sequence[Contender],
    build: Path,
    *,
    messages: int,
    window: int = WINDOW,
    on_row: Callable[[Row], object] = lambda row: None,
) -> list[Row]:
    """Each contender once, in this order, each against a sink of its own.

    Raises BenchmarkError where one does not finish.
    """
    rows = []
    for contender in who:
        rows.append(
            _one_run(contender, build / "sink", max(1, int(messages * contender.share)), window)
        )
        on_row(rows[-1])
    return rows


def summary(rounds: Iterable[Sequence[Row]]) -> list[Summary]:
    """What the rounds say of each contender."""
    runs: dict[str, list[Row]] = {}
    for row in (row for rows in rounds for row in rows):
        runs.setdefault(row["name"], []).append(row)
    return [
        {
            "name": name,
            "receipts": rows[0]["receipts"],
            "msgs_per_s": statistics.median(row["msgs_per_s"] for row in rows),
            "cpu_us_per_msg": statistics.median(row["cpu_us_per_msg"] for row in rows),
            "lowest": min(row["msgs_per_s"] for row in rows),
            "highest": max(row["msgs_per_s"] for row in rows),
            "runs": len(rows),
        }
        for name, rows in runs.items()
    ]


def ratios(
    rounds: Iterable[Sequence[Row]],
    ours: str = OURS,
    theirs: str = BEST_PEER,
    *,
    by: Literal["msgs_per_s", "cpu_us_per_msg"] = "msgs_per_s",
) -> list[float]:
    """How many times as fast (or as sparing of the CPU) we were, round by round.

    Empty if one of the two did not run. On a busy machine the rate says how the cores were shared
    out; CPU per message says less of that.
    """
    found = []
    for rows in rounds:
        figures = {row["name"]: row[by] for row in rows}
        if ours in figures and theirs in figures:
            mine, other = figures[ours], figures[theirs]
            found.append(mine / other if by == "msgs_per_s" else other / mine)
    return found


def _one_run(contender: Contender, sink: Path, count: int, window: int) -> Row:
    with machine.counterpart([sink]) as peer:
        asked = (peer.ready, count, window, int(contender.receipts))
        told = machine.measured([*contender.command, *asked], name=contender.name)
    counts = (told["accepted"], told["reported"])
    if counts != (count, count * contender.receipts):
        raise BenchmarkError(f"{contender.name}: accepted, reported {counts} of {count}")
    return {
        "name": contender.name,
        "receipts": contender.receipts,
        "msgs_per_s": count / told["took_s"],
        "cpu_us_per_msg": told["cpu_s"] / count * 1e6,
    }


def _lacking(*modules: str) -> str:
    lacking = [name for name in modules if importlib.util.find_spec(name) is None]
    return f"not installed: {', '.join(lacking)} (pip install)" if lacking else ""


def _node_lacking() -> str:
    node = shutil.which("node")
    if node is None:
        return "not installed: node"
    asked = [node, "-e", "require.resolve('smpp')"]
    found = subprocess.run(asked, cwd=HERE, capture_output=True, check=False)  # noqa: S603
    return "" if found.returncode == 0 else "not found: smpp (npm i smpp; NODE_PATH says where)"


def main() -> None:
    """Run the rounds and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000, help="of ours; others fewer")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--window", type=int, default=WINDOW)
    parser.add_argument("--json", action="store_true", help="every run, for keeping")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        who, missing = contenders(Path(folder))
        rounds = [
            one_round(who, Path(folder), messages=asked.messages, window=asked.window)
            for _ in range(asked.rounds)
        ]
    if asked.json:
        sys.stdout.write(json.dumps({"rounds": rounds, "missing": missing}) + "\n")
        return
    for row in summary(rounds):
        sys.stdout.write(
            f"{row['name']:24} {row['msgs_per_s']:>11,.0f} msg/s "
            f"[{row['lowest']:,.0f} - {row['highest']:,.0f}]  {row['cpu_us_per_msg']:6.2f} us\n"
        )
    for name, why in missing.items():
        sys.stdout.write(f"{name:24} did not run: {why}\n")
    for by, words in (("msgs_per_s", "as fast as"), ("cpu_us_per_msg", "less CPU than")):
        if times := ratios(rounds, by=by):
            told = ", ".join(f"{one:.1f}" for one in times)
            sys.stdout.write(
                f"{OURS}: {statistics.median(times):.1f} times {words} {BEST_PEER} ({told})\n"
            )


if __name__ == "__main__":
    main()
