"""Throws hostile bytes at the wire protocols: codec, frames, client's reader, server's link.

    python benchmarks/fuzz.py [smpp|cmpp|sgip|smgp|sgip-listener|http|all] [MINUTES] [--seed N]

Needs atheris (`pip install atheris`) beside the project: it watches the coverage and looks for
bytes that reach new code, starting from the vectors in tests/golden. Nothing goes over a network.
Our own SGIP listener and the answers of HTTP vendors are in `fuzz_inward`. What must hold for every
input:

- nothing but ProtocolError is raised, and only by codec and frames
- what decodes can be written and read again, and is the same then
- a reader gives the same records and answers however the bytes are cut, and answers are bounded
- an input takes less than a second of computing (five by the clock), the process less than 512 MiB;
  50,000 further inputs leave nothing behind

Prints the inputs tried and ends with 1 where something was found; the input that did it lies in the
working directory then, as `crash-...`, `timeout-...` or `oom-...`.
"""

import argparse
import asyncio
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fuzz_inward import HARNESSES, MOST_ANSWER, ROOT, SECRET, Watched, Wire, framed

sys.path.insert(0, str(ROOT))

LONGEST_INPUT = 4096


@dataclass(frozen=True)
class Subject:
    """What there is of one protocol. `codecs` are (decode, encode), one pair per version."""

    header: int
    commands: tuple[int, ...]
    codecs: tuple[tuple[Callable[[bytes], Any], Callable[[Any], bytes]], ...]
    frames: Callable[[], Any]
    readers: tuple[Callable[[Any, Any], Any], ...]
    """From a window and a correlator."""
    link: Callable[[], Any]
    greeting: bytes
    """A login the link accepts."""
    exact: bool = True
    """Whether all that is read is written again; SMPP leaves out the bodies of refusals."""


class Desk:
    """A vendor that lets everybody in, takes everything, and reports it at once."""

    def __init__(self, answer: Callable[[Any, Any], None], caller: Any = None) -> None:
        self._answer, self.caller = answer, caller

    def secret(self, account: str) -> str:
        return SECRET

    def bind(self, link: Any, bind: Any) -> int:
        return 0

    def welcome(self, link: Any) -> None:
        pass

    def submit(self, link: Any, submit: Any) -> None:
        self._answer(link, submit)

    def query(self, link: Any, query: Any) -> tuple[int, ...]:
        return (0,) * 8

    def gone(self, link: Any) -> None:
        pass


def smpp() -> Subject:
    from evaluators.protocols.smpp import codec, reader, server

    def answer(link: Any, sms: Any) -> None:
        link.answer(sms.sequence, 0, b"42")
        link.deliver(codec.Sms(codec.DELIVER_SM, 0, "198", "106", b"id:42 stat:DELIVRD", 4))

    return Subject(
        16,
        (*range(1, 10), 0x15, 0x103, *(0x80000000 | n for n in range(10)), 0x80000015),
        ((codec.decode, codec.encode),),
        codec.Frames,
        (reader.Reader,),
        lambda: server.Link(Desk(answer), set()),
        codec.encode(codec.Bind(codec.BIND_TRANSCEIVER, 1, "buyer", SECRET)),
        exact=False,
    )


def cmpp() -> Subject:
    from evaluators.protocols.cmpp import codec, login, pdus, reader, server

    def answer(link: Any, submit: Any) -> None:
        link.answer(submit.sequence, 0, b"01234567")
        link.deliver(pdus.Deliver(0, b"01234567", "106", "198", b"hi"))

    def versioned(version: int) -> tuple[Callable[[bytes], Any], Callable[[Any], bytes]]:
        return (lambda data: codec.decode(data, version), lambda pdu: codec.encode(pdu, version))

    def reading(version: int) -> Callable[[Any, Any], Any]:
        return lambda window, known: reader.Reader(window, known, version, lambda _: True)

    proof = login.authenticator("900001", SECRET, 1)
    greeting = codec.encode(pdus.Connect(1, "900001", proof, 1), pdus.V30)
    return Subject(
        12,
        (*range(1, 9), *(0x80000000 | n for n in range(1, 9))),
        (versioned(pdus.V20), versioned(pdus.V30)),
        codec.Frames,
        (reading(pdus.V20), reading(pdus.V30)),
        lambda: server.Link(Desk(answer), set()),
        greeting,
    )


