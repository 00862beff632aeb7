"""What the wire showed of a vendor during a run, in words: refusals, lost connections, oddities."""

import importlib
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from bot.engine.door import described
from bot.engine.obstacles import halves, spoken
from bot.store.tables import Connection, Message, Run
from evaluators.sending.reasons import Reason, both, reason

MOST_CODES = 5
MOST_ODDITIES = 3
ANSWER_S = 60.0  # the longest a submission waits for its answer

WORDINGS = {
    "refused_with": both(
        "服务商拒收 {count} 条：{zh}。", "The vendor refused {count} message{count:|s}: {en}."
    ),
    "never_answered": both(
        "{count} 条提交后服务商一直没有应答，是否发出不明，没有重发。",
        "{count} message{count:|s} {count:was|were} never answered by the vendor; what became of"
        " {count:it|them} is unknown, and {count:it was not|none was} sent again.",
    ),
    "not_let_in": both(
        "服务商拒绝了 {count} 个连接，其余连接照常测试。",
        "The vendor refused {count} of the connections; the test used the others.",
    ),
    "broke_off": both(
        "测试中连接断开 {count} 次，已重连。",
        "The connection broke {count} time{count:|s} and was opened again.",
    ),
}


ODDITIES = (
    *("refused_visitor", "visitor_type", "stranger"),  # our side may be why reports are missing
    *("wrong_authenticator", "unproven_server", "lower_version"),
    *("malformed", "protocol", "silent", "unreadable_report"),
    *("http_reports_refused", "http_reports_unreached", "http_reports_unread", "http_closed"),
    *("foreign_report", "too_many_visitors", "generic_nack", "unknown_answer"),
    *("reused_sequence", "unexpected", "http_unasked"),
    *("repeated_command", "report_length", "other_version", "user_report"),
)
"""What a session may count (its `oddities`), by how much it matters to whoever reads the result."""

_HTTP = {
    "an answer nobody asked for": "http_unasked",
    "reports were refused": "http_reports_refused",
    "reports could not be asked for": "http_reports_unreached",
    "an answer without reports": "http_reports_unread",
}
"""The same where an HTTP session counts them in words of its own."""


def of(session: Session, run: Run) -> Iterator[Reason]:
    """The most frequent refusals first, then what else happened on the line."""
    row = session.get_one(Connection, run.connection_id)
    found = session.execute(
        sa.select(col(Message.status), sa.func.count())
        .where(col(Message.run_id) == run.id, col(Message.state) == "refused")
        .group_by(col(Message.status))
        .order_by(sa.func.count().desc())
        .limit(MOST_CODES)
    )
    for status, count in found:
        said = halves(_name(row, status))
        yield reason(WORDINGS, "refused_with", count=count, zh=said.zh, en=said.en)
    unknown = session.scalar(
        sa.select(sa.func.count()).where(
            col(Message.run_id) == run.id,
            col(Message.state) == "unknown",
            col(Message.sent_ns).is_not(None),  # else the verdict says so
            *_there(run.progress),
        )
    )
    if unknown:
        yield reason(WORDINGS, "never_answered", count=unknown)
    yield from _noted(run.progress)
    yield from odd(row.protocol, run.progress.get("oddities", {}))


def odd(protocol: str, counted: Mapping[str, int]) -> list[Reason]:
    """What the vendor did on the line that its protocol does not provide for: what matters most."""
    found: Counter[str] = Counter()
    for name, count in counted.items():
        http = _HTTP.get(name.partition(":")[0], "http_closed") if protocol == "http" else name
        found[http] += count
    known = [name for name in ODDITIES if found[name] > 0]
    told = [
        Reason(f"oddity_{name}", {"count": count}, spoken(f"oddity.{name}", count=count))
        for name in known
        if (count := found.pop(name))
    ]
    for name, count in found.most_common():
        other = spoken("oddity.other", count=count, name=name)
        told.append(Reason("oddity_other", {"count": count, "name": name}, other))
    return told[:MOST_ODDITIES]


def _there(progress: Mapping[str, Any]) -> Iterator[sa.ColumnElement[bool]]:
    """Sent while nobody of ours had died who waited for the answer."""
    for gap in progress.get("gaps", ()):
        if all(gap):
            since, back = (int(datetime.fromisoformat(at).timestamp() * 1e9) for at in gap)
            answer_ns = int(ANSWER_S * 1e9)
            yield sa.not_(col(Message.sent_ns).between(since - answer_ns, back))


def _noted(progress: Mapping[str, Any]) -> Iterator[Reason]:
    for name, key in (("not_let_in", "not_let_in"), ("breaks", "broke_off")):
        if progress.get(name):
            yield reason(WORDINGS, key, count=progress[name])


def _name(row: Connection, status: int) -> str:
    """What the protocol, or the vendor's own documentation, calls this answer."""
    codes = importlib.import_module(f"evaluators.protocols.{row.protocol}.status")
    if row.protocol != "http":
        return str(codes.name(status))
    if "vendor" not in row.options:
        return f"#{status}"
    return str(codes.name(described(row.options)["vendor"], status))
