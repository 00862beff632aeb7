"""Callback mode over real HTTP: encrypted requests in, answers at once or by response_url."""

import base64
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import anyio
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bot.channels.port import Delivered, Rejected, Unreachable
from bot.channels.wecom import Fetching, Wecom
from bot.channels.wecom.callback import CallbackLine, Seal, UnreadableError
from bot.fakes.wecom import FakeWecom, fake_wecom
from bot.fakes.wecom.server import Target
from bot.messages import Message, Outgoing, Peer
from tests.integration.wecom_stage import PATIENT, YES_NO, Core, until

pytestmark = pytest.mark.anyio

VECTORS = json.loads(
    (Path(__file__).parents[1] / "golden" / "wecom" / "wxbizmsgcrypt.json").read_text("utf-8")
)
TOKEN, AES_KEY = VECTORS["token"], VECTORS["aes_key"]


@dataclass
class Called:
    fake: FakeWecom
    line: CallbackLine
    channel: Wecom
    core: Core

    async def deliver(self, number: int, text: str, **more: object) -> object:
        fields = {"buttons": (), "file": "", "numbered": True, "chat": "alice", **more}
        return await self.channel.deliver(Outgoing(number, text, **fields))  # type: ignore[arg-type]


@asynccontextmanager
async def called(folder: Path, at_once_s: float = 0.1) -> AsyncIterator[Called]:
    line = CallbackLine(TOKEN, AES_KEY, at_once_s=at_once_s)

    async def bot(request: Request) -> Response:
        status, text = await line.pushed(dict(request.query_params), await request.body())
        return Response(text, status)

    web = Starlette(routes=[Route("/wecom", bot, methods=["GET", "POST"])])
    config = uvicorn.Config(web, port=0, log_config=None, access_log=False, ws="none")
    server = uvicorn.Server(config)
    async with fake_wecom() as fake, anyio.create_task_group() as tasks:
        tasks.start_soon(server.serve)
        await until(lambda: server.started)
        port = server.servers[0].sockets[0].getsockname()[1]
        key = base64.b64decode(AES_KEY + "=")
        fake.target = Target(f"http://127.0.0.1:{port}/wecom", TOKEN, key)
        channel = Wecom(line, folder, fetching=Fetching(folder / "in"), patience=PATIENT)
        core = Core()
        tasks.start_soon(channel.listen, core)
        await until(lambda: line.up)
        yield Called(fake, line, channel, core)
        server.should_exit = True
        await until(lambda: not server.servers[0].is_serving())
        tasks.cancel_scope.cancel()


class Answering(Core):
    """Says something to each message at once, as the delivery would."""

    channel: Wecom

    async def receive(self, peer: Peer, message: Message) -> bool:
        await super().receive(peer, message)
        reply = Outgoing(len(self.heard), f"收到 {message.text}", (), "", True, chat=peer.chat)
        await self.channel.deliver(reply)
        return True


async def test_what_is_said_at_once_goes_back_with_the_request(tmp_path: Path) -> None:
    """An answer within seconds is the request's own."""
    async with called(tmp_path, at_once_s=4) as stage:
        alice = stage.fake.person("alice")
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(alice.say, "你好")
            await stage.core.hears()
            assert isinstance(await stage.deliver(1, "您好"), Delivered)
        shown = await alice.hears()
        assert ("stream", "您好") == (shown.kind, shown.text)
        assert [] == stage.fake.violations


async def test_later_answers_go_by_response_url_once(tmp_path: Path) -> None:
    """After the request ended one more answer is possible, then the person has to write again."""
    async with called(tmp_path) as stage:
        alice = stage.fake.person("alice")
        await alice.say("你好")
        fates = [await stage.deliver(number, f"第{number}") for number in (1, 2)]
        assert [Delivered, Unreachable] == [type(fate) for fate in fates]
        assert [("markdown", "第1")] == [(b.kind, b.text) for b in alice.chat.shown]
        await alice.say("在")
        assert isinstance(await stage.deliver(2, "第2"), Delivered)


