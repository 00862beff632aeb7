"""From a run's stored messages to its metrics and verdict, now or in two years."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import cache
from typing import Any

from pydantic import TypeAdapter
from sqlmodel import Session, select

from bot.engine import late, remarks
from bot.report.measured import Finished
from bot.settings import CONTENT
from bot.store import inviting, runs
from bot.store.database import Database
from bot.store.ledger import fold, rows
from bot.store.tables import Handset, Run
from evaluators import receipts
from evaluators.receipts import Dictionary
from evaluators.sending.conclusions import Given, Mark, conclusions
from evaluators.sending.metrics import Metrics, summarise
from evaluators.sending.outcome import Outcome
from evaluators.sending.plan import Plan
from evaluators.sending.questions import fault
from evaluators.sending.rows import Row
from evaluators.sending.verdict import Verdict, fell_behind, judge, went_well

STATES = {"measured": "judged", "stopped": "stopped", "failed": "failed"}
"""The state a run ends in, by how its sending and watching ended."""


def rejudge(database: Database, run_id: int, claim: float | None = None) -> Finished | None:
    """A concluded run judged from its stored rows, against another claim (0 to 1) if given.

    None while it has not come to its end, and where it could not be carried out.
    """
    with database.read() as session:
        run = session.get_one(Run, run_id)
        if run.state not in {"judged", "stopped"}:
            return None
    return _judged(database, run, claim)


def conclude(database: Database, run_id: int, now: datetime) -> None:
    """Store metrics and verdict with the run and end it; nothing happens where that was done."""
    with database.read() as session:
        run = session.get_one(Run, run_id)
    if run.finished_at is not None:
        return
    finished = _judged(database, run, None)
    end(database, run_id, now, as_json(finished))


def revise(database: Database, run_id: int) -> Finished | None:
    """A judged run judged again with what phones have told since; None where that changes nothing.

    What its messages say is kept at once, the new verdict by `keep_revised`.
    """
    with database.read() as session:
        run = session.get_one(Run, run_id)
    if run.state != "judged" or "metrics" not in run.result:
        return None
    late.take_in(database, run_id)
    finished = _judged(database, run, None)
    return finished if newly_arrived(run, finished) is not None else None


def newly_arrived(run: Run, finished: Finished) -> int | None:
    """How many more arrivals there are than when it was judged; None where nothing is new."""
    before, now = run.result["metrics"], finished.metrics
    if (now.arrived, now.watched) == (before["arrived"], before["watched"]):
        return None
    return int(now.arrived - before["arrived"])


def keep_revised(run: Run, finished: Finished, now: datetime) -> None:
    """The run's new result; the one before stays in its `history`, with the time it held until."""
    kept = ("metrics", "verdict", "conclusions", "went_well")
    earlier = {name: run.result.get(name) for name in kept}
    earlier |= {"until": now.isoformat(), "more": newly_arrived(run, finished)}
    history = [*run.result.get("history", ()), earlier]
    run.result = run.result | as_json(finished) | {"history": history}


def end(
    database: Database, run_id: int, now: datetime, judged: dict[str, Any] | None = None
) -> None:
    """Close a run whose outcome is noted."""
    with database.write() as session:
        run = session.get_one(Run, run_id)
        run.state = STATES[run.result["end"]]
        run.result = run.result | (judged or {})
        run.finished_at = now
        inviting.withdraw(session, run_id)
        session.add(run)


def note_outcome(database: Database, run_id: int, epoch: int, outcome: Outcome) -> bool:
    """Keep how the sending ended until it is judged; False where another process has the run."""
    with database.write() as session:
        run = session.get_one(Run, run_id)
        if run.epoch != epoch:
            return False
        run.result = {"end": outcome.end, "rule": outcome.rule, "problem": None}
        if outcome.problem is not None:
            wording = outcome.problem.wording
            run.result = run.result | {
                "problem": {"key": outcome.problem.key, **wording.model_dump()}
            }
            run.problem = wording.of(runs.language(session, run.conversation_id))
        session.add(run)
        return True


def as_json(finished: Finished) -> dict[str, Any]:
    """Plan, metrics, verdict and conclusions as plain values; what is infinite becomes null."""
    return {
        "plan": finished.plan.model_dump(mode="json"),
        "metrics": json.loads(TypeAdapter(Metrics).dump_json(finished.metrics)),
        "verdict": json.loads(TypeAdapter(Verdict).dump_json(finished.verdict)),
        "conclusions": [
            {"key": one.key, "params": dict(one.params), "wording": one.wording.model_dump()}
            for one in finished.conclusions
        ],
        "went_well": went_well(finished.verdict, finished.metrics),
    }


def _judged(database: Database, run: Run, claim: float | None) -> Finished:
    plan = Plan.model_validate(run.plan)
    if claim is not None:
        plan = plan.model_copy(update={"claim": claim})
    by_rule = run.result.get("rule") is not None
    closed = run.result.get("end") == "measured" or by_rule
    run_id = run.id or 0
    fold(database, run_id)
    with database.read() as session:
        marks = tuple(_marks(run))
        wanted = fault.windows(marks)  # what is lost in a fault we asked for is not the vendor's
        metrics = summarise(_rows(session, run_id), plan, closed, without=wanted)
        given = Given(
            marks=marks,
            pair=_second_rows(session, run),
            dictionary=_dictionary(),
            by_rule=by_rule,
        )
        concluded = conclusions(_rows(session, run_id), plan, metrics, given)
        concluded = (*remarks.of(session, run), *concluded)
    verdict = judge(
        metrics,
        plan,
        closed=closed,
        interrupted=not closed,
        sender_late=fell_behind(metrics, plan),
        stopped_by_rule=by_rule,
        clock_step_s=run.progress.get("clock_step_s", 0.0),
        stopped_by=run.facts.get("stopped_by", ""),
    )
    return Finished(run_id, plan, metrics, verdict, concluded, _dictionary())


def _rows(session: Session, run_id: int) -> Iterator[Row]:
    """The run's rows; where a person types what their phone shows, nobody knows when it came."""
    phones = session.exec(select(Handset.number_id, Handset.kind).distinct()).all()
    apps = {number_id for number_id, kind in phones if kind != "person"}
    clockless = {number_id for number_id, _ in phones} - apps
    for row in rows(session, run_id):
        yield replace(row, timed=False) if row.number_id in clockless else row


def _marks(run: Run) -> Iterator[Mark]:
    """What people noted while the run went on, and who opted out."""
    for kind, at, *whose in run.facts.get("marks", ()):
        at_ns = round(datetime.fromisoformat(at).timestamp() * 1e9)
        yield Mark(kind, at_ns, number_id=whose[0] if whose else None)
    wanted = (run.plan.get("replies") or {}).get("word", "").upper()
    for number_id, at_ns, word in run.progress.get("replied", ()):
        if number_id is not None and word == wanted:
            yield Mark("opted_out", at_ns, number_id=number_id)


def _second_rows(session: Session, run: Run) -> Iterator[Row] | None:
    """The other vendor's rows, for the first run of a pair once both have ended."""
    if run.pair_id is None or run.pair_id < (run.id or 0):
        return None
    second = session.get_one(Run, run.pair_id)
    return rows(session, run.pair_id) if second.result.get("end") == "measured" else None


@cache
def _dictionary() -> Dictionary:
    return receipts.load(CONTENT / "receipts")
