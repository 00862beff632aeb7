"""A checklist of nine items, a policy for it, and what may be found out about one vendor."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from evaluators.checklist import Applies, Checklist, Item, Prescreen, Section
from evaluators.evidence import Level
from evaluators.findings import Finding
from evaluators.gates import STAGES
from evaluators.policy import Policy
from evaluators.scoring import Scorecard, score
from evaluators.statistics import Interval, clopper_pearson

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)


RECENT = NOW - timedelta(days=10)


def words(text: str) -> dict[str, str]:
    return {"zh": text, "en": text}


def item(identity: str, **changes: Any) -> Item:
    fields: dict[str, Any] = {
        "id": identity,
        "requires": ["R001"],
        "part": "p",
        "dimension": "delivery",
        "who": ["technical"],
        "ask": words("?"),
        "why": words("!"),
        "weight": None if changes.get("gate") in {"always", "tests"} else 2,
        "evidence": {"wanted": words("x"), "at_most": changes.pop("at_most", "measured")},
        "verify": ["test", "document"],
        "guidance": ["g"],
        "weak": {"ask": words("?")},
    }
    return Item.model_validate(fields | changes)


SHARE = {"kind": "percent", "points": [[85, 0], [95, 0.7], [98, 1]]}


ITEMS = (
    item("rate", value=SHARE, gate="forged", weight=3),
    item("shown", value=SHARE),
    item("speed", dimension="latency", value={"kind": "duration", "points": [[10, 1], [60, 0]]}),
    item("support", dimension="service", verify=["probe"]),
    item("hours", dimension="service", at_most="documented"),
    item("abroad", dimension="channels", applies={"international": True}),
    item("agreement", dimension="compliance", gate="optional"),
    item("licence", dimension="compliance", gate="always", verify=["document", "lookup"]),
    item("stages", dimension="compliance", gate="always", measured_by=[STAGES]),
)


WEIGHTED = [each.id for each in ITEMS if each.weight]


def checklist(items: tuple[Item, ...] = ITEMS) -> Checklist:
    section = Section.model_validate(
        {"section": "1", "version": date(2026, 11, 1), "title": words("t"), "items": items}
    )
    step = {"ask": words("?"), "items": ["rate"]}
    prescreen = Prescreen.model_validate({"version": date(2026, 11, 1), "steps": [step] * 8})
    by_id = {each.id: each for each in items}
    return Checklist((section,), prescreen, {i: n for n, i in enumerate(by_id, 1)}, by_id)


USUAL = {
    "delivery": 40,
    "latency": 20,
    "channels": 10,
    "compliance": 10,
    "service": 10,
    "privacy": 5,
    "commercial": 5,
}


POLICY = Policy.model_validate(
    {
        "version": date(2026, 11, 1),
        "weights": {"otp": USUAL, "notice": USUAL, "marketing": USUAL},
        "gates": {"needs_more": {"licence": "verified"}},
        "evidence": {
            "unanswered_centre": 0.25,
            "documented_floor": 0.6,
            "verified_floor": 0.85,
            "measured_days": 90,
        },
        "decision": {
            "recommended_low": 55,
            "recommended_centre": 70,
            "conditional_centre": 50,
            "unanswered_share": 0.2,
        },
        "thresholds": {
            kind: {"arrival": 0.98, "p95_s": 10} for kind in ("otp", "notice", "marketing")
        },
    }
)


@dataclass(frozen=True)
class Company:
    kinds: tuple[str, ...] = ("otp",)
    international: bool = False

    def has(self, needs: Applies) -> bool:
        return self.international or not needs.international


def card(*findings: Finding, now: datetime = NOW, **changes: Any) -> Scorecard:
    given: dict[str, Any] = {"profile": Company(), "now": now} | changes
    return score(
        given.pop("checklist", checklist()), findings, given.pop("policy", POLICY), **given
    )


def claim(item_id: str, choice: Any = "yes", value: Any = None, **more: Any) -> Finding:
    return finding(item_id, Level.CLAIMED, choice, value, **more)


def paper(item_id: str, choice: Any = "yes", value: Any = None, **more: Any) -> Finding:
    return finding(item_id, Level.DOCUMENTED, choice, value, **more)


def official(item_id: str, choice: Any = "yes", value: Any = None, **more: Any) -> Finding:
    return finding(item_id, Level.VERIFIED, choice, value, **more)


def measured(item_id: str, choice: Any = "yes", value: Any = None, **more: Any) -> Finding:
    return finding(item_id, Level.MEASURED, choice, value, **more)


def finding(item_id: str, kind: Level, choice: Any, value: Any, **more: Any) -> Finding:
    given: dict[str, Any] = {"at": RECENT, "source": f"{kind.word}:{item_id}"} | more
    return Finding(item_id, choice, value, kind, **given)


def arrived(k: int, n: int, item_id: str = "rate", **more: Any) -> Finding:
    """A test in which k of n arrived, in percent."""
    interval = clopper_pearson(k, n)
    percent = Interval(100 * interval.low, 100 * interval.high)
    return measured(item_id, None, 100 * k / n, interval=percent, **more)


GOOD = (
    arrived(999, 1_000),
    arrived(999, 1_000, "shown"),
    measured("speed", None, 4.0, interval=Interval(3.0, 6.0)),
    measured("support"),
    paper("hours"),
    official("agreement"),
    official("licence"),
)


def numbers(made: Scorecard) -> list[float]:
    """Every number of a card that could be gamed."""
    ranges = [made.total, *(dimension.score for dimension in made.dimensions)]
    ends = [(each.low, each.centre, each.high) for each in ranges]
    rows = [(row.low, row.centre, row.high) for row in made.rows]
    return [number for triple in (*ends, *rows) for number in triple] + [made.credibility]


def row(made: Scorecard, item_id: str) -> tuple[float, float, float]:
    found = next(each for each in made.rows if each.item_id == item_id)
    return found.low, found.centre, found.high


def gates(made: Scorecard) -> dict[str, str]:
    return {each.item_id: each.state for each in made.gates}
