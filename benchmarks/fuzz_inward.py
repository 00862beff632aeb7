"""What `fuzz.py` throws bytes at beside the four codecs: whoever calls us, and what HTTP answers.

`sgip-listener` is a visitor's whole connection to our own listener, before and after a login;
`http` the answers of an HTTP vendor, judged by each description in data/vendors, and their reports.
"""

import asyncio
import gc
import json
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]

SECRET = "simulate"  # noqa: S105 - of nobody
MOST_ANSWER = 64  # octets written per octet read, at most
_LEAK_EVERY, _LEAK_BLOCKS = 50_000, 100_000
_SLOWEST_S = 1.0
_BARE = (b"[" * 3000, b'{"code": 0, "data": []}', b"sms_status=%5B%7B%7D%5D", b"0,12345")


class Wire(asyncio.Transport):
    """A connection that leads nowhere; `written` counts the octets."""

    def __init__(self) -> None:
        super().__init__()
        self.written, self.closed, self.paused = 0, False, False
        self.said = b""

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self

    def setsockopt(self, *options: int) -> None:
        pass

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        pass

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False

    def write(self, data: Any) -> None:
        self.written += len(data)
        self.said += bytes(data)

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True

    abort = close


class Watched(ABC):
    """One input after another; none may take long or leave anything behind."""

    def __init__(self) -> None:
        self._inputs, self._blocks = 0, 0

    def __call__(self, data: bytes) -> None:
        began = time.perf_counter(), time.process_time()
        self._try(data)
        self._leaks()
        took = time.perf_counter() - began[0], time.process_time() - began[1]
        if max(took) > _SLOWEST_S:  # by the clock alone it was the machine that waited
            told = f"{took[0]:.2f} s, {took[1]:.2f} s of them computing: {data.hex()}"
            if took[1] > _SLOWEST_S:
                raise AssertionError(told)
            sys.stderr.write(f"STALLED {told}\n")

    @abstractmethod
    def _try(self, data: bytes) -> None:
        """One input."""

    def _leaks(self) -> None:
        self._inputs += 1
        if self._inputs % _LEAK_EVERY:
            return
        gc.collect()
        blocks = sys.getallocatedblocks()
        if self._blocks and blocks > self._blocks + _LEAK_BLOCKS:
            raise AssertionError(f"{blocks - self._blocks} more objects than before")
        self._blocks = self._blocks or blocks


def framed(data: bytes, commands: tuple[int, ...], rest: int) -> Iterator[bytes]:
    """PDUs whose headers are right: command, two octets of length, the rest of it."""
    while len(data) > 3:
        command = commands[data[0] % len(commands)]
        size = int.from_bytes(data[1:3], "big") % 512
        body = data[3 : 3 + size].ljust(rest, b"\0")
        yield (len(body) + 8).to_bytes(4, "big") + command.to_bytes(4, "big") + body
        data = data[3 + size :]


class Ear(Watched):
    """Our SGIP listener; the first octet says what is done, the second how the stream is cut."""

    COMMANDS = (*range(1, 6), 0x11, 0x1000, *(0x80000000 | n for n in range(1, 6)), 0x80001000)

    def __init__(self) -> None:
        super().__init__()
        from evaluators.protocols.correlator import Correlator
        from evaluators.protocols.sgip import codec, listener, pdus
        from evaluators.protocols.sgip.sequence import Heard

        self._listener, self._correlator, self._heard = listener, Correlator, Heard
        number = pdus.sequence(1, 1, 1)
        self._login = codec.encode(pdus.Bind(number, pdus.SMG_TO_SP, "buyer", SECRET))
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda _, context: self._raised.append(context))
        self._raised: list[dict[str, Any]] = []
        self._ear = self._loop.run_until_complete(self._opened())

    async def _opened(self) -> Any:
        door = self._listener.Door("127.0.0.1", 0, "buyer", SECRET)
        return self._listener.Listener(door, self._correlator(), lambda: 1)

    def _try(self, data: bytes) -> None:
        flags, step = (*data[:2], 0, 0)[:2]
        stream = b"".join(framed(data[2:], self.COMMANDS, 12)) if flags & 1 else data[2:]
        if flags & 2:
            stream = self._login + stream
        whole, closed = self._loop.run_until_complete(self._visit(stream, len(stream) + 1, flags))
        cut, _ = self._loop.run_until_complete(self._visit(stream, step + 1, flags))
        for one, other in zip(whole, cut, strict=True):
            # what follows a farewell is read only where it came with it
            if one != other and not (closed and one[: len(other)] == other):
                raise AssertionError("what a visitor brings depends on how its bytes are cut")

    async def _visit(self, stream: bytes, step: int, flags: int) -> Any:
        """A visitor's whole life; what a session was given of it, and what it was told."""
        ear, wire = self._ear, Wire()
        taken: list[list[Any]] = [[], [], []]
        ear.heard, ear.correlator = self._heard(), self._correlator()
        ear.correlator.accepted(b"0" * 24, 0)
        ear.oddities.clear()
        if not flags & 4:  # with 4 the session is away, and comes back later
            ear.attach(self, lambda events: _collect(taken, events))
        visitor = self._listener.Visitor(ear)
        visitor.connection_made(wire)
        ear.attach(self, lambda events: _collect(taken, events))
        if wire.paused:
            raise AssertionError("a visitor is left unread although a session is there")
        for at in range(0, len(stream), step):
            if wire.closed:
                break
            visitor.data_received(stream[at : at + step])
        await asyncio.sleep(0)
        visitor.connection_lost(None)
        ear._takers.clear()  # noqa: SLF001 - `leave` would close the listener
        if self._raised or ear.visitors:
            raise AssertionError(f"left behind: {self._raised} {ear.visitors}")
        if wire.written > MOST_ANSWER * (len(stream) + 20):
            raise AssertionError(f"{wire.written} octets in answer to {len(stream)}")
        return (*taken, wire.said), wire.closed

    def seeds(self) -> Iterator[tuple[str, bytes]]:
        """The golden vectors, as they are and taken apart, from strangers and from the gateway."""
        for path in sorted((ROOT / "tests" / "golden" / "sgip").glob("*.hex")):
            lines = path.read_text(encoding="utf-8").splitlines()
            raw = bytes.fromhex("".join(line.split("  ")[0] for line in lines))
            command = int.from_bytes(raw[4:8], "big")
            at = self.COMMANDS.index(command) if command in self.COMMANDS else 0
            apart = bytes((at,)) + len(raw[8:]).to_bytes(2, "big") + raw[8:]
            for flags in range(8):
                yield (
                    f"{path.stem}{flags}",
                    bytes((flags, 250)) + (apart if flags & 1 else raw),
                )


