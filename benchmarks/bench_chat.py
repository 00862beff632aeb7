"""`smsvet bench chat`: how many turns a second, how long one takes, and how much memory.

    python benchmarks/bench_chat.py [--json] [--quick] [--only DATABASE ...]

A thousand people, each in the middle of an evaluation of their own, on SQLite and on PostgreSQL:
see chat.py. A database that is not installed is named as missing, one that does not end as it must
as failed.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import chat
import machine
import postgres
import tables

DATABASES = ("sqlite", "postgres")
DURABLE = Path("/var/tmp")  # noqa: S108 - /tmp may be in memory, and commits must reach a disk
PROGRAM = Path(chat.__file__)


@dataclass(frozen=True)
class Effort:
    """How much is measured."""

    open: int = 1000  # conversations
    turns: int = 1500  # in each round
    seconds: float = 20.0  # at a steady rate


FULL = Effort()
QUICK = Effort(10, 20, 0.5)
"""Only to see that everything runs."""


def measured(folder: Path, effort: Effort, url: str = "") -> chat.Measured:
    """One database: everybody is put in their place by one process, another one measures."""
    words: list[object] = [sys.executable, PROGRAM, folder / "home", "--open", effort.open]
    words += ["--url", url] if url else []
    _told([*words, "--prepare"])
    found: chat.Measured = _told([*words, "--turns", effort.turns, "--seconds", effort.seconds])
    return found


def _told(command: Sequence[object]) -> Any:
    """The JSON that a process of its own prints; on no core of its own, as `smsvet serve`."""
    words = [str(word) for word in command]
    try:
        done = subprocess.run(  # noqa: S603
            words, capture_output=True, text=True, timeout=machine.PATIENCE_S, check=False
        )
    except subprocess.TimeoutExpired as error:
        raise machine.BenchmarkError(f"not done in {machine.PATIENCE_S} s") from error
    if done.returncode:
        raise machine.BenchmarkError(done.stderr.strip()[-500:])
    return json.loads(done.stdout)


def on_sqlite(folder: Path, effort: Effort) -> chat.Measured:
    return measured(folder, effort)


def on_postgres(folder: Path, effort: Effort) -> chat.Measured:
    programs = postgres.binaries()
    if programs is None:
        raise LookupError("no PostgreSQL server is installed")
    with postgres.served(programs, folder) as url:
        return measured(folder, effort, url)


MEASURES: dict[str, Callable[[Path, Effort], chat.Measured]] = {
    "sqlite": on_sqlite,
    "postgres": on_postgres,
}


def document(effort: Effort, only: tuple[str, ...]) -> dict[str, Any]:
    """Everything that was found; what was not measured is None."""
    found: dict[str, Any] = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine.described() | {"loop_ns": machine.loop_ns()},
        "conversations": effort.open,
        "paced_turns_per_s": chat.PACE,
        **dict.fromkeys(DATABASES),
        "missing": {},
        "failed": {},
    }
    place = str(DURABLE) if DURABLE.is_dir() else None
    for name in only:
        with tempfile.TemporaryDirectory(prefix="smsvet-", dir=place) as folder:
            try:
                found[name] = MEASURES[name](Path(folder), effort)
            except LookupError as error:
                found["missing"][name] = str(error)
            except machine.BenchmarkError as error:
                found["failed"][name] = str(error)
    first = found["sqlite"] or found["postgres"]
    found["kb_per_conversation"] = first["kb_per_conversation"] if first else None
    return found


def text(found: dict[str, Any]) -> str:
    """For a terminal."""
    title = f"{found['conversations']} conversations, everything durable"
    paced = f"at {found['paced_turns_per_s']:g} turns/s, ms"
    head = ("", "turns/s", "CPU ms/turn", "kept p50", "p99", "told p50", "p99")
    rows = [_row(name, found[name]) for name in DATABASES if found[name]]
    lines = [tables.text_of(tables.Table(f"{title}; p50 and p99 {paced}", head, rows))]
    memory = found["kb_per_conversation"]
    if memory is not None:
        lines.append(
            f"Memory per open conversation: {memory:.0f} KiB, the process's growth while each spoke"
            " for the first time: the evaluation with its answers, and what pacing remembers."
        )
    for what in ("missing", "failed"):
        lines += [f"{what.capitalize()}: {name}: {why}." for name, why in found[what].items()]
    return "\n\n".join(lines)


def _row(name: str, one: chat.Measured) -> tuple[str, ...]:
    figures = (one["p50_ms"], one["p99_ms"], one["told_p50_ms"], one["told_p99_ms"])
    rate, cpu = f"{one['turns_per_s']:,.0f}", f"{one['cpu_ms_per_turn']:.2f}"
    return (name, rate, cpu, *(f"{figure:.1f}" for figure in figures))


def main() -> int:
    """0: measured; 1: a database failed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", action="store_true", help="one JSON document")
    parser.add_argument("--quick", action="store_true", help="a few turns: does it all run?")
    parser.add_argument("--only", nargs="+", choices=DATABASES, default=DATABASES)
    asked = parser.parse_args()
    found = document(QUICK if asked.quick else FULL, tuple(asked.only))
    sys.stdout.write((json.dumps(found) if asked.json else text(found)) + "\n")
    return 1 if found["failed"] else 0


if __name__ == "__main__":
    sys.exit(main())
