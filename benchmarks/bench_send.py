"""`smsvet bench send`: how fast and how cheaply we send, beside our peers in the same rounds.

    python benchmarks/bench_send.py [--json] [--rounds N] [--quick] [--soak] [--only PART ...]
    python benchmarks/bench_send.py --markdown [KEPT.json] [--fill FILE.md]

Parts: wire (send.py), cmpp (send_cmpp.py) and http (send_http.py) in interleaved rounds, then
ledger and paced (send_ledger.py), and soak (soak.py) if asked for. A part that does not end as it
must is named as failed, a peer that is not installed as missing. `--keep DIRECTORY` keeps the
document with all raw rounds; `--markdown` shows a kept one, the newest of build/bench by default.
"""

import argparse
import json
import math
import os
import signal
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import machine
import send
import send_cmpp
import send_http
import send_ledger
import soak
import tables

PARTS = ("wire", "cmpp", "http", "ledger", "paced")
KEPT = machine.ROOT / "build" / "bench"
PACED = 10_000
MARKS = ("<!-- measured: begin -->", "<!-- measured: end -->")


@dataclass(frozen=True)
class Effort:
    """How much is measured: messages of ours per run, seconds."""

    rounds: int = 5
    wire: int = 100_000
    cmpp: int = 60_000
    http: int = 20_000
    ledger_from: float = 20_000
    ledger_most: float = math.inf
    probe_s: float = 3
    proof_s: float = 10
    paced_s: float = 20
    soak: int = soak.MESSAGES


FULL = Effort()
QUICK = Effort(
    *(1, 5_000, 3_000, 1_000, 5_000, 6_000),
    probe_s=0.5,
    proof_s=1,
    paced_s=1,
    soak=100_000,
)
"""Only to see that everything runs."""

Say = Callable[[str], None]


class Bench:
    """One run of the benchmark: `raw` by part, and what did not work."""

    def __init__(self, build: Path, effort: Effort, say: Say) -> None:
        self.raw: dict[str, list[Any]] = {}
        self.failed: dict[str, str] = {}
        self.missing: dict[str, str] = {}
        self.machine = machine.described()
        self.speeds: list[float] = []
        self._build, self._effort, self._say = build, effort, say
        self._who: list[send.Contender] = []

    def run(self, parts: Iterable[str]) -> None:
        """The parts in rounds, then the others, each once."""
        asked = set(parts)
        try:
            self._prepare(asked)
        except machine.BenchmarkError as error:  # no C compiler; CMPP needs none
            self.failed |= dict.fromkeys(asked - {"cmpp"}, str(error))
        for number in range(self._effort.rounds):
            for part, one_round in self._in_rounds.items():
                if part in asked:
                    self._say(f"round {number + 1} of {self._effort.rounds}: {part}")
                    self._try(part, one_round)
        for part, measure in self._once.items():
            if part in asked:
                self._say(part)
                self._try(part, measure)

    @property
    def _in_rounds(self) -> dict[str, Callable[[], Any]]:
        build, effort = self._build, self._effort
        return {
            "wire": self._wire_round,
            "cmpp": lambda: send_cmpp.run(effort.cmpp),
            "http": lambda: send_http.one_round(build, effort.http, send_http.WINDOW),
        }

    @property
    def _once(self) -> dict[str, Callable[[], Any]]:
        build, effort = self._build, self._effort
        return {
            "ledger": self._climb,
            "paced": lambda: send_ledger.run(build, PACED, effort.paced_s),
            "soak": lambda: soak.run(build, effort.soak),
        }

    def _prepare(self, asked: set[str]) -> None:
        if asked & {"wire", "ledger", "paced", "soak"}:
            self._who, missing = send.contenders(self._build)
            self.missing |= missing if "wire" in asked else {}
        if "http" in asked:
            machine.compiled("sink_http", self._build)
            self.missing |= send_http.missing()

    def _try(self, part: str, measure: Callable[[], Any]) -> None:
        """Once it has failed it is not tried again."""
        if part in self.failed:
            return
        self.speeds.append(machine.loop_ns())
        try:
            self.raw.setdefault(part, []).append(measure())
        except machine.BenchmarkError as error:
            self.failed[part] = str(error)
            self._say(f"{part} failed: {error}")

    def _wire_round(self) -> list[send.Row]:
        """A peer that fails is out from then on; without us there is no round."""
        rows = []
        for one in [*self._who]:
            try:
                rows += send.one_round([one], self._build, messages=self._effort.wire)
            except machine.BenchmarkError as error:
                if one.name.startswith(send.OURS):
                    raise
                self._who.remove(one)
                self.failed[one.name] = str(error)
        return rows

    def _climb(self) -> dict[str, Any]:
        def measure(rate: float, seconds: float) -> send_ledger.Measured:
            told = send_ledger.run(self._build, rate, seconds)
            kept = "held" if send_ledger.held(told) else "not held"
            self._say(f"ledger: {rate:,.0f}/s for {seconds:g} s {kept}")
            return told

        effort = self._effort
        best, tried = send_ledger.highest(
            measure,
            start=effort.ledger_from,
            most=effort.ledger_most,
            probe_s=effort.probe_s,
            proof_s=effort.proof_s,
        )
        if best is None:
            raise machine.BenchmarkError(f"not even {send_ledger.LOWEST:,.0f}/s was held")
        return {"held": best, "tried": tried}


