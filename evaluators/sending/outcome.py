"""How the sending and watching of a test ended, and what stood in its way."""

from dataclasses import dataclass, field
from typing import Any, Literal

from evaluators.protocols.session import Closed
from evaluators.sending.reasons import Reason, both, reason

End = Literal["measured", "stopped", "failed", "parked", "fenced"]
"""measured: to the end of the window. stopped: by its rule or by a person. failed: it could not be
carried out. parked: this process was asked to leave, another goes on. fenced: another has it."""

WORDINGS = {
    "unreachable": both(
        "连不上供应商：{detail}。", "The vendor cannot be reached: {detail}."
    ),
    "login_unanswered": both(
        "服务商没有应答连接或登录。请核对地址、端口和白名单 IP。",
        "The vendor answered neither connection nor login."
        " Check address, port and the allow-listed IP address.",
    ),
    "unfit": both(
        "连接设置不符合协议：{detail}。请改正后再试。",
        "The connection's settings do not fit the protocol: {detail}."
        " Put them right and try again.",
    ),
    "login_refused": both(
        "供应商拒绝登录：{text}（状态 {status:#x}）。请核对账号、密码和白名单 IP。",
        "The vendor refused the login: {text} (status {status:#x})."
        " Check account, password and the allow-listed IP address.",
    ),
    "connection_lost": both(
        "与供应商的连接已断开：{zh}。", "The connection to the vendor was lost: {en}."
    ),
    "never_back": both(
        "连接断开后 {seconds:g} 秒内未能恢复，{planned} 条中已发 {sent} 条。最后一次：{last_zh}",
        "The connection was lost and not restored within {seconds:g} s;"
        " {sent} of {planned} message{planned:|s} had been sent. Last: {last_en}",
    ),
    "cannot_carry": both(
        "该协议发不了这条短信：{detail}。", "The protocol cannot carry this message: {detail}."
    ),
}  # fmt: skip

CLOSED = {
    "unbound": both("我方退出，对方没有应答", "we logged out and it did not answer"),
    "peer_unbound": both("对方发来退出命令", "the vendor logged us out"),
    "peer_closed": both("对方关闭了连接", "the vendor closed it"),
    "lost": both("网络中断或对方强行断开", "the network failed or the vendor cut it"),
    "silent": both("对方长时间没有任何数据", "nothing came from the vendor for too long"),
    "protocol": both("对方发来不合协议的数据", "the vendor sent data against the protocol"),
    "aborted": both("我方断开", "we cut it"),
}
"""evaluators.protocols.session.CLOSE_REASONS in words."""


@dataclass(frozen=True)
class Outcome:
    """What `carry_out` says.

    `notes` is the run's progress at the end. `rule` is the stop rule that ended the sending, where
    what had left was then watched to the end of the window; judge such a run by it.
    """

    end: End
    notes: dict[str, Any] = field(default_factory=dict)
    problem: Reason | None = None
    rule: str | None = None


def trouble(key: str, **params: float | str) -> Reason:
    return reason(WORDINGS, key, **params)


def lost(closed: Closed) -> Reason:
    """Why a connection is gone."""
    why = CLOSED.get(closed.reason, both(closed.reason, closed.reason))
    return trouble("connection_lost", zh=why.zh, en=why.en)
