"""The long connection against the fake platform: it dies in every way and comes back."""

import itertools
import json
import logging
from pathlib import Path

import anyio
import pytest
from websockets.asyncio.server import ServerConnection, serve

from bot.channels.wecom import LongConnection, Times, frames, probe
from bot.channels.wecom.frames import Ack, Frame
from bot.channels.wecom.recording import Recorder, replayed
from bot.fakes.wecom import fake_wecom
from tests.integration.wecom_stage import QUICK, staged, until

pytestmark = pytest.mark.anyio


def quick(**changes: float) -> Times:
    return Times(**{**vars(QUICK), **changes})


@pytest.mark.parametrize("code", [1000, 1001, 1011])
async def test_a_clean_close_is_followed_by_a_new_subscription(code: int, tmp_path: Path) -> None:
    """A clean close is followed by a new subscription, and what was said meanwhile arrives."""
    async with staged(tmp_path) as stage:
        await stage.fake.close(code)
        await stage.fake.person("alice").say("还在吗")
        assert ["还在吗"] == [message.text for message in await stage.core.hears()]
        assert 2 == len(stage.fake.subscriptions)


async def test_an_abrupt_end_is_followed_by_a_new_subscription(tmp_path: Path) -> None:
    """A socket that breaks without a word is replaced."""
    async with staged(tmp_path) as stage:
        stage.fake.cut()
        await stage.fake.until_subscribed(2)


async def test_unanswered_heartbeats_end_a_connection(tmp_path: Path) -> None:
    """Two heartbeats without an answer, and the connection counts as dead."""
    async with staged(tmp_path) as stage:
        stage.fake.faults.mute_pings = True
        await stage.fake.until_subscribed(2)
        stage.fake.faults.mute_pings = False
        await until(lambda: stage.line.up)


async def test_a_half_alive_connection_is_replaced(tmp_path: Path) -> None:
    """Heartbeats that are answered do not keep a connection on which nothing arrives any more."""
    async with staged(tmp_path, times=quick(silence_s=0.2)) as stage:
        stage.fake.faults.half_alive = True
        await stage.fake.person("alice").say("有人吗")
        assert ["有人吗"] == [message.text for message in await stage.core.hears()]


async def test_messages_keep_a_connection_from_being_replaced(tmp_path: Path) -> None:
    """A connection on which people talk stays."""
    async with staged(tmp_path, times=quick(silence_s=0.2)) as stage:
        for number in range(10):
            await stage.fake.person("alice").say(str(number))
            await anyio.sleep(0.05)
        assert 1 == len(stage.fake.subscriptions)