def document(bench: Bench, rounds: int) -> dict[str, Any]:
    """Everything that was found; what was not measured is None."""
    raw = bench.raw
    wire = raw.get("wire", [])
    rows = send.summary(wire)
    return {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": bench.machine | {"loop_ns": bench.speeds},
        "rounds": rounds,
        "rows": rows,
        "ratios": {
            "smpp34": _ratio(wire, ("smpp34", send.BEST_PEER)),
            "node-smpp": _ratio(wire, ("node-smpp",)),
            "c": _ratio(wire, ("C",)),
        },
        "ledger": _ledger(raw.get("ledger"), rows),
        "paced": _paced(raw.get("paced")),
        "cmpp": _cmpp(raw.get("cmpp")),
        "http": _http(raw.get("http")),
        "soak": raw["soak"][0] if raw.get("soak") else None,
        "missing": bench.missing,
        "failed": bench.failed,
        "raw": raw,
    }


def _ratio(rounds: Sequence[Sequence[send.Row]], theirs: Sequence[str]) -> dict[str, Any] | None:
    """How many times as fast as the fastest of them we were in each round, and as cheap."""
    faster, cheaper = [], []
    for rows in rounds:
        one = {row["name"]: row for row in rows}
        peers = [one[name] for name in theirs if name in one]
        if peers and send.OURS in one:
            ours, best = one[send.OURS], max(peers, key=lambda row: row["msgs_per_s"])
            faster.append(ours["msgs_per_s"] / best["msgs_per_s"])
            cheaper.append(best["cpu_us_per_msg"] / ours["cpu_us_per_msg"])
    if not faster:
        return None
    return {
        "median": statistics.median(faster),
        "min": min(faster),
        "cpu_median": statistics.median(cheaper),
        "rounds": faster,
    }


def _ledger(raw: Sequence[Any] | None, rows: Sequence[send.Summary]) -> dict[str, Any] | None:
    if not raw:
        return None
    best: send_ledger.Measured = raw[0]["held"]
    wire = next((row["msgs_per_s"] for row in rows if row["name"] == send.OURS), None)
    share = best["achieved"] / wire if wire else None
    return {"msgs_per_s": best["achieved"], "share_of_wire": share, **best}


def _paced(raw: Sequence[send_ledger.Measured] | None) -> dict[str, Any] | None:
    return {**raw[0]} if raw else None


