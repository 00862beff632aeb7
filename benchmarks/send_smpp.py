"""How fast we send over SMPP beside the best Python peer, in interleaved rounds on one machine.

    python benchmarks/send_smpp.py [--messages N] [--rounds N] [--window N] [--json]

Each run is its own process, the sender on one core and a fresh C sink (benchmarks/sink.c, needs
a C compiler) on another. Timed from the end of the bind to the last receipt; every message must be
answered and reported exactly once. CPU is the sender's own, user and system. Message: 40 Chinese
characters to distinct numbers, receipts on.
"""

import argparse
import asyncio
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

TEXT = "【测试】您的验证码为{:06d}，五分钟内有效，请勿告知他人。如非本人操作请忽略。"


class Result(TypedDict):
    rate: float
    cpu_us: float


def batch(count: int) -> list[tuple[int, str, str | bytes]]:
    return [(i, f"198{i:08d}", TEXT.format(i % 1_000_000)) for i in range(count)]


def cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def ours(port: int, count: int, window: int) -> Result:
    from evaluators.protocols.session import BindRefused, Events
    from evaluators.protocols.smpp.session import Endpoint, connect

    messages = batch(count)
    position, answered, reported = 0, bytearray(count), bytearray(count)
    done = asyncio.Event()
    left = count

    def on_events(events: Events) -> None:
        nonlocal position, left
        for index, _, status, _ in events.submitted:
            answered[index] += not status
        for record in events.receipts:
            reported[record[0] or 0] += record[2] == "DELIVRD"
        left -= len(events.receipts)
        if position < count:
            position += session.submit(messages, position)
        if left <= 0:
            done.set()

    there = Endpoint(
        host="127.0.0.1",
        port=port,
        system_id="bench",
        password="bench",  # noqa: S106 - the sink takes any
        source="10690001",
        window=window,
    )
    bound = await connect(there, on_events, time.monotonic_ns)
    if isinstance(bound, BindRefused):
        raise ConnectionError(bound.text)
    session = bound
    started, cpu = time.perf_counter(), cpu_s()
    position += session.submit(messages)
    await done.wait()
    took, cpu = time.perf_counter() - started, cpu_s() - cpu
    if set(answered) != {1} or set(reported) != {1}:
        raise AssertionError("a message was not answered and reported exactly once")
    await session.close()
    return {"rate": count / took, "cpu_us": cpu / count * 1e6}


async def peer(port: int, count: int, window: int) -> Result:
    import smpp34

    client = smpp34.Client(
        "127.0.0.1", port, "bench", "bench", window_size=window, inbound_capacity=count + 1
    )
    smsc = await client.connect()
    messages = [(number, str(text).encode("utf-16-be")) for _, number, text in batch(count)]
    slots = asyncio.Semaphore(window)
    accepted = 0

    async def send(number: str, data: bytes) -> None:
        nonlocal accepted
        async with slots:
            answer = await smsc.submit_sm(
                number, data, source_addr="10690001", data_coding=8, registered_delivery=1
            )
            accepted += answer.is_success

    async def listen() -> None:
        seen = 0
        while seen < count:
            seen += isinstance(await smsc.next(), smpp34.DeliverSmEvent)

    started, cpu = time.perf_counter(), cpu_s()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(listen())
        for number, data in messages:
            tasks.create_task(send(number, data))
    took, cpu = time.perf_counter() - started, cpu_s() - cpu
    if accepted != count:
        raise AssertionError("a message was not accepted")
    await client.stop()
    return {"rate": count / took, "cpu_us": cpu / count * 1e6}


def child(name: str, port: int, count: int, window: int) -> Result:
    """One run, in this process."""
    if name == "smpp34 + uvloop":
        import uvloop

        return uvloop.run(peer(port, count, window))
    return asyncio.run((ours if name == "smsvet" else peer)(port, count, window))


@contextmanager
def sink(program: str) -> Iterator[int]:
    command = [*_pinned(1), program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        assert process.stdout is not None  # noqa: S101
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def _pinned(core: int) -> list[str]:
    several = (os.cpu_count() or 1) > 1 and shutil.which("taskset")
    return ["taskset", "-c", str(core)] if several else []


def run(counts: dict[str, int], rounds: int, window: int) -> dict[str, list[Result]]:
    """All contenders in turn, `rounds` times."""
    results: dict[str, list[Result]] = {name: [] for name in counts}
    with tempfile.TemporaryDirectory() as folder:
        program = str(Path(folder) / "sink")
        compiler = [os.environ.get("CC", "cc"), "-O2", "-o", program, str(HERE / "sink.c")]
        subprocess.run(compiler, check=True)  # noqa: S603
        for _ in range(rounds):
            for name, count in counts.items():
                with sink(program) as port:
                    arguments = [name, str(port), str(count), str(window)]
                    command = [*_pinned(0), sys.executable, __file__, "--child", *arguments]
                    told = subprocess.run(command, check=True, capture_output=True)  # noqa: S603
                results[name].append(json.loads(told.stdout))
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--window", type=int, default=500)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.child:
        name, *numbers = asked.child
        sys.stdout.write(json.dumps(child(name, *map(int, numbers))))
        sys.stdout.flush()
        os._exit(0)  # a peer's threads now and then abort the interpreter's own end
    counts = {"smsvet": asked.messages}
    counts |= dict.fromkeys(["smpp34", "smpp34 + uvloop"], max(1000, asked.messages // 10))
    results = run(counts, asked.rounds, asked.window)
    if asked.json:
        sys.stdout.write(json.dumps(results) + "\n")
        return
    for name, runs in results.items():
        rates = [one["rate"] for one in runs]
        cpu = statistics.median(one["cpu_us"] for one in runs)
        sys.stdout.write(
            f"{name:16} {statistics.median(rates):>10,.0f} msg/s "
            f"[{min(rates):,.0f} - {max(rates):,.0f}]  {cpu:6.1f} us CPU/msg\n"
        )


if __name__ == "__main__":
    main()