class Answers(Watched):
    """What an HTTP vendor answers: octets to answers, answers to verdicts, bodies to reports."""

    def __init__(self) -> None:
        super().__init__()
        from evaluators.protocols.errors import ProtocolError
        from evaluators.protocols.http import answer, codec, reading, vendor

        self._error, self._codec = ProtocolError, codec
        vendors = vendor.load_all(ROOT / "data" / "vendors").values()
        self._judges = [answer.Judge(one.answer) for one in vendors]
        held = [one.receipts for one in vendors]
        readings = [one.push.reading for one in held if one.push]
        readings += [one.pull.reading for one in held if one.pull]
        self._readers = [reading.Reader(one) for one in readings]

    def _try(self, data: bytes) -> None:
        flags, step, stream = (*data[:2], 0, 0)[0], (*data[:2], 0, 0)[1], data[2:]
        if flags & 1:  # a well-formed answer around any body
            head = b"HTTP/1.1 %d Any\r\ncontent-length: %d\r\n\r\n"
            stream = head % (200 + flags, len(stream)) + stream
        whole = self._heard(stream, len(stream) + 1)
        cut = self._heard(stream, step + 1)
        if whole != cut:
            raise AssertionError("an answer depends on how its octets are cut")
        for response in cut[0]:
            for judge in self._judges:
                verdict = judge.judge(response)
                if b" " in verdict.id or not isinstance(verdict.words, str):
                    raise AssertionError(f"{verdict} is no verdict")
            self._reports(response.body)
        self._reports(data[2:])

    def _heard(self, stream: bytes, step: int) -> tuple[list[Any], str]:
        """The answers in a stream, and why it was given up."""
        heard, found = self._codec.Responses(), []
        try:
            for at in range(0, len(stream), step):
                found += heard.feed(stream[at : at + step])
            last = heard.end()
        except self._error:
            return found, "broken"
        return found + ([last] if last else []), "ended"

    def _reports(self, body: bytes) -> None:
        query = body[:200].decode("latin-1")
        for reader in self._readers:
            with suppress(ValueError, RecursionError):  # what both callers expect
                for report in reader.read(query, body):
                    if not report.message_id or not report.state or b" " in report.message_id:
                        raise AssertionError(f"{report} is no report")

    def seeds(self) -> Iterator[tuple[str, bytes]]:
        """The answers and pushes of tests/golden/vendors, bare and inside an answer."""
        import yaml

        bodies = list(_BARE)
        for path in sorted((ROOT / "tests" / "golden" / "vendors").glob("*.yaml")):
            given = yaml.safe_load(path.read_text(encoding="utf-8"))
            told = [*given.get("answers", ()), *given.get("pushes", ())]
            told += (given.get("pull") or {}).get("answers", ())
            bodies += [_octets(one["body"]) for one in told if one.get("body")]
        for at, body in enumerate(bodies):
            chunk = b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)
            chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n" + chunk
            endless = b"HTTP/1.0 500 No\r\nretry-after: 3\r\n\r\n" + body
            yield f"plain{at}", b"\x01\x07" + body
            yield f"chunked{at}", b"\x00\x07" + chunked
            yield f"endless{at}", b"\x00\x40" + endless


HARNESSES: dict[str, type[Ear] | type[Answers]] = {"sgip-listener": Ear, "http": Answers}


def _collect(taken: list[list[Any]], events: Any) -> None:
    for kind, found in zip(taken, events, strict=False):
        kind += found


def _octets(body: Any) -> bytes:
    return (body if isinstance(body, str) else json.dumps(body)).encode()
