"""How fast messages go out over HTTP, each with a signature of its own; ours beside two clients.

    python benchmarks/send_http.py [--messages N] [--rounds N] [--window N]

The vendor is data/vendors/aliyun.yaml (ACS3-HMAC-SHA256), the peer is sink_http.c on a core of its
own. All senders make the same signed requests with the same code and judge the answers with the
same; what differs is who carries them: our session, aiohttp, httpx. For these two a request is
taken apart into its address and headers, a few microseconds of what they need. Rounds are
interleaved, each run is a fresh process on one core. A client that is not installed is left out.
Prints JSON.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import machine

sys.path.insert(0, str(machine.ROOT))

MESSAGES, WINDOW = 20_000, 32
SHARES = {"smsvet": 1.0, "aiohttp": 0.5, "httpx": 0.05}
"""How many messages each client sends for each of ours, so that no run takes much longer."""
FILED = "【测试】您的验证码为${code}，五分钟内有效，请勿告知他人。如非本人操作请忽略。"
CREDENTIALS = {"key_id": "bench", "key_secret": "bench"}


def described():
    from evaluators.protocols.http import vendor

    return vendor.load(machine.ROOT / "data" / "vendors" / "aliyun.yaml")


def batch(count: int) -> list[tuple[int, str, str | bytes]]:
    texts = [FILED.replace("${code}", f"{i:06d}") for i in range(1000)]
    return [(i, f"1980000{i % 10_000:04d}", texts[i % 1000]) for i in range(count)]


async def ours(port: int, count: int, window: int) -> dict[str, Any]:
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
    while session.room < window:  # noqa: ASYNC110 - connections open by themselves
        await asyncio.sleep(0.01)
    clock = machine.Stopwatch()
    position += session.submit(messages)
    await done.wait()
    told = clock.read() | {"accepted": accepted}
    await session.close()
    return told


def signing(port: int):
    """The same requests as ours, made by the same code, and the same judge of the answers."""
    from evaluators.protocols.http.answer import Judge
    from evaluators.protocols.http.compose import Composer, Settings, settings_of
    from evaluators.protocols.http.request import Moment
    from evaluators.protocols.http.session import nonces

    vendor, host = described(), f"127.0.0.1:{port}"
    given = CREDENTIALS | {"signature": "测试", "template": "SMS_1"}
    composer = Composer(vendor, Settings(host, settings_of(vendor, host, given), FILED))
    nonce = nonces()

    def make(index: int, number: str, text: str) -> tuple[str, dict[str, str]]:
        moment = Moment(time.time_ns() // 1_000_000_000, nonce())
        made = composer.octets(number, text, f"bench-{index}", moment).decode()
        first, _host, *headers, _length, _, _ = made.split("\r\n")
        target = first.split(" ")[1]
        return f"http://{host}{target}", dict([line.split(": ", 1) for line in headers])

    return make, Judge(vendor.answer)


async def carried(port: int, count: int, window: int, post) -> dict[str, Any]:
    """`window` workers, each sending one message after the other with `post(url, headers)`."""
    from evaluators.protocols.http.codec import Response

    make, judge = signing(port)
    messages, accepted = iter(batch(count)), 0

    async def send() -> None:
        nonlocal accepted
        for index, number, text in messages:
            status, body = await post(*make(index, number, text))
            accepted += not judge.judge(Response(status, body, True, "")).code

    clock = machine.Stopwatch()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(window):
            tasks.create_task(send())
    return clock.read() | {"accepted": accepted}


async def aiohttp(port: int, count: int, window: int) -> dict[str, Any]:
    import aiohttp
    from yarl import URL

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=window)) as client:

        async def post(url: str, headers: dict[str, str]) -> tuple[int, bytes]:
            async with client.post(URL(url, encoded=True), headers=headers) as answer:
                return answer.status, await answer.read()

        return await carried(port, count, window, post)


async def httpx(port: int, count: int, window: int) -> dict[str, Any]:
    import httpx

    limits = httpx.Limits(max_connections=window, max_keepalive_connections=window)
    async with httpx.AsyncClient(limits=limits, trust_env=False) as client:

        async def post(url: str, headers: dict[str, str]) -> tuple[int, bytes]:
            answer = await client.post(url, headers=headers)
            return answer.status_code, answer.content

        return await carried(port, count, window, post)


def one_round(build: Path, messages: int, window: int) -> list[dict[str, Any]]:
    """Each client that is installed once, against a sink of its own: rows as send.py's."""
    return [
        _one_run(build / "sink_http", name, max(1, int(messages * share)), window)
        for name, share in SHARES.items()
        if name not in missing()
    ]


def missing() -> dict[str, str]:
    """The clients that are not here, and why."""
    lacking = [name for name in SHARES if name != "smsvet" and find_spec(name) is None]
    return {name: f"not installed: {name} (pip install)" for name in lacking}


def _one_run(sink: Path, name: str, count: int, window: int) -> dict[str, Any]:
    with machine.counterpart([sink]) as peer:
        words = ["--client", name, "--port", peer.ready, "--messages", count, "--window", window]
        told = machine.measured([sys.executable, __file__, *words])
    if told["accepted"] != count:
        raise machine.BenchmarkError(f"{name}: {told['accepted']} of {count} accepted")
    return {
        "name": name,
        "receipts": False,
        "msgs_per_s": count / told["took_s"],
        "cpu_us_per_msg": told["cpu_s"] / count * 1e6,
    }


def main() -> None:
    """Rounds, or as a child one client's run; JSON either way."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--messages", type=int, default=MESSAGES)
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--window", type=int, default=WINDOW)
    options.add_argument("--client", choices=SHARES, help=argparse.SUPPRESS)
    options.add_argument("--port", type=int, help=argparse.SUPPRESS)
    given = options.parse_args()
    told: object
    if given.client:
        sender = {"smsvet": ours, "aiohttp": aiohttp, "httpx": httpx}[given.client]
        told = asyncio.run(sender(given.port, given.messages, given.window))
    else:
        with tempfile.TemporaryDirectory() as folder:
            machine.compiled("sink_http", Path(folder))
            told = [
                one_round(Path(folder), given.messages, given.window) for _ in range(given.rounds)
            ]
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
