"""One run of a Python sender, for send.py: NAME PORT COUNT WINDOW RECEIPTS.

Both senders get the same: the interpreter's garbage collection off while the clock runs (a test of
ours is run that way, too), texts encoded inside the measured time.
"""

import asyncio
import gc
import json
import os
import resource
import sys
import time
from array import array
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from evaluators.protocols.session import Events

sys.path.insert(0, str(Path(__file__).parent.parent))

TEXT = "【测试】您的验证码为{:06d}，五分钟内有效，请勿告知他人。如非本人操作请忽略。"


class Clock:
    """What a run took so far, in seconds of time and of this process's CPU."""

    def __init__(self) -> None:
        gc.collect()
        gc.freeze()
        gc.disable()
        self._started, self._used = time.perf_counter(), _cpu_s()

    def read(self, accepted: int, reported: int) -> dict[str, float]:
        took, cpu = time.perf_counter() - self._started, _cpu_s() - self._used
        return {"took_s": took, "cpu_s": cpu, "accepted": accepted, "reported": reported}


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def batch(count: int) -> list[tuple[int, str, str | bytes]]:
    return [(i, f"198{i:08d}", TEXT.format(i % 1_000_000)) for i in range(count)]


class Book:
    """What is kept of each message: when it was answered and reported, and how."""

    def __init__(self, count: int, receipts: bool) -> None:
        self.answered_ns, self.reported_ns = (
            array("q", bytes(8 * count)),
            array("q", bytes(8 * count)),
        )
        self.accepted = self.delivered = 0
        self._open = count * (1 + receipts)
        self.done = asyncio.Event()

    def enter(self, events: "Events") -> None:
        answered_ns, reported_ns = self.answered_ns, self.reported_ns
        for index, at_ns, status, _ in events.submitted:
            answered_ns[index] = at_ns
            if not status:
                self.accepted += 1
        for index, _, state, _, at_ns, _, duplicate, _ in events.receipts:
            if index is None or duplicate:
                raise AssertionError("a receipt for nothing, or a second one")
            reported_ns[index] = at_ns
            if state == "DELIVRD":
                self.delivered += 1
        self._open -= len(events.submitted) + len(events.receipts)
        if self._open <= 0:
            self.done.set()


async def ours(port: int, count: int, window: int, *, receipts: bool) -> dict[str, float]:
    from evaluators.protocols.session import BindRefused, Events
    from evaluators.protocols.smpp.session import Endpoint, connect

    messages, book, position = batch(count), Book(count, receipts), 0

    def on_events(events: Events) -> None:
        nonlocal position
        if position < count:
            position += session.submit(messages, position)
        book.enter(events)

    there = Endpoint(
        host="127.0.0.1",
        port=port,
        system_id="bench",
        password="bench",  # noqa: S106 - the sink takes any
        source="10690001",
        window=window,
        receipts=receipts,
    )
    bound = await connect(there, on_events, time.monotonic_ns)
    if isinstance(bound, BindRefused):
        raise ConnectionError(bound.text)
    session = bound
    clock = Clock()
    position += session.submit(messages)
    await book.done.wait()
    told = clock.read(book.accepted, book.delivered)
    if 0 in book.answered_ns or (receipts and 0 in book.reported_ns):
        raise AssertionError("a message was not answered or not reported")
    await session.close()
    return told


async def smpp34(port: int, count: int, window: int, *, receipts: bool) -> dict[str, float]:
    import smpp34

    client = smpp34.Client(
        "127.0.0.1", port, "bench", "bench", window_size=window, inbound_capacity=count + 1
    )
    smsc = await client.connect()
    messages = iter(batch(count))
    accepted = reported = 0

    async def send() -> None:
        nonlocal accepted
        for _, number, text in messages:
            answer = await smsc.submit_sm(
                number,
                str(text).encode("utf-16-be"),
                source_addr="10690001",
                data_coding=8,
                registered_delivery=int(receipts),
            )
            accepted += answer.is_success

    async def listen() -> None:
        nonlocal reported
        while reported < count * receipts:
            event = await smsc.next()
            reported += isinstance(event, smpp34.DeliverSmEvent)

    clock = Clock()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(listen())
        for _ in range(min(window, count)):
            tasks.create_task(send())
    told = clock.read(accepted, reported)
    await client.stop()
    return told


def main() -> None:
    name, *numbers = sys.argv[1:]
    port, count, window, receipts = map(int, numbers)
    work = (ours if name == "smsvet" else smpp34)(port, count, window, receipts=bool(receipts))
    if name == "smpp34-uvloop":
        import uvloop

        told = uvloop.run(work)
    else:
        told = asyncio.run(work)
    sys.stdout.write(json.dumps(told))
    sys.stdout.flush()
    os._exit(0)  # a peer's threads now and then abort the interpreter's own end


if __name__ == "__main__":
    main()