async def test_a_takeover_is_never_fought_over(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whoever is displaced is loud, waits a whole cool-down, then tries once."""
    caplog.set_level(logging.CRITICAL)
    async with staged(tmp_path) as stage, anyio.create_task_group() as tasks:
        other = LongConnection(
            stage.fake.bot_id, stage.fake.secret, stage.fake.url, times=quick(cool_down_s=60)
        )
        tasks.start_soon(other.run, lambda frame: None)
        await stage.fake.until_subscribed(2)
        await until(lambda: not stage.line.up)
        assert "another connection took this bot over" == stage.line.trouble
        assert frames.NOT_CONNECTED == (await stage.line.call(frames.SEND, {})).code
        await stage.fake.until_subscribed(3)
        displaced, again = stage.fake.subscriptions[1:3]
        assert again - displaced >= QUICK.cool_down_s
        await anyio.sleep(2 * QUICK.cool_down_s)
        assert 3 == len(stage.fake.subscriptions)
        tasks.cancel_scope.cancel()
    assert "took this WeCom bot over" in caplog.text


async def test_refused_credentials_are_told_and_tried_again_later(tmp_path: Path) -> None:
    """A wrong secret is named as the trouble; once it is right there, the bot comes up."""
    async with fake_wecom() as fake, anyio.create_task_group() as tasks:
        line = LongConnection(fake.bot_id, "another", fake.url, times=QUICK)
        tasks.start_soon(line.run, lambda frame: None)
        await until(lambda: fake.refused >= 2)
        assert line.trouble.startswith("refused: 853000")
        fake.secret = "another"
        await until(lambda: line.up)
        assert "" == line.trouble
        tasks.cancel_scope.cancel()


async def test_nobody_there_is_a_trouble_not_an_exception() -> None:
    """A port where nobody listens is tried again and again."""
    async with anyio.create_task_group() as tasks:
        line = LongConnection("bot", "secret", "ws://127.0.0.1:9", times=QUICK)
        tasks.start_soon(line.run, lambda frame: None)
        await until(lambda: line.down_for_s > 0)
        assert not line.up
        assert line.trouble
        tasks.cancel_scope.cancel()


async def test_one_frame_is_in_flight_for_each_req_id(tmp_path: Path) -> None:
    """Frames with one req_id go one after the other; those with several go side by side."""
    async with staged(tmp_path) as stage:
        await stage.fake.person("alice").say("在吗")
        (said,) = stage.fake.platform.callbacks
        stage.fake.faults.ack_delay_s = 0.02
        acks: list[Ack] = []

        async def write(number: int) -> None:
            body = frames.stream("s", str(number))
            body["stream"]["finish"] = number == 9
            acks.append(await stage.line.call(frames.RESPOND, body, said))

        async with anyio.create_task_group() as tasks:
            for number in range(10):
                tasks.start_soon(write, number)
        assert [0] * 10 == [ack.code for ack in acks]
        assert [] == stage.fake.violations


async def test_many_pushes_side_by_side_each_get_their_own_answer(tmp_path: Path) -> None:
    """Two hundred frames in flight are each told their own outcome."""
    calm = quick(ping_s=5, ack_s=30)  # however busy the machine is
    async with staged(tmp_path, times=calm) as stage:
        for number in range(200):
            stage.fake.person(f"p{number}").chat.written = number % 2 == 0
        outcomes: dict[int, int] = {}

        async def push(number: int) -> None:
            body = {"chatid": f"p{number}", **frames.markdown("嗨")}
            outcomes[number] = (await stage.line.call(frames.SEND, body)).code

        async with anyio.create_task_group() as tasks:
            for number in range(200):
                tasks.start_soon(push, number)
        assert {number: 0 if number % 2 == 0 else 846610 for number in range(200)} == outcomes


async def test_an_answer_that_comes_too_late_is_kept_for_who_asks_again(tmp_path: Path) -> None:
    """After the time-out the outcome is unknown; what comes later can still be looked up, once."""
    async with staged(tmp_path) as stage:
        stage.fake.person("alice").chat.written = True
        stage.fake.faults.ack_delay_s = 0.2
        body = {"chatid": "alice", **frames.markdown("嗨")}
        ack = await stage.line.call(frames.SEND, body, "mine_1", ack_s=0.05)
        assert ack.unknown
        await anyio.sleep(0.3)
        late = stage.line.late("mine_1")
        assert late is not None
        assert late.ok
        assert None is stage.line.late("mine_1")


async def test_who_waits_for_an_answer_hears_that_the_connection_ended(tmp_path: Path) -> None:
    """A connection that ends leaves nobody waiting."""
    async with staged(tmp_path, times=quick(ack_s=30)) as stage:
        stage.fake.person("alice").chat.written = True
        stage.fake.faults.drop_acks[frames.SEND] = 1
        acks: list[Ack] = []

        async def push() -> None:
            body = {"chatid": "alice", **frames.markdown("嗨")}
            acks.append(await stage.line.call(frames.SEND, body))

        async with anyio.create_task_group() as tasks:
            tasks.start_soon(push)
            await until(lambda: len(stage.fake.platform.pushed) == 1)
            await stage.fake.close()
        assert [frames.CONNECTION_LOST] == [ack.code for ack in acks]


async def test_what_is_no_frame_is_passed_over(tmp_path: Path) -> None:
    """Noise between frames does not end a connection."""
    async with staged(tmp_path) as stage:
        assert stage.fake.live is not None
        for noise in ("", "{", "[]", "null", '{"cmd": 3}', '{"headers": "x", "body": 3}'):
            await stage.fake.live.socket.send(noise)
        await stage.fake.person("alice").say("好")
        await stage.core.hears()
        assert 1 == len(stage.fake.subscriptions)


async def test_events_come_in_the_order_they_were_sent() -> None:
    """What the platform sends is heard in its order."""
    async with fake_wecom() as fake, anyio.create_task_group() as tasks:
        heard: list[Frame] = []
        line = LongConnection(fake.bot_id, fake.secret, fake.url, times=QUICK)
        tasks.start_soon(line.run, heard.append)
        await until(lambda: line.up)
        people = [fake.person(f"p{number}") for number in range(5)]
        for round_, person in itertools.product(range(20), people):
            await person.say(str(round_))
        await until(lambda: len(heard) == 100)
        told = [(f.body["from"]["userid"], f.body["text"]["content"]) for f in heard]
        assert [(p.user, str(r)) for r, p in itertools.product(range(20), people)] == told
        tasks.cancel_scope.cancel()


async def test_a_probe_tells_what_is_wrong_or_nothing() -> None:
    """Whether a bot's id and secret are right can be asked without listening."""
    async with fake_wecom() as fake:
        right = LongConnection(fake.bot_id, fake.secret, fake.url, times=QUICK)
        wrong = LongConnection(fake.bot_id, "wrong", fake.url, times=QUICK)
        nobody = LongConnection("bot", "secret", "ws://127.0.0.1:9", times=QUICK)
        assert "" == await probe(right)
        assert (await probe(wrong)).startswith("refused: 853000")
        assert await probe(nobody)


async def test_recorded_frames_hold_no_secret(tmp_path: Path) -> None:
    """A recording can be replayed; ids, keys, addresses and names are not in it."""
    path = tmp_path / "frames.jsonl"
    async with fake_wecom() as fake, anyio.create_task_group() as tasks:
        heard: list[Frame] = []
        line = LongConnection(
            fake.bot_id, fake.secret, fake.url, times=QUICK, witness=Recorder(path)
        )
        tasks.start_soon(line.run, heard.append)
        await until(lambda: line.up)
        await fake.person("alice-zhang").upload(b"%PDF", "a.pdf")
        await fake.person("alice-zhang", group="g-77").say("好")
        await until(lambda: len(heard) == 2)
        await line.call(frames.SEND, {"chatid": "alice-zhang", **frames.markdown("嗨")})
        tasks.cancel_scope.cancel()
        key = heard[0].body["file"]["aeskey"]
        told = path.read_text("utf-8")
        for secret in (fake.secret, fake.bot_id, "alice-zhang", "g-77", key, fake.http):
            assert secret not in told
    messages = [frame for frame in replayed(path) if frame.cmd]
    assert ["file", "text"] == [frame.body["msgtype"] for frame in messages]
    assert {"userid": "<user 1>"} == messages[1].body["from"]


async def test_a_peer_that_reads_nothing_any_more_is_left() -> None:
    """A full pipe stops neither heartbeats nor who sends: the connection is given up."""
    async with anyio.create_task_group() as tasks:
        connections: list[ServerConnection] = []

        async def deaf(connection: ServerConnection) -> None:
            connections.append(connection)
            frame = frames.read(await connection.recv())
            assert frame is not None
            ack = {"headers": {"req_id": frame.req_id}, "errcode": 0, "errmsg": "ok"}
            await connection.send(json.dumps(ack))
            connection.transport.pause_reading()
            await anyio.sleep_forever()

        async with serve(deaf, "127.0.0.1", 0, ping_interval=None, close_timeout=0.1) as server:
            port = next(iter(server.sockets)).getsockname()[1]
            line = LongConnection("bot", "s", f"ws://127.0.0.1:{port}", times=QUICK)
            tasks.start_soon(line.run, lambda frame: None)
            await until(lambda: line.up)
            for _ in range(4):
                body = {"base64_data": "x" * (4 << 20)}
                tasks.start_soon(line.call, frames.UPLOAD_CHUNK, body)
            await until(lambda: len(connections) > 1)
            tasks.cancel_scope.cancel()


async def test_pauses_grow_until_a_connection_lasts() -> None:
    """Two who swap a bot, and a platform that closes at once, meet ever more rarely."""
    line = LongConnection("bot", "secret", "ws://127.0.0.1:9", times=Times())
    closed = [line._pause_s(0.1) for _ in range(9)]
    assert all(0.7 * 2**n <= pause <= 1.3 * 2**n for n, pause in enumerate(closed[:6]))
    assert line._pause_s(10) <= 1.25
    line._taken_over = True
    assert [60, 120, 240, 480, 900, 900] == [line._pause_s(900) for _ in range(6)]
    assert 60 == line._pause_s(1801)
