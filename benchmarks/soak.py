"""A day's test in minutes: does the sending process keep its size?

    python benchmarks/soak.py [--messages N] [--rate N]

8,640,000 messages are a day at 100 a second. They go through schedule, wire and ledger to the C
sink as fast as `--rate` says, and the sending process's resident memory is sampled all along. What
grows with the number of messages that were sent would show between the first and the last quarter.
"""

import argparse
import json
import statistics
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any, TypedDict

import machine
import send_ledger

MESSAGES, RATE = 8_640_000, 20_000.0
SAMPLE_S = 0.25
_MB = 1 << 20


class Measured(TypedDict):
    """Resident memory in MB: medians of the first and last quarter of the sending, and the most.

    `rss_after_mb` is when all is folded into the messages' rows; `samples_mb` are some hundred in
    order, from the first message due to the last.
    """

    messages: int
    achieved: float
    seconds: float
    rss_first_mb: float
    rss_last_mb: float
    rss_max_mb: float
    rss_after_mb: float
    samples_mb: list[float]
    unaccounted: int


def run(build: Path, messages: int = MESSAGES, rate: float = RATE) -> Measured:
    """In a process of its own, against the sink compiled in `build`."""
    with machine.counterpart([build / "sink"]) as sink:
        words = ["--port", sink.ready, "--messages", messages, "--rate", rate]
        told: Measured = machine.measured(  # type: ignore[assignment]
            [sys.executable, __file__, *words], patience_s=300 + messages / 1_000
        )
        given = sink.told()["submitted"]
    if given != messages:
        raise machine.BenchmarkError(f"the sink was given {given} of {messages} messages")
    return told


class Scale:
    """Weighs this process while messages are due."""

    def __init__(self, seen: send_ledger.Moments) -> None:
        self.samples: list[int] = []
        self._seen, self._ended = seen, threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)

    def __enter__(self) -> "Scale":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _work(self) -> None:
        while not self._ended.wait(SAMPLE_S):
            size = machine.resident_bytes()
            if size is not None and self._seen.started[0] and not self._seen.ended[0]:
                self.samples.append(size)


def measure(port: int, messages: int, rate: float, home: Path) -> Measured:
    """Send them to the sink on `port`, and weigh."""
    import anyio

    from bot.settings import Settings
    from bot.store.database import Database
    from evaluators.sending.runner import carry_out

    database = Database.open(Settings(home, f"sqlite:///{home / 'smsvet.db'}", home / "master.key"))
    try:
        test = send_ledger.prepared(database, port, rate, messages)
        with Scale(test.seen) as scale:
            outcome = anyio.run(carry_out, test.order, test.means)
        if outcome.end != "measured":
            raise machine.BenchmarkError(f"{outcome.end}: {outcome.problem}")
        return _told(test, scale.samples)
    finally:
        database.close()


def _told(test: send_ledger.Test, samples: list[int]) -> Measured:
    after = machine.resident_bytes() or 0
    quarter = len(samples) // 4
    if not quarter:
        raise machine.BenchmarkError("too few samples; the system must tell and the run be longer")
    took_s = (test.seen.ended[0] - test.seen.started[0]) / 1e9
    sizes = [round(size / _MB, 2) for size in samples]
    return {
        "messages": test.order.plan.count,
        "achieved": test.order.plan.count / took_s,
        "seconds": took_s,
        "rss_first_mb": statistics.median(sizes[:quarter]),
        "rss_last_mb": statistics.median(sizes[-quarter:]),
        "rss_max_mb": max(sizes),
        "rss_after_mb": round(after / _MB, 2),
        "samples_mb": sizes[:: max(1, len(sizes) // 100)],
        "unaccounted": send_ledger.unaccounted(test),
    }


def main() -> None:
    """One soak, as JSON."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--messages", type=int, default=MESSAGES)
    options.add_argument("--rate", type=float, default=RATE)
    options.add_argument("--port", type=int, help="of a sink that runs already; for `run`")
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told: dict[str, Any] | Measured
        if given.port:
            told = measure(given.port, given.messages, given.rate, Path(folder))
        else:
            machine.compiled("sink", Path(folder))
            told = run(Path(folder), given.messages, given.rate)
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
