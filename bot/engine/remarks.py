"""What the wire showed of a vendor during a run, in words: refusals by code, lost connections."""

import importlib
from collections.abc import Iterator, Mapping
from typing import Any

import sqlalchemy as sa
from sqlmodel import Session, col

from bot.engine.door import described
from bot.store.tables import Connection, Message, Run
from evaluators.sending.reasons import Reason, both, reason

MOST_CODES = 5

WORDINGS = {
    "refused_with": both(
        "服务商拒收 {count} 条：{name}。", "The vendor refused {count} message(s): {name}."
    ),
    "never_answered": both(
        "{count} 条提交后服务商一直没有应答，是否发出不明，没有重发。",
        "{count} message(s) were never answered by the vendor; what became of them is unknown, and"
        " none was sent again.",
    ),
    "not_let_in": both(
        "服务商拒绝了 {count} 个连接，其余连接照常测试。",
        "The vendor refused {count} of the connections; the test used the others.",
    ),
    "broke_off": both(
        "测试中连接断开 {count} 次，已重连。",
        "The connection broke {count} time(s) and was opened again.",
    ),
}


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
        said = _name(row, status)
        yield reason(WORDINGS, "refused_with", count=count, name=said)
    unknown = session.scalar(
        sa.select(sa.func.count()).where(
            col(Message.run_id) == run.id, col(Message.state) == "unknown"
        )
    )
    if unknown:
        yield reason(WORDINGS, "never_answered", count=unknown)
    yield from _noted(run.progress)


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
