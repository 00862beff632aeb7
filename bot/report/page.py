"""The scorecard as one HTML page that needs nothing else: no script, no external request."""

from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from bot.dialogue import showing
from bot.dialogue.case import Case, Given
from bot.dialogue.showing import Speaker
from bot.report import findings, runs, scorecard
from bot.report.measured import Finished
from evaluators.checklist import Item
from evaluators.gates import Gate
from evaluators.scoring import Scorecard

ZONE = ZoneInfo("Asia/Shanghai")
STATES = ("fail", "unknown", "waived", "pass")
MOST_OPEN = 20


def render(speak: Speaker, case: Case, card: Scorecard, finished: Mapping[int, Finished]) -> str:
    """The whole report; every number on it links to the answer or run it comes from."""
    return str(
        _template().render(
            t=speak.word,
            language=speak.language,
            case=case,
            card=card,
            simulated=scorecard.is_simulated(case),
            started=_local(case.started),
            gates=_gates(speak, card),
            dimensions=[
                {
                    "name": speak.word(f"dimension.{each.id}"),
                    "score": each.score,
                    "weight": each.weight,
                }
                for each in card.dimensions
            ],
            contradictions=_contradictions(speak, card),
            runs=[runs.one(speak, case, each) for each in finished.values()],
            open_points=_open_points(speak, card),
            more_open=max(0, len(card.open_points) - MOST_OPEN),
            sections=_sections(speak, case),
            removed=[
                {"item": _item(speak, each.item_id), "reason": each.reason, "source": each.source}
                for each in card.removed
            ],
        )
    )


@cache
def _template() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("bot.report", "."), autoescape=True, undefined=StrictUndefined
    )
    return environment.get_template("scorecard.html")


def _local(at: datetime) -> str:
    return at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M")


def _item(speak: Speaker, item_id: str) -> dict[str, Any]:
    item = speak.item(item_id)
    return {"number": speak.number(item_id), "ask": item.ask.of(speak.language), "id": item_id}


def _gates(speak: Speaker, card: Scorecard) -> list[dict[str, Any]]:
    def row(gate: Gate) -> dict[str, Any]:
        return {
            "item": _item(speak, gate.item_id),
            "state": gate.state,
            "word": speak.word(f"gate.{gate.state}"),
            "because": gate.because.wording.of(speak.language),
            "sources": gate.sources,
        }

    ordered = sorted(card.gates, key=lambda gate: speak.number(gate.item_id))
    return [row(gate) for state in STATES for gate in ordered if gate.state == state]


def _contradictions(speak: Speaker, card: Scorecard) -> list[dict[str, Any]]:
    return [
        {
            "item": _item(speak, each.item_id),
            "claim": scorecard.shown(speak, each.claim),
            "claim_source": each.claim.source,
            "measured": scorecard.shown(speak, each.measured),
            "measured_source": each.measured.source,
        }
        for each in card.contradictions
    ]


def _open_points(speak: Speaker, card: Scorecard) -> list[dict[str, Any]]:
    return [
        {
            "item": _item(speak, point.item_id),
            "why": speak.word(f"open.{point.why}"),
            "points": point.points,
            "wanted": speak.item(point.item_id).evidence.wanted.of(speak.language),
        }
        for point in card.open_points[:MOST_OPEN]
    ]


def _sections(speak: Speaker, case: Case) -> list[dict[str, Any]]:
    return [
        {
            "title": section.title.of(speak.language),
            "rows": [
                row
                for item in section.items
                if case.profile.has(item.applies)
                for row in _rows(speak, case, item)
            ],
        }
        for section in speak.checklist.sections
    ]


def _rows(speak: Speaker, case: Case, item: Item) -> list[dict[str, Any]]:
    """What counts for an item first, then earlier answers, so that nothing said is hidden."""
    given = [each for each in case.answers if each.item == item.id]
    current = case.current(item.id)
    files = [file for name, file in case.files if name == item.id]
    head = {"item": _item(speak, item.id), "files": files}
    if current is None:
        return [head | {"answer": speak.word("answer.none"), "level": "", "given": None}]
    others = [each for each in reversed(given) if each is not current]
    return [head | _answer(speak, item, current)] + [
        {"item": None, "files": []} | _answer(speak, item, each) for each in others
    ]


def _answer(speak: Speaker, item: Item, given: Given) -> dict[str, Any]:
    return {
        "given": given,
        "source": findings.source(given),
        "answer": showing.content(speak, item, given),
        "level": showing.level(speak, given),
        "by": given.by or speak.word("page.by_test", run=given.run),
        "at": _local(given.at),
        "revision": given.revision,
    }
