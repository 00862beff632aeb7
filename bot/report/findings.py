"""From an evaluation's answers to the findings that are scored. Pure."""

from collections.abc import Mapping
from typing import Any

from bot.dialogue.case import Case, Given
from evaluators.checklist import Item
from evaluators.findings import Finding
from evaluators.statistics import Interval


def of(case: Case, items: dict[str, Item]) -> list[Finding]:
    """What is in force: the newest answer of people and the newest measurement, item by item."""
    marks = {run.id: _marks(run.result.get("verdict") or {}) for run in case.runs}
    given = (each for item in items for each in (case.said(item), case.measured(item)))
    settled = (each for each in given if each and each.choice not in {"later", "unknown"})
    # A knock-out is about the real vendor: a rehearsal neither passes nor fails it.
    settled = (each for each in settled if not (each.simulated and items[each.item].weight is None))
    return [_finding(each, marks) for each in settled]


def _finding(given: Given, marks: dict[int, tuple[str, ...]]) -> Finding:
    interval = None
    if given.low is not None and given.high is not None:
        interval = Interval(given.low, given.high)
    return Finding(
        item_id=given.item,
        choice=given.choice,
        value=given.value,
        level=given.level,
        at=given.at,
        interval=interval,
        source=source(given),
        note=given.note,
        shows=marks.get(given.run, ()) if given.run is not None and given.by is None else (),
    )


def _marks(verdict: Mapping[str, Any]) -> tuple[str, ...]:
    """What a stored verdict says about the receipts' worth (see `Verdict.shows`)."""
    controls = verdict.get("controls") or {}
    shown = {
        "receipts_disagree": verdict.get("receipts_excluded"),
        "dead_numbers_delivered": controls.get("count"),
    }
    return tuple(name for name, is_so in shown.items() if is_so)


def source(given: Given) -> str:
    """Where a number comes from, as printed and linked in reports."""
    return f"answer-{given.id}" if given.by is not None else f"run-{given.run}"