def sgip() -> Subject:
    from evaluators.protocols.sgip import caller, codec, pdus, reader, sequence, server

    numbering = sequence.Numbering(3_010_000_001, lambda: 1_800_000_000.0)
    submits = server._Submits()  # noqa: SLF001 - made by `listening` otherwise

    def answer(link: Any, submit: Any) -> None:
        link.answer(submit.sequence, 0)

    def link() -> Any:
        return server.Link(Desk(answer, caller.Caller("a", SECRET, numbering)), set(), submits)

    def reading(window: Any, known: Any) -> Any:
        return reader.Reader(window, known, numbering, sequence.Heard())

    number = pdus.sequence(1, 1, 1)
    return Subject(
        20,
        (*range(1, 6), 0x11, 0x1000, *(0x80000000 | n for n in range(1, 6)), 0x80001000),
        ((codec.decode, codec.encode),),
        codec.Frames,
        (reading,),
        link,
        codec.encode(pdus.Bind(number, pdus.SP_TO_SMG, "buyer", SECRET)),
    )


def smgp() -> Subject:
    from evaluators.protocols.smgp import codec, login, reader, server

    def answer(link: Any, submit: Any) -> None:
        link.answer(submit.sequence, 0, b"0123456789")
        link.deliver(codec.Deliver(0, b"0123456789", "198", "106", b"hi"))

    def versioned(version: int) -> tuple[Callable[[bytes], Any], Callable[[Any], bytes]]:
        return (lambda data: codec.decode(data, version), lambda pdu: codec.encode(pdu, version))

    proof = login.authenticator("10690001", SECRET, 1)
    return Subject(
        12,
        (*range(1, 0x13), *(0x80000000 | n for n in range(1, 8))),
        (versioned(codec.VERSION), versioned(codec.VERSION_1_3)),
        codec.Frames,
        (reader.Reader,),
        lambda: server.Link(Desk(answer), server.Pace(), set()),
        codec.encode(codec.Login(1, "10690001", proof, codec.BOTH, 1)),
    )


class Harness(Watched):
    """One input after another; see the top of the file for what is checked."""

    def __init__(self, subject: Subject) -> None:
        super().__init__()
        from evaluators.protocols.correlator import Correlator
        from evaluators.protocols.errors import ProtocolError
        from evaluators.protocols.window import Window

        self._subject = subject
        self._correlator, self._window, self._error = Correlator, Window, ProtocolError
        self._loop = asyncio.new_event_loop()
        self._loop.set_exception_handler(lambda _, context: self._raised.append(context))
        self._raised: list[dict[str, Any]] = []

    def _try(self, data: bytes) -> None:
        """The first octet says what is done, the second how the stream is cut."""
        flags, step = (*data[:2], 0, 0)[:2]
        subject = self._subject
        apart = framed(data[2:], subject.commands, subject.header - 8)
        stream = b"".join(apart) if flags & 1 else data[2:]
        self._decode(stream)
        for pdu in self._cut(stream, step + 1):
            self._decode(pdu)
        for reader in self._subject.readers:
            whole = self._read(reader, stream, len(stream) + 1)
            if whole != self._read(reader, stream, step + 1):
                raise AssertionError("the reader depends on how the bytes are cut")
        self._loop.run_until_complete(self._serve(stream, step + 1, known=bool(flags & 2)))

    def _decode(self, data: bytes) -> None:
        for decode, encode in self._subject.codecs:
            try:
                pdu = decode(data)
                raw = encode(pdu)
            except self._error:  # what is readable may still be longer than we would write
                continue
            again = decode(raw)
            if (again != pdu and self._subject.exact) or encode(again) != raw:
                raise AssertionError(f"{pdu} comes back as {again}")

    def _cut(self, stream: bytes, step: int) -> list[bytes]:
        frames, found = self._subject.frames(), []
        with suppress(self._error):
            for at in range(0, len(stream), step):
                found += list(frames.feed(stream[at : at + step]))
        return found

    def _read(self, make: Callable[[Any, Any], Any], stream: bytes, step: int) -> Any:
        """Everything a reader makes of the stream, with a few requests open."""
        known = self._correlator()
        window = self._window(16, 1, 0x7FFFFFFF)
        window.add(0, [*range(6), *known.split(9, 2)])
        reader, events, out = make(window, known), [[], [], []], b""
        control: list[Any] = []
        for at in range(0, len(stream), step):
            batch = reader.feed(stream[at : at + step], 1)
            for kind, found in zip(events, batch.events, strict=False):
                kind += found
            out += b"".join(batch.out)
            control += batch.control
            if batch.broken:
                break
        if len(out) > MOST_ANSWER * (len(stream) + 1):
            raise AssertionError(f"{len(out)} octets in answer to {len(stream)}")
        return events, out, control, reader.oddities

    async def _serve(self, stream: bytes, step: int, *, known: bool) -> None:
        """A connection's whole life; nothing may be raised, nothing stay behind."""
        link, wire = self._subject.link(), Wire()
        link.connection_made(wire)
        if known:
            link.data_received(self._subject.greeting)
        for at in range(0, len(stream), step):
            if wire.closed:
                break
            link.data_received(stream[at : at + step])
        await asyncio.sleep(0)
        link.connection_lost(None)
        if self._raised:
            raise AssertionError(f"a callback failed: {self._raised}")
        if wire.written > MOST_ANSWER * (len(stream) + 20):
            raise AssertionError(f"{wire.written} octets in answer to {len(stream)}")


