"""What a vendor said against what was measured."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from evaluators.checklist import Item
from evaluators.claims import credibility, outcome, outcomes
from evaluators.evidence import Level
from evaluators.findings import Finding
from evaluators.statistics import Interval

NOW = datetime(2026, 11, 22, tzinfo=UTC)


def item(identity: str, **value: Any) -> Item:
    words = {"zh": "x", "en": "x"}
    return Item.model_validate(
        {
            "id": identity,
            "requires": ["R001"],
            "part": "p",
            "dimension": "delivery",
            "who": ["technical"],
            "ask": words,
            "why": words,
            "weight": 1,
            "value": value or None,
            "evidence": {"wanted": words, "at_most": "measured"},
            "verify": ["test"],
            "guidance": ["g"],
            "weak": {"ask": words},
        }
    )


RATE = item("rate", kind="percent", points=[[85, 0], [98, 1]])
REPLY = item("reply", kind="duration", points=[[900, 1], [3_600, 0]])
PLAIN = item("plain")
ITEMS = {each.id: each for each in (RATE, REPLY, PLAIN)}


def found(item_id: str, kind: Level, choice: Any = None, value: Any = None, **more: Any) -> Finding:
    at, source = more.pop("at", NOW), more.pop("source", kind.word)
    return Finding(item_id, choice, value, kind, at, source=source, **more)


@pytest.mark.parametrize(
    ("item_id", "claimed", "low", "value", "high", "expected"),
    [
        ("rate", 99.0, 98.2, 98.9, 99.4, "confirmed"),
        ("rate", 99.0, 97.0, 98.6, 99.4, "open"),
        ("rate", 99.0, 83.0, 91.4, 96.5, "contradicted"),
        ("rate", 99.9, 98.2, 98.9, 99.4, "contradicted"),  # above the interval, though enough
        ("rate", 90.0, 98.2, 98.9, 99.4, "confirmed"),  # modest, and kept
        ("rate", 85.0, 83.0, 91.4, 96.5, "open"),  # claims nothing worth testing
        ("reply", 600.0, 300.0, 500.0, 800.0, "confirmed"),
        ("reply", 600.0, 700.0, 800.0, 1_200.0, "contradicted"),  # less is better
        ("reply", 900.0, 500.0, 900.0, 2_000.0, "open"),
    ],
)
def test_numbers_against_intervals(
    item_id: str, claimed: float, low: float, value: float, high: float, expected: str
) -> None:
    """A number is confirmed, contradicted or left open by the measured interval."""
    claim = found(item_id, Level.CLAIMED, None, claimed)
    test = found(item_id, Level.MEASURED, None, value, interval=Interval(low, high))
    assert outcome(ITEMS[item_id], claim, test) == expected


@pytest.mark.parametrize(
    ("claimed", "measured", "expected"),
    [
        ("yes", "yes", "confirmed"),
        ("yes", "no", "contradicted"),
        ("yes", "partly", "contradicted"),
        ("partly", "yes", "confirmed"),
        ("no", "yes", "open"),
        ("unknown", "no", "open"),
    ],
)
def test_plain_words(claimed: str, measured: str, expected: str) -> None:
    """A plain yes is confirmed or contradicted by what was measured; a no claims nothing."""
    claim, test = found("plain", Level.CLAIMED, claimed), found("plain", Level.MEASURED, measured)
    assert outcome(PLAIN, claim, test) == expected


def test_yes_against_a_measured_number() -> None:
    """A plain yes is a claim to satisfy in full, and is held against the measured number."""
    claim = found("rate", Level.DOCUMENTED, "yes")
    poor = found("rate", Level.MEASURED, None, 91.0, interval=Interval(88.0, 93.0))
    assert outcome(RATE, claim, poor) == "contradicted"


def test_one_outcome_per_item_and_the_worst() -> None:
    """Several claims on one item count once, by the one that fared worst."""
    findings = [
        found("plain", Level.CLAIMED, "partly", source="a"),
        found("plain", Level.DOCUMENTED, "yes", source="b"),
        found("plain", Level.MEASURED, "partly"),
        found("reply", Level.CLAIMED, None, 600.0),  # never tested
    ]
    (result,) = outcomes(ITEMS, findings)
    assert (result.item_id, result.outcome, result.claim.source) == ("plain", "contradicted", "b")


def test_newest_test_decides() -> None:
    """Of several tests of one item the newest decides."""
    findings = [
        found("plain", Level.CLAIMED, "yes"),
        found("plain", Level.MEASURED, "no", at=NOW - timedelta(days=30)),
        found("plain", Level.MEASURED, "yes"),
    ]
    assert [each.outcome for each in outcomes(ITEMS, findings)] == ["confirmed"]


@pytest.mark.parametrize(
    ("confirmed", "contradicted", "expected"),
    [(0, 0, 1 / 2), (1, 0, 2 / 3), (0, 1, 1 / 3), (3, 1, 4 / 6), (0, 4, 1 / 6)],
)
def test_credibility(confirmed: int, contradicted: int, expected: float) -> None:
    """Credibility is (confirmed + 1) / (tested + 2), and open tests do not count."""
    words = ["yes"] * confirmed + ["no"] * contradicted
    items = {f"i{n}": item(f"i{n}") for n in range(len(words) + 1)}
    findings = [found(f"i{n}", Level.MEASURED, word) for n, word in enumerate(words)]
    findings += [found(each, Level.CLAIMED, "yes") for each in items]
    assert credibility(outcomes(items, findings)) == pytest.approx(expected)
