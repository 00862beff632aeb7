"""One run of our CMPP 3.0 client with reports against our simulated vendor.

    python benchmarks/send_cmpp.py [--messages N] [--window N]

The client has one core, the vendor (personality `honest`, its times shortened a hundredfold)
another. Timed from the end of the login to the last answer and the last report, encoding included.
Every message must be answered; reports that match no message, come twice or never are counted.

As a library: `run`.
"""

import argparse
import asyncio
import json
import sys
import time
from typing import Any, TypedDict

import machine

sys.path.insert(0, str(machine.ROOT))

WINDOW = 2_000
TIME_SCALE = 0.01
QUIET_S = 5.0  # without anything coming: the rest will not come either
HANDSETS = 10_000
CARRIERS = ("cmcc", "cucc", "ctcc")
TEXT = "【测试】您的验证码为{:06d}，五分钟内有效，请勿告知他人。如非本人操作请忽略。"


class Measured(TypedDict):
    """CPU is microseconds per message; the vendor's is None where the system does not tell.

    `unmatched` are reports for no message or a second time, `unreported` messages without one.
    """

    msgs_per_s: float
    cpu_us_per_msg: float
    vendor_cpu_us_per_msg: float | None
    messages: int
    unmatched: int
    unreported: int


class Book:
    """What is kept of a run."""

    def __init__(self, count: int) -> None:
        self.answered = self.accepted = self.unmatched = 0
        self.reported = bytearray(count)
        self.open = 2 * count
        self.last = time.monotonic()
        self.done = asyncio.Event()

    def enter(self, events: Any) -> None:
        self.last = time.monotonic()
        self.answered += len(events.submitted)
        self.accepted += sum(not record[2] for record in events.submitted)
        self.open -= len(events.submitted)
        for index, *_, duplicate, _ in events.receipts:
            if index is None or duplicate or self.reported[index]:
                self.unmatched += 1
            else:
                self.reported[index] = 1
                self.open -= 1
        if self.open <= 0 or events.closed is not None:
            self.done.set()

    async def settled(self) -> None:
        """Until everything is there, or nothing comes any more."""
        while not self.done.is_set() and time.monotonic() - self.last < QUIET_S:
            try:
                await asyncio.wait_for(self.done.wait(), 1)
            except TimeoutError:
                continue


def run(messages: int, window: int = WINDOW) -> Measured:
    """One run, in processes of its own."""
    vendor_words = ["-m", "bot", "simulate", "--personality", "honest", "--cmpp", "0"]
    vendor_words += ["--time-scale", str(TIME_SCALE)]
    with machine.counterpart([sys.executable, *vendor_words]) as vendor:
        asked = ["--port", vendor.ready["cmpp"], "--vendor", vendor.pid]
        asked += ["--account", json.dumps(vendor.ready["accounts"]["cmpp"])]
        asked += ["--messages", messages, "--window", window]
        told: Measured = machine.measured(  # type: ignore[assignment]
            [sys.executable, __file__, *asked]
        )
    return told


async def client(port: int, account: dict[str, Any], messages: int, window: int) -> dict[str, Any]:
    """Send as fast as the window allows; the raw times and counts."""
    from evaluators.protocols.cmpp.session import Endpoint, connect
    from evaluators.protocols.session import BindRefused
    from evaluators.simulator.numbers import simulated_number

    numbers = [simulated_number(each, n) for n in range(HANDSETS) for each in CARRIERS]  # type: ignore[arg-type]
    batch: list[tuple[int, str, str | bytes]] = [
        (i, numbers[i % len(numbers)], TEXT.format(i % 1_000_000)) for i in range(messages)
    ]
    book, position = Book(messages), 0

    def on_events(events: Any) -> None:
        nonlocal position
        if position < messages:
            position += session.submit(batch, position)
        book.enter(events)

    there = Endpoint(host="127.0.0.1", port=port, source="10690001", window=window, **account)
    bound = await connect(there, on_events, time.monotonic_ns)
    if isinstance(bound, BindRefused):
        raise machine.BenchmarkError(bound.text)
    session = bound
    stopwatch = machine.Stopwatch()
    position += session.submit(batch)
    await book.settled()
    told = stopwatch.read()
    await session.close()
    if book.accepted != messages:
        raise machine.BenchmarkError(f"{book.accepted} of {messages} were accepted")
    return told | {"unmatched": book.unmatched, "unreported": messages - sum(book.reported)}


def measured(given: argparse.Namespace) -> Measured:
    """The client's part, in this process."""
    before = machine.cpu_s(given.vendor)
    told = asyncio.run(client(given.port, json.loads(given.account), given.messages, given.window))
    after = machine.cpu_s(given.vendor)
    known = before is not None and after is not None
    return {
        "msgs_per_s": given.messages / told["took_s"],
        "cpu_us_per_msg": told["cpu_s"] / given.messages * 1e6,
        "vendor_cpu_us_per_msg": (after - before) / given.messages * 1e6 if known else None,
        "messages": given.messages,
        "unmatched": told["unmatched"],
        "unreported": told["unreported"],
    }


def main() -> None:
    """One run, as JSON."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--messages", type=int, default=50_000)
    options.add_argument("--window", type=int, default=WINDOW)
    options.add_argument("--port", type=int, help="of a vendor that runs already; for `run`")
    options.add_argument("--account", default="{}", help=argparse.SUPPRESS)
    options.add_argument("--vendor", type=int, default=0, help=argparse.SUPPRESS)
    given = options.parse_args()
    told = measured(given) if given.port else run(given.messages, given.window)
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
