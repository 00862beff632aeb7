"""The gateway's side of CMPP without a network: it survives any client."""

import asyncio
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.protocols.cmpp import codec, login, pdus, server
from evaluators.protocols.cmpp.pdus import V20, V30

DIGEST = login.authenticator("900001", "simulate", 1)
COMMANDS = [*range(10), *range(0x80000000, 0x8000000A), 0x12345678]


class Desk:
    """Answers and reports whatever comes."""

    def secret(self, account: str) -> str | None:
        return "simulate" if account == "900001" else None

    def welcome(self, link: server.Link) -> None: ...

    def submit(self, link: server.Link, submit: pdus.Submit) -> None:
        link.answer(submit.sequence, 0, b"12345678")
        link.deliver(pdus.Deliver(0, b"12345678", submit.source, submit.destinations[0][:21]))

    def query(self, link: server.Link, query: pdus.Query) -> tuple[int, ...]:
        return (0,) * 8

    def gone(self, link: server.Link) -> None: ...


class Wire:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.written = bytearray()
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def is_closing(self) -> bool:
        return self.closed

    def close(self) -> None:
        self.closed = True


async def served(version: int, pieces: list[bytes]) -> tuple[bytes, bool]:
    """What a client that logs in and sends these pieces hears, and whether it is cut off."""
    link, wire = server.Link(Desk(), set()), Wire()
    link._transport = cast(Any, wire)
    greeting = pdus.Connect(1, "900001", DIGEST, 1, version)
    for piece in (codec.encode(greeting, version), *pieces):
        if not wire.closed:
            link.data_received(piece)
    await asyncio.sleep(0)
    return bytes(wire.written), wire.closed


@settings(deadline=None, max_examples=40)
@given(st.sampled_from([V20, V30]), st.lists(st.binary(max_size=300), max_size=4))
def test_a_server_survives_any_bytes(version: int, pieces: list[bytes]) -> None:
    """Whatever comes after the login, in whatever pieces, raises nothing."""
    asyncio.run(served(version, pieces))


@settings(deadline=None, max_examples=40)
@given(
    st.sampled_from([V20, V30]),
    st.lists(st.tuples(st.sampled_from(COMMANDS), st.binary(max_size=250)), max_size=6),
)
def test_a_server_survives_any_messages(version: int, frames: list[tuple[int, bytes]]) -> None:
    """What it writes in answer to well-framed nonsense are whole messages of that version."""
    pieces = [codec.HEADER.pack(len(body) + 12, command, 1) + body for command, body in frames]
    written, _ = asyncio.run(served(version, pieces))
    for frame in codec.Frames().feed(written):
        assert not isinstance(codec.decode(frame, version), pdus.Submit)


@pytest.mark.parametrize("version", [V20, V30])
def test_messages_keep_their_limits(version: int) -> None:
    """159 octets of ASCII and 140 of anything else are taken, one more is too long."""
    pieces = [
        codec.encode(pdus.Submit(2, "1", ("2",), bytes(size), msg_fmt), version)
        for size, msg_fmt in ((159, 0), (160, 0), (140, 8), (141, 8), (140, 15), (141, 4))
    ]
    written, cut_off = asyncio.run(served(version, pieces))
    found = [codec.decode(frame, version) for frame in codec.Frames().feed(written)]
    results = [one.result for one in found if isinstance(one, pdus.SmsResp)]
    assert ([0, 6, 0, 6, 0, 6], False) == (results, cut_off)