SUBJECTS: dict[str, Callable[[], Subject]] = {
    "smpp": smpp,
    "cmpp": cmpp,
    "sgip": sgip,
    "smgp": smgp,
}


def seeds(protocol: str, folder: Path) -> None:
    """The golden vectors, as they are and taken apart, before and after a login."""
    if protocol in HARNESSES:
        for name, data in HARNESSES[protocol]().seeds():
            (folder / name).write_bytes(data)
        return
    commands = SUBJECTS[protocol]().commands
    for path in sorted((ROOT / "tests" / "golden" / protocol).glob("*.hex")):
        lines = path.read_text(encoding="utf-8").splitlines()
        raw = bytes.fromhex("".join(line.split("  ")[0] for line in lines))
        command = int.from_bytes(raw[4:8], "big")
        apart = bytes((commands.index(command) if command in commands else 0,))
        apart += len(raw[8:]).to_bytes(2, "big") + raw[8:]
        for flags in range(4):
            stream = apart if flags & 1 else raw
            (folder / f"{path.stem}{flags}").write_bytes(bytes((flags, 250)) + stream)


def inside(protocol: str, arguments: list[str]) -> None:
    """The fuzzing process itself; never returns."""
    import atheris

    with atheris.instrument_imports(include=["evaluators.protocols"]):
        inward = HARNESSES.get(protocol)
        harness: Watched = inward() if inward else Harness(SUBJECTS[protocol]())
    atheris.Setup([sys.argv[0], *arguments], harness)
    atheris.Fuzz()


def run(protocol: str, minutes: float, seed: int) -> bool:
    """Fuzz one protocol in a process of its own; whether nothing was found."""
    with tempfile.TemporaryDirectory() as folder:
        seeds(protocol, Path(folder))
        options = {
            "max_total_time": round(minutes * 60),
            "max_len": LONGEST_INPUT,
            "timeout": 5,
            "rss_limit_mb": 512,
            "seed": seed,
            "print_final_stats": 1,
        }
        arguments = [f"-{name}={value}" for name, value in options.items()]
        command = [sys.executable, __file__, protocol, "--inside", *arguments, folder]
        done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603
    tried = re.findall(r"number_of_executed_units: (\d+)", done.stderr)
    coverage = re.findall(r"cov: (\d+)", done.stderr)
    stalls = re.findall(r"^STALLED .*", done.stderr, re.MULTILINE)
    sys.stdout.write(
        f"{protocol}: {int(tried[-1]) if tried else 0:,} inputs in {minutes:g} min, "
        f"{coverage[-1] if coverage else 0} branches, "
        f"{'FOUND' if done.returncode else 'nothing found'}\n"
    )
    sys.stdout.write("".join(f"{stall}\n" for stall in stalls))
    if done.returncode:
        sys.stdout.write("\n".join(done.stderr.splitlines()[-60:]) + "\n")
    sys.stdout.flush()
    return not done.returncode


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("codec", choices=[*SUBJECTS, *HARNESSES, "all"], nargs="?", default="all")
    parser.add_argument("minutes", type=float, nargs="?", default=1.0)
    parser.add_argument("--seed", type=int, default=1)
    if "--inside" in sys.argv:
        at = sys.argv.index("--inside")
        inside(sys.argv[at - 1], sys.argv[at + 1 :])
        return
    asked = parser.parse_args()
    chosen = (*SUBJECTS, *HARNESSES) if asked.codec == "all" else (asked.codec,)
    fine = [run(protocol, asked.minutes, asked.seed) for protocol in chosen]
    sys.exit(0 if all(fine) else 1)


if __name__ == "__main__":
    main()
