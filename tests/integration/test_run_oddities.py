"""What a vendor does on the line beside the messages stands in the run, for whoever reads it."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot.engine import remarks
from bot.engine.door import Door
from bot.engine.vendors import Reached
from bot.store.ledger import SqlLedger
from bot.store.tables import Run
from evaluators.protocols.cmpp import codec as cmpp
from evaluators.protocols.cmpp import pdus as cmpp_pdus
from evaluators.protocols.correlator import Correlator
from evaluators.protocols.sgip import server as sgip
from evaluators.protocols.sgip.caller import Caller
from evaluators.protocols.sgip.sequence import Numbering, wall
from evaluators.protocols.smgp import codec as smgp
from evaluators.sending.runner import Means, carry_out
from tests.integration.send_stage import CLOCK, Stage, free_port, opened, order, plan
from tests.integration.sgip_scripted import NODE, ScriptedDesk, report

pytestmark = pytest.mark.anyio


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with opened(home) as made:
        yield made


async def carried_out(stage: Stage, protocol: str, port: int, **login: Any) -> Any:
    """A short run over this protocol; its outcome."""
    wanted = plan(4, 100, window_s=0.6)
    ledger = SqlLedger.take(stage.database, stage.run(wanted, simulated="honest"))
    correlator = Correlator()
    door = Door(Reached(protocol, "127.0.0.1", port, login, "as_is", None, 2), wanted)
    means = Means(
        ledger=ledger,
        connects=door.connects(correlator),
        correlator=correlator,
        clock=CLOCK,
        asked=lambda: "",
        patience_s=1,
    )
    return await carry_out(order(ledger, wanted), means)


async def test_a_gateway_that_names_itself_wrongly_is_told_of(stage: Stage) -> None:
    """SGIP reports that come with a wrong listen_password are missing by our settings: said once,

    although two connections share the listener.
    """
    desk, ear = ScriptedDesk(), free_port()
    desk.caller = Caller("buyer", "wrong", Numbering(1_0100_1, wall))

    def submitted(link: sgip.Link, submit: Any) -> None:
        desk.accept(link, submit)
        if len(desk.received) == 1:
            desk.caller.bring(report(submit))

    desk.on_submit = submitted
    desk.caller.address = ("127.0.0.1", ear)
    login = {"account": "buyer", "password": "simulate", "node_id": NODE, "listen_port": ear}
    async with sgip.listening(desk) as port:
        outcome = await carried_out(stage, "sgip", port, **login)
        tries = desk.caller.calls
    counted = outcome.notes["oddities"]
    assert ("measured", 0, ["refused_visitor"]) == (outcome.end, tries, list(counted))
    with stage.database.read() as session:
        (run,) = session.exec(select(Run)).all()
        (said,) = remarks.of(session, run)
    assert f"有 {counted['refused_visitor']} 次登录被拒" in said.wording.zh
    assert "listen_account and listen_password" in said.wording.en


NOISE = (16).to_bytes(4, "big") + b"\0\0\0\x77" + bytes(8)  # a message of no known kind


@asynccontextmanager
async def unproven(protocol: str, noise: bytes = NOISE) -> AsyncIterator[int]:
    """A gateway that lets everybody in, proves nothing and babbles; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked = await reader.read(4096)
        sequence = int.from_bytes(asked[8:12], "big")
        if protocol == "cmpp":
            writer.write(cmpp.encode(cmpp_pdus.ConnectResp(sequence), cmpp_pdus.V30))
        else:
            writer.write(smgp.encode(smgp.LoginResp(sequence)))
        writer.write(noise)
        while await reader.read(4096):
            pass
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.mark.parametrize(
    ("protocol", "account", "name", "field"),
    [
        ("cmpp", "900001", "wrong_authenticator", "AuthenticatorISMG"),
        ("smgp", "10690001", "unproven_server", "AuthenticatorServer"),
    ],
)
async def test_a_gateway_that_proves_nothing_is_told_of(
    stage: Stage, protocol: str, account: str, name: str, field: str
) -> None:
    """A wrong authenticator of the gateway and data against the protocol stand in the run."""
    async with unproven(protocol) as port:
        outcome = await carried_out(stage, protocol, port, account=account, password="simulate")
    assert {name: 2, "malformed": 2} == outcome.notes["oddities"]
    proof, noise = remarks.odd(protocol, outcome.notes["oddities"])
    assert field in proof.wording.zh
    assert field in proof.wording.en
    assert "2 次不合协议的数据" in noise.wording.zh


async def test_a_stream_that_makes_no_sense_is_told_of(stage: Stage) -> None:
    """Lengths no message can have break the connection, and the run says why it broke."""
    async with unproven("cmpp", b"\xff" * 40) as port:
        outcome = await carried_out(stage, "cmpp", port, account="900001", password="simulate")
    assert {"wrong_authenticator", "protocol"} == set(outcome.notes["oddities"])
    said = remarks.odd("cmpp", outcome.notes["oddities"])
    assert "断不成完整的消息" in said[1].wording.zh


async def test_why_a_connection_was_lost_is_said_in_words(stage: Stage) -> None:
    """A gateway that goes away is told of in both languages, without an error number."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sequence = int.from_bytes((await reader.read(4096))[8:12], "big")
        writer.write(cmpp.encode(cmpp_pdus.ConnectResp(sequence), cmpp_pdus.V30))
        server.close()
        await asyncio.sleep(0.05)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    outcome = await carried_out(stage, "cmpp", port, account="900001", password="simulate")
    assert outcome.problem is not None
    said = outcome.problem.wording
    assert ("failed", "never_back") == (outcome.end, outcome.problem.key)
    assert "Errno" not in said.zh + said.en
    assert "拒绝了连接" in said.zh
