"""Servers that die, lie or fall silent: no answer, at once or by the deadline, and a log line."""

import gc
import json
import logging
import re
import signal
import socket
import subprocess
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from knowledge.llm import Breaker, Model
from tests.integration.language_stage import FORM

ROOT = Path(__file__).parent.parent.parent
KEY = "key-that-no-log-may-hold"
STREAM = b"Content-Type: text/event-stream\r\n"

Behave = Callable[[socket.socket], None]


def heard(client: socket.socket) -> None:
    """Read the whole request."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += client.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    while found and len(body) < int(found[1]):
        body += client.recv(65536)


def says(raw: bytes, *, waits: bool = False) -> Behave:
    """Answers so, and closes, or holds the line."""

    def behave(client: socket.socket) -> None:
        heard(client)
        client.sendall(raw)
        if waits:
            client.recv(1)  # until the other side gives up

    return behave


def whole(body: bytes, head: bytes = STREAM, status: bytes = b"200 OK") -> bytes:
    length = b"Content-Length: %d\r\n" % len(body)
    return b"HTTP/1.1 " + status + b"\r\n" + head + length + b"Connection: close\r\n\r\n" + body


def refuses(status: bytes, head: bytes = b"") -> Behave:
    told = json.dumps({"error": {"message": f"Incorrect key: {KEY}"}}).encode()
    return says(whole(told, b"Content-Type: application/json\r\n" + head, status))


CHUNKED = b"HTTP/1.1 200 OK\r\n" + STREAM + b"Transfer-Encoding: chunked\r\n\r\n"
AT_ONCE: dict[str, tuple[Behave, str]] = {
    "no HTTP": (says(b"\x00\x01 this is no HTTP \xff\xfe\r\n\r\n"), "cut off"),
    "a closed door": (lambda client: client.close(), "cut off"),
    "a chunk of no size": (says(CHUNKED + b"ZZZ\r\nhello\r\n"), "cut off"),
    "a page of a gateway": (says(whole(KEY.encode(), b"Content-Type: text/html\r\n")), "sensible"),
    "no JSON in the stream": (says(whole(b"data: {not json\n\n")), "sensible"),
    "an error in the stream": (says(whole(b'data: {"error":{"message":"no"}}\n\n')), "sensible"),
    "nothing chosen": (says(whole(b'data: {"choices":null}\n\ndata: [DONE]\n\n')), "form"),
    "a refused key": (refuses(b"401 Unauthorized"), "key is refused (HTTP 401)"),
    "too many": (refuses(b"429 Too Many", b"Retry-After: 300\r\n"), "too many calls"),
    "overload": (refuses(b"503 Unavailable"), "its server has trouble (HTTP 503)"),
}


@contextmanager
def listening(behave: Behave) -> Iterator[str]:
    """Where a server is that behaves so towards everybody."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            try:
                while True:
                    client, _ = server.accept()
                    with client:
                        behave(client)
            except OSError:
                return

        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}/v1"
        server.shutdown(socket.SHUT_RDWR)


def model(url: str, deadline_s: float) -> Model:
    found = Model.open("openai:any", deadline_s, 30.0, base_url=url, api_key=KEY)
    found.load()
    return found


@pytest.mark.parametrize(("behave", "why"), AT_ONCE.values(), ids=AT_ONCE)
def test_what_is_broken_is_noticed_at_once(
    behave: Behave, why: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nothing waits for the deadline; the log says why, and holds neither key nor answer."""
    with listening(behave) as at, caplog.at_level(logging.WARNING):
        asked = model(f"http://{at}", 300.0)
        assert asked.ask("Fill it in.", "material", FORM) is None
    assert why in asked.trouble
    assert why in caplog.text
    assert KEY not in caplog.text


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("raw", [b"", CHUNKED], ids=["silence", "a head and silence"])
def test_silence_ends_with_the_deadline(raw: bytes, scheme: str) -> None:
    """A server that accepts and never answers is left at the deadline, over TLS as well."""

    def behave(client: socket.socket) -> None:
        client.recv(65536)
        client.sendall(raw)
        while client.recv(65536):
            pass

    with listening(behave) as at:
        asked = model(f"{scheme}://{at}", 0.5)
        assert asked.ask("Fill it in.", "material", FORM) is None
    assert asked.trouble
    with warnings.catch_warnings():  # httpcore leaves the socket of a cancelled handshake to us
        warnings.simplefilter("ignore", ResourceWarning)
        del asked
        gc.collect()


def test_a_server_killed_in_the_middle_of_its_stream_is_noticed() -> None:
    """Half an answer and then no process: no answer, before the deadline."""
    program = [sys.executable, "-m", "bot.fakes.llm"]
    with subprocess.Popen(program, stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        assert server.stdout is not None
        told = json.loads(server.stdout.readline())
        script = [{"kind": "drip", "seconds": 0.02, "said": {"word": "x" * 9000}}]
        door = told["base_url"].removesuffix("/v1") + "/sim/scripts"
        httpx.post(door, json=script)
        asked = Model.open(told["model"], 300.0, base_url=told["base_url"], api_key=told["api_key"])
        asked.load()
        killing = threading.Timer(0.5, server.send_signal, [signal.SIGKILL])
        killing.start()
        assert asked.ask("Fill it in.", "material", FORM) is None
        killing.join()
    assert "cut off" in asked.trouble


def test_it_is_left_alone_as_long_as_it_asks() -> None:
    """A Retry-After longer than our own rest is kept to, within reason."""
    now = [0.0]
    breaker = Breaker(lambda: now[0], rest_s=30)
    breaker.failed(300)
    now[0] = 299
    assert not breaker.allows(8)
    now[0] = 300
    assert breaker.allows(8)
    breaker.failed(1e9)
    now[0] = 901
    assert breaker.allows(8)


def test_a_retry_after_is_read_from_the_answer() -> None:
    """The header of a real refusal keeps the next call away."""
    with listening(refuses(b"429 Too Many", b"Retry-After: 300\r\n")) as at:
        asked = Model.open("openai:any", 8.0, 0.0, base_url=f"http://{at}", api_key=KEY)
        asked.load()
        assert asked.ask("Fill it in.", "material", FORM) is None
        assert "429" in asked.trouble
        asked.trouble = "not asked"
        assert asked.ask("Fill it in.", "material", FORM) is None
    assert "not asked" == asked.trouble