def _cmpp(raw: Sequence[send_cmpp.Measured] | None) -> dict[str, Any] | None:
    """Medians of the rates and costs, the worst of what went wrong."""
    if not raw:
        return None
    rates = [one["msgs_per_s"] for one in raw]
    vendor = [cost for one in raw if (cost := one["vendor_cpu_us_per_msg"]) is not None]
    return {
        "msgs_per_s": statistics.median(rates),
        "lowest": min(rates),
        "highest": max(rates),
        "cpu_us_per_msg": statistics.median(one["cpu_us_per_msg"] for one in raw),
        "vendor_cpu_us_per_msg": statistics.median(vendor) if vendor else None,
        "unmatched": max(one["unmatched"] for one in raw),
        "unreported": max(one["unreported"] for one in raw),
    }


def _http(raw: Sequence[Sequence[send.Row]] | None) -> dict[str, Any] | None:
    if not raw:
        return None
    rows = send.summary(raw)
    ours = next(row for row in rows if row["name"] == send.OURS)
    theirs = [row["name"] for row in rows if row is not ours]
    return {
        "msgs_per_s": ours["msgs_per_s"],
        "cpu_us_per_msg": ours["cpu_us_per_msg"],
        "rows": rows,
        "ratios": {name: _ratio(raw, (name,)) for name in theirs},
    }


def _newest() -> Path:
    kept = sorted(KEPT.glob("send-*.json"))
    if not kept:
        raise machine.BenchmarkError("no rounds are kept; `make bench` keeps some")
    return kept[-1]


def _keep(found: dict[str, Any], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"send-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return path


def fill(page: Path, told: str) -> None:
    """Put the tables where the page has its two marks."""
    before, begin, rest = page.read_text(encoding="utf-8").partition(MARKS[0])
    _, end, after = rest.partition(MARKS[1])
    if not (begin and end):
        raise machine.BenchmarkError(f"{page.name} has no {' … '.join(MARKS)}")
    page.write_text(f"{before}{begin}\n\n{told}\n{end}{after}", encoding="utf-8")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument("--rounds", type=int, metavar="N", help="interleaved; 5 by default")
    parser.add_argument("--quick", action="store_true", help="a few messages: does it all run?")
    parser.add_argument("--soak", action="store_true", help="a compressed day as well")
    parser.add_argument("--only", nargs="+", choices=(*PARTS, "soak"), metavar="PART")
    parser.add_argument("--keep", type=Path, metavar="DIRECTORY", help="for the raw rounds")
    parser.add_argument("--markdown", nargs="?", const=Path(), type=Path, metavar="KEPT.json")
    parser.add_argument("--fill", type=Path, metavar="FILE.md", help="put the Markdown in there")
    return parser.parse_args()


def _measured(asked: argparse.Namespace) -> dict[str, Any]:
    effort = QUICK if asked.quick else FULL
    rounds = asked.rounds or effort.rounds
    parts = asked.only or (*PARTS, *(["soak"] if asked.soak else []))
    say: Say = (lambda _: None) if asked.json else (lambda line: _print(line, sys.stderr))
    os.environ.setdefault("NODE_PATH", str(machine.ROOT / "tests" / "node" / "node_modules"))
    with tempfile.TemporaryDirectory() as build:
        bench = Bench(Path(build), Effort(**{**vars(effort), "rounds": rounds}), say)
        bench.run(parts)
    return document(bench, rounds)


def main() -> int:
    """0: measured; 1: a part failed; 2: nothing could be measured."""
    asked = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing we started stays
    try:
        if asked.markdown is not None:
            kept = asked.markdown if asked.markdown.name else _newest()
            told = tables.markdown(json.loads(kept.read_text(encoding="utf-8")))
            if asked.fill:
                fill(asked.fill, told)
            else:
                _print(told)
            return 0
        found = _measured(asked)
    except machine.BenchmarkError as error:
        _print(str(error), sys.stderr)
        return 2
    if asked.keep:
        _print(f"all rounds: {_keep(found, asked.keep)}", sys.stderr)
    _print(json.dumps(found) if asked.json else tables.text(found))
    return 1 if found["failed"] else 0


def _print(line: str, to: Any = None) -> None:
    (to or sys.stdout).write(line + "\n")
    (to or sys.stdout).flush()


if __name__ == "__main__":
    sys.exit(main())
