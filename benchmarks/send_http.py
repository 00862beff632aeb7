"""How fast messages go out over HTTP, each with a signature of its own; ours beside two clients.

    python benchmarks/send_http.py [--messages N] [--rounds N] [--window N]

The vendor is data/vendors/aliyun.yaml (ACS3-HMAC-SHA256), the peer is sink_http.c on a core of its
own. All senders make the same signed requests with the same code and read the same answers; what
differs is who carries them: our session, aiohttp, httpx. Rounds are interleaved, each run is a
fresh process on one core. A client that is not installed is named as missing. Prints JSON.
"""

import argparse
import asyncio
import gc
import json
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

SENDERS = ("ours", "aiohttp", "httpx")
FILED = "【测试】您的验证码为${code}，五分钟内有效，请勿告知他人。如非本人操作请忽略。"
CREDENTIALS = {"key_id": "bench", "key_secret": "bench"}


def described():
    from evaluators.protocols.http import vendor

    return vendor.load(HERE.parent / "data" / "vendors" / "aliyun.yaml")


def batch(count: int) -> list[tuple[int, str, str | bytes]]:
    texts = [FILED.replace("${code}", f"{i:06d}") for i in range(1000)]
    return [(i, f"1980000{i % 10_000:04d}", texts[i % 1000]) for i in range(count)]


class Clock:
    """What a run took so far, in seconds of time and of this process's CPU."""

    def __init__(self) -> None:
        gc.collect()
        gc.freeze()
        gc.disable()
        self._started, self._used = time.perf_counter(), _cpu_s()

    def read(self, accepted: int) -> dict[str, float]:
        took, cpu = time.perf_counter() - self._started, _cpu_s() - self._used
        return {"took_s": took, "cpu_s": cpu, "accepted": accepted}


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


async def ours(port: int, count: int, window: int) -> dict[str, float]:
    from evaluators.protocols.http.session import Endpoint, connect

    messages, done = batch(count), asyncio.Event()
    position = answered = accepted = 0

    def on_events(events) -> None:
        nonlocal position, answered, accepted
        if position < count:
            position += session.submit(messages, position)
        answered += len(events.submitted)
        accepted += sum(not status for _, _, status, _ in events.submitted)
        if answered == count:
            done.set()

    there = Endpoint(
        host="127.0.0.1", port=port, vendor=described(), credentials=CREDENTIALS, signature="测试",
        template="SMS_1", template_text=FILED, tls=False, window=window,
    )  # fmt: skip
    session = await connect(there, on_events, time.monotonic_ns)
    while session.room < window:
        await asyncio.sleep(0.01)
    clock = Clock()
    position += session.submit(messages)
    await done.wait()
    told = clock.read(accepted)
    await session.close()
    return told


def signing(port: int):
    """The same requests as ours, made by the same code, and the same judge of the answers."""
    import secrets

    from evaluators.protocols.http.answer import Judge
    from evaluators.protocols.http.compose import Composer, Settings, settings_of
    from evaluators.protocols.http.request import Moment, pairs

    vendor, host = described(), f"127.0.0.1:{port}"
    given = CREDENTIALS | {"signature": "测试", "template": "SMS_1"}
    composer = Composer(vendor, Settings(host, settings_of(vendor, host, given), FILED))

    def make(index: int, number: str, text: str) -> tuple[str, dict[str, str]]:
        moment = Moment(int(time.time()), secrets.token_hex(16))
        made = composer.compose(number, text, f"bench-{index}", moment)
        return f"http://{host}{made.path}?{pairs(made.query)}", made.headers

    return make, Judge(vendor.answer)


async def carried(port: int, count: int, window: int, post) -> dict[str, float]:
    """`window` workers, each sending one message after the other with `post(url, headers)`."""
    from evaluators.protocols.http.codec import Response

    make, judge = signing(port)
    messages, accepted = iter(batch(count)), 0

    async def send() -> None:
        nonlocal accepted
        for index, number, text in messages:
            status, body = await post(*make(index, number, text))
            accepted += not judge.judge(Response(status, body, True, "")).code

    clock = Clock()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(window):
            tasks.create_task(send())
    return clock.read(accepted)


async def aiohttp(port: int, count: int, window: int) -> dict[str, float]:
    import aiohttp
    from yarl import URL

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=window)) as client:

        async def post(url: str, headers: dict[str, str]) -> tuple[int, bytes]:
            async with client.post(URL(url, encoded=True), headers=headers) as answer:
                return answer.status, await answer.read()

        return await carried(port, count, window, post)


async def httpx(port: int, count: int, window: int) -> dict[str, float]:
    import httpx

    limits = httpx.Limits(max_connections=window, max_keepalive_connections=window)
    async with httpx.AsyncClient(limits=limits, trust_env=False) as client:

        async def post(url: str, headers: dict[str, str]) -> tuple[int, bytes]:
            answer = await client.post(url, headers=headers)
            return answer.status_code, answer.content

        return await carried(port, count, window, post)


def child(name: str, port: int, count: int, window: int) -> None:
    senders = {"ours": ours, "aiohttp": aiohttp, "httpx": httpx}
    print(json.dumps(asyncio.run(senders[name](port, count, window))))


def pinned(core: int, *words: str) -> list[str]:
    """The command on one core, where that can be arranged."""
    taskset = shutil.which("taskset")
    enough = (os.cpu_count() or 1) > core
    return [taskset, "-c", str(core), *words] if taskset and enough else list(words)


def compare(sink: str, messages: int, rounds: int, window: int) -> dict[str, object]:
    there = [name for name in SENDERS if name == "ours" or find_spec(name)]
    rates: dict[str, list[float]] = {name: [] for name in there}
    cpu: dict[str, list[float]] = {name: [] for name in there}
    for _ in range(rounds):
        for name in there:
            with subprocess.Popen(pinned(1, sink), stdout=subprocess.PIPE, text=True) as process:
                port = process.stdout.readline().strip()
                command = [sys.executable, __file__, "--child", name, port]
                command += [str(messages), str(window)]
                out = subprocess.run(pinned(0, *command), check=True, capture_output=True).stdout
                process.kill()
            told = json.loads(out)
            if told["accepted"] != messages:
                raise AssertionError(f"{name}: {told['accepted']} of {messages} accepted")
            rates[name].append(messages / told["took_s"])
            cpu[name].append(told["cpu_s"] / messages * 1e6)
    results = {
        name: {
            "messages_per_s": round(statistics.median(rates[name])),
            "cpu_us_per_message": round(statistics.median(cpu[name]), 1),
            "runs": [round(rate) for rate in rates[name]],
        }
        for name in there
    }
    missing = [name for name in SENDERS if name not in there]
    return {"messages": messages, "window": window, "results": results, "missing": missing}


def main() -> None:
    if sys.argv[1:2] == ["--child"]:
        name, *numbers = sys.argv[2:]
        port, count, window = map(int, numbers)
        child(name, port, count, window)
        return
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--messages", type=int, default=20_000)
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--window", type=int, default=32)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sink = str(Path(folder) / "sink_http")
        subprocess.run(["cc", "-O2", "-o", sink, str(HERE / "sink_http.c")], check=True)  # noqa: S607
        told = compare(sink, given.messages, given.rounds, given.window)
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
