"""Our client and our simulated vendor against SMPP implementations that none of us wrote."""

import asyncio
import contextlib
import socket
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import anyio
import pytest
import smpp34
import smpplib.client
import smpplib.exceptions

from evaluators.protocols.smpp import status
from evaluators.protocols.smpp.session import Endpoint
from evaluators.simulator.personality import load
from evaluators.simulator.program import Simulation, simulated
from tests.integration.scripted_peer import Recorder, messages
from tests.integration.smpp_scripted import bound, delivered, endpoint

pytestmark = pytest.mark.anyio
PERSONALITIES = Path(__file__).parents[2] / "data" / "personalities"


@pytest.fixture
async def vendor() -> AsyncIterator[Simulation]:
    honest = load(PERSONALITIES / "honest.yaml")
    async with simulated(honest, time_scale=0.02) as simulation:
        yield simulation


def free_port() -> int:
    with contextlib.closing(socket.create_server(("127.0.0.1", 0))) as taken:
        return int(taken.getsockname()[1])


async def serve(server: smpp34.Server, refuse_every: int) -> None:
    """Accept what comes and send a receipt for it, as fast as the library lets us."""
    esme: smpp34.Esme | None = None
    count = 0

    async def report(to: smpp34.Esme, message_id: bytes) -> None:
        sms = delivered(message_id)
        await to.deliver_sm(
            sms.destination, sms.short_message, source_addr=sms.source, esm_class=sms.esm_class
        )

    async with anyio.create_task_group() as tasks:
        while True:
            event = await server.next()
            if isinstance(event, smpp34.Esme):
                esme = event
            elif isinstance(event, smpp34.SubmitSmEvent):
                count += 1
                if count % refuse_every == 0:
                    event.reject(status.THROTTLED)
                    continue
                message_id = f"{count:010d}"
                assert esme is not None
                tasks.start_soon(report, esme, message_id.encode())
                event.accept(message_id)


async def test_our_client_against_smpp34() -> None:
    """A server in Rust takes our messages; every answer and receipt finds its message."""
    recorder, batch = Recorder(), messages(600)
    port = free_port()
    server = smpp34.Server("127.0.0.1", port)
    await server.start()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(serve, server, 10)
        session = await bound(replace(endpoint(port), window=64), recorder)
        sent = [session.submit(batch)]
        recorder.on_events = lambda _: sent.append(session.submit(batch, sum(sent)))
        await recorder.until(lambda heard: len(heard.receipts) == 540, 20)
        await session.close()
        tasks.cancel_scope.cancel()
    await server.stop()
    assert len({index for index, _, _, _ in recorder.submitted}) == 600
    assert sum(told == status.THROTTLED for _, _, told, _ in recorder.submitted) == 60
    assert len({record[0] for record in recorder.receipts}) == 540
    assert not any(record[0] is None or record[6] for record in recorder.receipts)
    assert dict(session.oddities) == {}


async def test_smpp34_against_our_vendor(vendor: Simulation) -> None:
    """A client in Rust binds, submits and gets its receipts from the simulated vendor."""
    client = smpp34.Client("127.0.0.1", vendor.smpp, vendor.system_id, vendor.password)
    smsc = await client.connect()
    ids = []
    for number in range(20):
        answer = await smsc.submit_sm(
            f"1980000{number:04d}", b"hello", source_addr="1069", registered_delivery=1
        )
        assert answer.is_success
        ids.append(answer.message_id)
    reported: list[bytes] = []
    with anyio.fail_after(10):
        while len(reported) < 20:
            event = await smsc.next()
            if isinstance(event, smpp34.DeliverSmEvent):
                reported.append(event.short_message.split(b" ")[0])
    assert {f"id:{one}".encode() for one in ids} == set(reported)
    assert vendor.ledger.counts["submitted"] == 20
    await smsc.unbind()
    await client.stop()


def drive_smpplib(port: int, password: str) -> tuple[list[int], list[bytes]]:
    """Statuses and receipt texts a synchronous smpplib client sees for three messages."""
    statuses: list[int] = []
    receipts: list[bytes] = []
    client = smpplib.client.Client("127.0.0.1", port, timeout=5, allow_unknown_opt_params=True)
    client.set_message_sent_handler(lambda pdu: statuses.append(pdu.status))
    client.set_message_received_handler(lambda pdu: receipts.append(pdu.short_message))
    client.connect()
    try:
        client.bind_transceiver(system_id="buyer", password=password)
        for number in range(3):
            client.send_message(
                source_addr="1069",
                destination_addr=f"1990000{number:04d}",
                short_message=b"hello",
                registered_delivery=True,
            )
        while len(receipts) < 3:
            client.read_once()
        client.unbind()
    finally:
        client.disconnect()
    return statuses, receipts


async def test_smpplib_against_our_vendor(vendor: Simulation) -> None:
    """The best-known Python client gets answers and receipts from the simulated vendor."""
    statuses, receipts = await anyio.to_thread.run_sync(drive_smpplib, vendor.smpp, "simulate")
    assert statuses == [0, 0, 0]
    assert all(b"stat:DELIVRD" in text for text in receipts)


async def test_smpplib_is_told_of_a_wrong_password(vendor: Simulation) -> None:
    """A refused bind is understood by other clients as well."""
    with pytest.raises(smpplib.exceptions.PDUError, match="14"):
        await anyio.to_thread.run_sync(drive_smpplib, vendor.smpp, "wrong")


async def test_our_client_against_our_vendor(vendor: Simulation) -> None:
    """Messages of every carrier, long ones too, are answered, reported, and on the handsets."""
    recorder = Recorder()
    there = Endpoint(
        host="127.0.0.1",
        port=vendor.smpp,
        system_id=vendor.system_id,
        password=vendor.password,
        source="1069",
    )
    session = await bound(there, recorder)
    texts = [f"【测试】编号{index}" + "长" * (index % 3 * 60) for index in range(30)]
    numbers = [f"{prefix}0000{index:04d}" for index in range(10) for prefix in (198, 166, 199)]
    started = time.monotonic_ns()
    taken = session.submit([(i, numbers[i], texts[i]) for i in range(30)])
    await recorder.until(lambda heard: len(heard.receipts) == 30)
    assert taken == 30
    assert {0} == {told for _, _, told, _ in recorder.submitted}
    assert all(at_ns > started for _, at_ns, _, _ in recorder.submitted)
    shown = {(message["number"], message["text"]) for message in vendor.panel.inbox}
    assert shown <= set(zip(numbers, texts, strict=True))
    assert len(shown) >= 28
    await session.close()
    await asyncio.sleep(0)
