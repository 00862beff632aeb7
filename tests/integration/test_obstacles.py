"""What a person reads when a vendor lets nobody in or cannot be reached: over real sockets."""

import asyncio
import errno
import re
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from bot.engine import obstacles, remarks
from bot.engine.door import Door
from bot.engine.vendors import Reached
from evaluators.protocols.cmpp import codec as cmpp
from evaluators.protocols.cmpp import pdus as cmpp_pdus
from evaluators.protocols.correlator import Correlator
from evaluators.protocols.session import BindRefused, Events
from evaluators.protocols.sgip import codec as sgip
from evaluators.protocols.sgip import pdus as sgip_pdus
from evaluators.protocols.smgp import codec as smgp
from evaluators.protocols.smpp import codec as smpp
from evaluators.sending.obstacle import Refused, UnreachableError
from tests.integration.send_stage import free_port, plan

pytestmark = pytest.mark.anyio

LOGINS: dict[str, dict[str, Any]] = {
    "smpp": {"system_id": "buyer", "password": "simulate"},
    "cmpp": {"account": "900001", "password": "simulate"},
    "smgp": {"account": "10690001", "password": "simulate"},
    "sgip": {"account": "buyer", "password": "simulate", "node_id": 3_9999_99999},
}
Answer = Callable[[bytes, int], bytes]


def _smpp(asked: bytes, status: int) -> bytes:
    sequence = int.from_bytes(asked[12:16], "big")
    return smpp.encode(smpp.BindResp(0x80000009, sequence, status))


def _cmpp(asked: bytes, status: int) -> bytes:
    sequence = int.from_bytes(asked[8:12], "big")
    return cmpp.encode(cmpp_pdus.ConnectResp(sequence, status), cmpp_pdus.V30)


def _smgp(asked: bytes, status: int) -> bytes:
    return smgp.encode(smgp.LoginResp(int.from_bytes(asked[8:12], "big"), status))


def _sgip(asked: bytes, status: int) -> bytes:
    return sgip.encode(sgip_pdus.Result(sgip_pdus.BIND_RESP, asked[8:20], status))


ANSWERS: dict[str, Answer] = {"smpp": _smpp, "cmpp": _cmpp, "smgp": _smgp, "sgip": _sgip}


@asynccontextmanager
async def gateway(answer: Callable[[bytes], bytes]) -> AsyncIterator[int]:
    """Says one thing to whoever logs in, then hangs up; its port."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer(await reader.read(4096)))
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def opened(protocol: str, port: int, **login: Any) -> Any:
    """What the worker gets who connects to this port."""
    given = LOGINS[protocol] | login
    reached = Reached(protocol, "127.0.0.1", port, given, "as_is", None)
    (connect,) = Door(reached, plan()).connects(Correlator())

    def ignored(_: Events) -> None: ...

    return await connect(ignored)


@pytest.mark.parametrize(
    ("protocol", "status", "zh", "en"),
    [
        ("cmpp", 1, "结构不对", "malformed"),
        ("cmpp", 2, "非法源地址", "invalid source address"),
        ("cmpp", 3, "认证错", "authentication failed"),
        ("cmpp", 4, "版本太高", "version too high"),
        ("cmpp", 5, "其他错误", "other error"),
        ("cmpp", 77, "其他错误", "other error"),
        ("smgp", 1, "系统忙", "system busy"),
        ("smgp", 2, "最大连接数", "too many connections"),
        ("smgp", 20, "IP 地址错", "wrong IP address"),
        ("smgp", 21, "认证错", "authentication failed"),
        ("smgp", 22, "版本太高", "version too high"),
        ("smgp", 76, "过有效期", "expired"),
        ("smgp", 130, "厂家自定义错误 130", "vendor's own code 130"),
        ("sgip", 1, "非法登录", "illegal login"),
        ("sgip", 2, "重复登录", "logged in already"),
        ("sgip", 3, "连接过多", "too many connections"),
        ("sgip", 4, "登录类型错", "wrong login type"),
        ("sgip", 11, "节点忙", "gateway busy"),
        ("smpp", 0x03, "RINVCMDID", "RINVCMDID"),
        ("smpp", 0x05, "已经登录着", "logged in already"),
        ("smpp", 0x0D, "没有说明原因", "does not say why"),
        ("smpp", 0x0E, "密码不对", "wrong password"),
        ("smpp", 0x0F, "账号（system_id）不对", "wrong account"),
        ("smpp", 0x53, "system_type 不对", "wrong system_type"),
        ("smpp", 0x400, "0x00000400", "0x00000400"),
    ],
)
async def test_a_refused_login_is_explained(protocol: str, status: int, zh: str, en: str) -> None:
    """The person reads what the status means in this protocol, and only then what to check."""
    async with gateway(lambda asked: ANSWERS[protocol](asked, status)) as port:
        refused = await opened(protocol, port)
    assert isinstance(refused, Refused)
    said = refused.reason.wording
    assert ("login_refused", status) == (refused.reason.key, refused.status)
    assert zh in said.zh
    assert en in said.en
    assert said.zh.index(zh) < said.zh.index("请")
    assert re.search("[\u4e00-\u9fff]", said.en) is None


@pytest.mark.parametrize("protocol", sorted(LOGINS))
async def test_a_closed_port_is_told_without_an_error_number(protocol: str) -> None:
    """Where nothing listens a sentence says so and what to check, in both languages."""
    with pytest.raises(UnreachableError) as caught:
        await opened(protocol, free_port())
    said = caught.value.reason.wording
    assert "拒绝了连接" in said.zh
    assert "refuses connections" in said.en
    assert "Errno" not in str(caught.value) + said.zh + said.en


async def test_a_port_that_hangs_up_is_told_from_a_refused_login() -> None:
    """A connection cut before the login was answered is no wrong password."""
    async with gateway(lambda _: b"") as port:
        with pytest.raises(UnreachableError, match="刚建立就被对方断开") as caught:
            await opened("cmpp", port)
    assert "cut" == caught.value.reason.params["why"]


async def test_our_own_port_that_cannot_be_opened_is_not_the_vendors_fault() -> None:
    """SGIP: where our listener's port is taken, the sentence speaks of ours."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(UnreachableError, match="listen_port") as caught:
            await opened("sgip", 1, listen_port=taken.getsockname()[1])
        assert "listen" == caught.value.reason.params["why"]