async def test_cards_presses_and_files_work_as_well(tmp_path: Path) -> None:
    """A card by response_url, its press updated in the request, files with the bot's own key."""
    async with called(tmp_path) as stage:
        alice = stage.fake.person("alice")
        await alice.say("开始")
        await stage.deliver(1, "有资质吗？", buttons=YES_NO)
        await alice.press("是")
        assert "12:7:yes" == (await stage.core.hears(2))[1].action
        assert {} == alice.card().buttons
        assert isinstance(await stage.deliver(2, "下一题"), Delivered)
        await alice.upload(b"%PDF", "a.pdf")
        message = (await stage.core.hears(3))[2]
        assert [b"%PDF"] == [path.read_bytes() for path in message.paths]
        assert [] == stage.fake.violations


async def test_a_long_question_by_response_url_tells_its_choices_as_text(tmp_path: Path) -> None:
    """Markdown and card do not go together there."""
    async with called(tmp_path) as stage:
        alice = stage.fake.person("alice")
        await alice.say("开始")
        await stage.deliver(1, "长" * 200 + "？", buttons=YES_NO)
        assert (await alice.hears()).text.endswith("？\n1 是\n2 否")


async def test_files_cannot_be_sent_by_callbacks(tmp_path: Path) -> None:
    """There is no way for a file out; that is told, not tried for ever."""
    async with called(tmp_path) as stage:
        await stage.fake.person("alice").say("开始")
        report = tmp_path / "a.pdf"
        report.write_bytes(b"%PDF")
        assert isinstance(await stage.deliver(1, "", file=str(report)), Unreachable | Rejected)


async def test_the_url_check_is_answered(tmp_path: Path) -> None:
    """The platform's check of the URL gets its text back; others get nothing."""
    line = CallbackLine(TOKEN, AES_KEY, wall=lambda: 1409659589 + 60)
    seal = Seal(TOKEN, AES_KEY)
    made = seal.close("1616140317555161061", "1409659589", "263014780")
    query = {
        "msg_signature": made["msgsignature"],
        "timestamp": "1409659589",
        "nonce": "263014780",
        "echostr": made["encrypt"],
    }
    assert (200, "1616140317555161061") == await line.pushed(query, b"")
    assert (403, "") == await line.pushed({**query, "nonce": "1"}, b"")
    assert (403, "") == await line.pushed(query, b"no json")
    body = json.dumps({"encrypt": made["encrypt"]}).encode()
    assert (503, "") == await line.pushed(query, body)


def test_the_published_vectors_open() -> None:
    """The URL check and the message of WXBizMsgCrypt's own tests are read."""
    seal = Seal(TOKEN, AES_KEY, VECTORS["receiver"])
    check, message = VECTORS["url_check"], VECTORS["message"]
    assert check["plain"] == seal.open(check, check["echostr"])
    text = seal.open(message, message["encrypt"])
    assert f"<![CDATA[{message['from']}]]>" in text
    assert f"<![CDATA[{message['content']}]]>" in text


def test_a_message_for_another_receiver_is_not_read() -> None:
    """The receiver inside the encryption must be ours; a bot has none and takes all."""
    check = VECTORS["url_check"]
    with pytest.raises(UnreadableError):
        Seal(TOKEN, AES_KEY, "another").open(check, check["echostr"])
    assert check["plain"] == Seal(TOKEN, AES_KEY).open(check, check["echostr"])


@pytest.mark.parametrize(("age_s", "status"), [(590, 503), (610, 403), (-610, 403)])
async def test_an_old_callback_is_refused(age_s: int, status: int) -> None:
    """What was recorded and is played again later is not taken."""
    made = Seal(TOKEN, AES_KEY).close("{}", "1700000000", "n")
    query = {"msg_signature": made["msgsignature"], "timestamp": "1700000000", "nonce": "n"}
    line = CallbackLine(TOKEN, AES_KEY, wall=lambda: 1700000000 + age_s)
    body = json.dumps({"encrypt": made["encrypt"]}).encode()
    assert (status, "") == await line.pushed(query, body)


async def test_a_strangers_callback_is_let_go_at_once(tmp_path: Path) -> None:
    """Nothing will be said: the platform's request is not held until its time is over."""
    async with called(tmp_path, at_once_s=60) as stage:
        stage.core.strangers.add("alice")
        with anyio.fail_after(4):
            await stage.fake.person("alice").say("你好")
