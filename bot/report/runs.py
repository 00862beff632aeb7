"""The send tests on the report: each run with its tables, for the page."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from bot.dialogue.case import Case, RunLine
from bot.dialogue.showing import Speaker
from bot.report import outcome
from bot.report.measured import Finished
from evaluators.receipts import Dictionary
from evaluators.sending.metrics import Share
from evaluators.sending.questions import definitions, segments
from evaluators.statistics import Interval

COUNTS = (
    *("planned", "submitted", "acknowledged", "refused", "unknown", "throttled", "delivered"),
    *("arrived", "unseen_delivered", "missing_receipts", "controls"),
)
MOST_CODES = 30
ZONE = ZoneInfo("Asia/Shanghai")


def one(speak: Speaker, case: Case, finished: Finished) -> dict[str, Any]:
    """What the page shows of a run."""
    line = next(run for run in case.runs if run.id == finished.run_id)
    metrics, plan = finished.metrics, finished.plan
    title = plan.title.of(speak.language) if plan.title else plan.test
    return {
        "id": finished.run_id,
        "test": title,
        "connection": line.connection,
        "simulated": line.simulated,
        "word": finished.verdict.word,
        "lines": [
            *outcome.text(speak.wording, finished, title=line.connection, whole=True),
            *_earlier(speak, line),
        ],
        "counts": [(speak.word(f"count.{name}"), getattr(metrics, name)) for name in COUNTS],
        "definitions": list(_definitions(speak, finished)) if plan.asks == "rate" else [],
        "parts": list(_parts(speak, finished)) if plan.asks == "rate" else [],
        "codes": list(_codes(speak, finished)),
        "items": [
            {
                "number": speak.number(given.item),
                "ask": speak.item(given.item).ask.of(speak.language),
            }
            for given in case.answers
            if given.run == finished.run_id
        ],
    }


def _earlier(speak: Speaker, line: RunLine) -> Iterator[str]:
    """Verdicts that held until phones told more."""
    for before in line.result.get("history", ()):
        counted = before["verdict"]["counted"] or {"count": 0, "of": 0}
        yield speak.word(
            "page.earlier_verdict",
            at=datetime.fromisoformat(before["until"]).astimezone(ZONE).strftime("%Y-%m-%d %H:%M"),
            word=speak.word(f"verdict.{before['verdict']['word']}"),
            counted=f"{counted['count']}/{counted['of']}",
            count=before["more"],
        )


def _definitions(speak: Speaker, finished: Finished) -> Iterator[tuple[str, str, str]]:
    by_rule = any(reason.key == "stop_rule" for reason in finished.verdict.reasons)
    for name, share in finished.metrics.definitions.items():
        interval = (
            definitions.interval(name, share, finished.metrics, by_rule=by_rule) if share else None
        )
        yield name, speak.word(f"definition.{name}"), _share(share, interval)


def _parts(speak: Speaker, finished: Finished) -> Iterator[tuple[str, ...]]:
    """Carriers, phases, texts and whatever else the messages differed in, against the claim."""
    tested = {id(each.part): each for each in segments.tested(finished.metrics, finished.plan)}
    for part in finished.metrics.parts:
        zh, en = segments.name(part, finished.plan)
        each = tested.get(id(part))
        chance = "–" if each is None else f"{each.adjusted:.3f}"
        chance = "< 0.001" if chance == "0.000" else chance
        declared = speak.word("page.declared" if each and each.declared else "page.exploratory")
        yield (
            zh if speak.language == "zh" else en,
            _share(part.delivered),
            _share(part.arrived, part.interval),
            outcome.time(speak.wording, part.latency.p50) if part.latency else "–",
            outcome.time(speak.wording, part.latency.p95) if part.latency else "–",
            chance,
            declared if each else "–",
        )


def _codes(speak: Speaker, finished: Finished) -> Iterator[tuple[str, str, str, str]]:
    """What receipts said, with every meaning known of a code and where it comes from."""
    if finished.dictionary is None:
        return
    for code in finished.metrics.codes[:MOST_CODES]:
        yield (
            f"{code.state} {code.code}".strip(),
            speak.word(f"carrier.{code.carrier}"),
            str(code.count),
            _meanings(speak, finished.dictionary, (code.state, code.code, code.carrier)),
        )


def _meanings(speak: Speaker, dictionary: Dictionary, code: tuple[str, str, str]) -> str:
    reading = dictionary.read(*code)
    if not reading.rows:
        return speak.word("page.code_unknown")
    said = [
        f"{row.meaning.of(speak.language)} ({row.source.of(speak.language)}"
        + (f", {row.date})" if row.date else ")")
        for row in reading.rows
    ]
    head = [speak.word("page.code_unclear")] if reading.kind == "unclear" else []
    return speak.word("list.semicolon").join([*head, *said])


def _share(share: Share | None, interval: Interval | None = None) -> str:
    if share is None or not share.of:
        return "–"
    counted = f"{share.count}/{share.of} = {outcome.percent(share.count / share.of)}"
    if interval is None:
        return counted
    return f"{counted} ({outcome.percent(interval.low)}–{outcome.percent(interval.high)})"