async def test_an_answer_that_does_not_come_stays_a_timeout() -> None:
    """Silence keeps its own sentence: it is the runner's to say."""
    silent = socket.create_server(("127.0.0.1", 0))
    with silent, pytest.raises(TimeoutError):
        await opened("smgp", silent.getsockname()[1], connect_timeout_s=0.1)


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (socket.gaierror(-2, "Name or service not known"), "unresolved"),
        (OSError(errno.EHOSTUNREACH, "No route to host"), "no_route"),
        (TimeoutError(errno.ETIMEDOUT, "Connection timed out"), "timeout"),
        (ssl.SSLCertVerificationError(1, "self-signed certificate"), "certificate"),
        (ssl.SSLError(1, "WRONG_VERSION_NUMBER"), "tls"),
        (OSError("Multiple exceptions: [Errno 111] Connect call failed, [Errno 101] x"), "refused"),
        (OSError(errno.EMFILE, "Too many open files"), "other"),
    ],
)
def test_every_failure_to_connect_has_its_sentence(error: OSError, why: str) -> None:
    """What the system says becomes a sentence of ours; what nobody foresaw is quoted."""
    found = obstacles.unreachable(error)
    assert isinstance(found, UnreachableError)
    assert why == found.reason.params["why"]
    assert "Errno" not in str(found)


def test_what_matters_most_of_the_oddities_is_told() -> None:
    """Three at most; what makes reports go missing on our side comes first."""
    found = remarks.odd(
        "sgip", {"repeated_command": 9, "unknown_answer": 5, "malformed": 1, "refused_visitor": 2}
    )
    assert ["oddity_refused_visitor", "oddity_malformed", "oddity_unknown_answer"] == [
        one.key for one in found
    ]
    assert "listen_password" in found[0].wording.zh
    assert "2 logins" in found[0].wording.en
    assert "1 time." in found[1].wording.en


@pytest.mark.parametrize("name", remarks.ODDITIES)
def test_every_oddity_has_its_words(name: str) -> None:
    """Each name that a session counts is a sentence in both languages."""
    (said,) = remarks.odd("smpp", {name: 3})
    assert f"oddity_{name}" == said.key
    assert re.search("[\u4e00-\u9fff]", said.wording.zh)
    assert re.search("[\u4e00-\u9fff]", said.wording.en) is None


def test_http_counts_in_words_of_its_own() -> None:
    """What an HTTP session counts is summed up by kind, whatever detail it carries."""
    counted = {"reports were refused: b'1'": 1, "reports were refused: b'2'": 2, "gone": 4}
    assert [("oddity_http_reports_refused", 3), ("oddity_http_closed", 4)] == [
        (one.key, one.params["count"]) for one in remarks.odd("http", counted)
    ]


def test_what_nobody_foresaw_is_told_too() -> None:
    """An oddity without words of its own is named as it is counted."""
    (said,) = remarks.odd("sgip", {"new_thing": 1})
    assert "new_thing" in said.wording.zh
    assert "1 oddity " in said.wording.en


def test_a_name_in_two_languages_is_taken_apart() -> None:
    """Status names are written in both languages; people read one of them."""
    for name, zh, en in (
        ("流量控制错 flow control", "流量控制错", "flow control"),
        ("IP 地址错 wrong IP address", "IP 地址错", "wrong IP address"),
        (
            "业务代码 MServiceID 错 invalid MServiceID",
            "业务代码 MServiceID 错",
            "invalid MServiceID",
        ),
        ("ESME_RTHROTTLED", "ESME_RTHROTTLED", "ESME_RTHROTTLED"),
    ):
        assert (zh, en) == (obstacles.halves(name).zh, obstacles.halves(name).en)


def test_a_refusal_without_words_stays_one() -> None:
    """A session's refusal keeps its status, whatever is said of it."""
    assert 3 == obstacles.refused("cmpp", BindRefused(3, "认证错 wrong password")).status
