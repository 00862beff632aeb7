"""What a run proves: every word of the rule in `verdict`."""

import random
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.sending.metrics import Row, summarise
from evaluators.sending.plan import Plan
from evaluators.sending.stopping import Seen, StopRule
from evaluators.sending.verdict import WORDINGS, Verdict, fell_behind, judge, went_well
from evaluators.statistics import clopper_pearson

S = 1_000_000_000
MS = 1_000_000
ACCUSING = ("造假", "欺诈", "作弊", "骗", "fraud", "fake", "cheat", "lie", "forg")


def plan(**changes: Any) -> Plan:
    fields = {
        "rate": 10,
        "kind": "otp",
        "text": "{token}",
        "claim": 0.99,
        "price": 0.04,
        "caps": {"count": 1_000, "rate": 50, "cost": 100},
    }
    return Plan.model_validate(fields | changes)


def rows(
    sent: int,
    lost: int = 0,
    *,
    reported: int | None = None,
    handsets: int | None = None,
    late_ms: int = 0,
    slow_s: float = 2,
    alive: bool = True,
) -> list[Row]:
    """A run in which the first `lost` did not arrive; `reported` of all have a DELIVRD receipt."""
    reported = sent - lost if reported is None else reported
    return [
        Row(
            seq=seq,
            number_id=seq % (handsets or sent),
            carrier="cmcc",
            token="ABCDEF",
            state="acknowledged",
            due_ns=seq * S // 10,
            sent_ns=seq * S // 10 + late_ms * MS,
            ack_ns=seq * S // 10 + 20 * MS,
            receipt="DELIVRD" if seq >= sent - reported else "UNDELIV",
            receipt_ns=seq * S // 10 + 3 * S,
            handset_ns=None if seq < lost else seq * S // 10 + int(slow_s * S),
            alive=alive,
        )
        for seq in range(sent)
    ]


def verdict(made: list[Row], with_plan: Plan | None = None, **changes: Any) -> Verdict:
    the_plan = with_plan or plan()
    metrics = summarise(made, the_plan, closed=changes.get("closed", True))
    flags = {"closed": True, "interrupted": False, "sender_late": fell_behind(metrics, the_plan)}
    return judge(metrics, the_plan, **flags | changes)


def keys(made: Verdict) -> list[str]:
    return [reason.key for reason in made.reasons]


@pytest.mark.parametrize(
    ("sent", "lost", "word"),
    [
        (1_000, 0, "met"),
        (1_000, 3, "met"),
        (1_000, 4, "not_enough"),  # enough for a one-sided bound, not for the interval shown
        (1_000, 10, "not_enough"),
        (1_000, 17, "not_enough"),
        (1_000, 18, "not_met"),
        (1_000, 150, "not_met"),
        (30, 5, "not_met"),
        (368, 0, "met"),
        (367, 0, "not_enough"),
        (20, 0, "not_enough"),
    ],
)
def test_the_interval_decides(sent: int, lost: int, word: str) -> None:
    """Met above the claim, not met below it, otherwise not enough: by the interval shown."""
    made = verdict(rows(sent, lost))
    assert (made.word, made.basis) == (word, "handset")
    assert made.interval == clopper_pearson(sent - lost, sent)


def test_scenario_s3() -> None:
    """74 of 81 rejects a claim of 99 % whatever the receipts say, and gives no p99."""
    made = verdict(rows(81, 7, reported=81))
    assert made.word == "not_met"
    assert made.interval
    assert (round(made.interval.low, 3), round(made.interval.high, 3)) == (0.830, 0.965)
    assert made.p_value == pytest.approx(2e-5, rel=0.1)
    assert made.disagreement
    assert (made.disagreement.count, made.disagreement.of) == (7, 81)
    assert made.receipts_excluded
    assert made.shows == ("receipts_disagree",)
    assert made.latency == "not_enough"


def test_how_many_more() -> None:
    """Not enough evidence says how many more messages would decide."""
    made = verdict(rows(20))
    assert made.more_needed == 348
    assert "more_needed" in keys(made)
    assert any("348" in reason.wording.zh for reason in made.reasons)


def test_too_close_to_tell() -> None:
    """Where no number of messages would decide, it says so."""
    made = verdict(rows(100, 1))
    assert (made.word, made.more_needed) == ("not_enough", None)
    assert "no_number_decides" in keys(made)


@pytest.mark.parametrize("interrupted", [True, False])
def test_no_verdict_before_the_window_closes(interrupted: bool) -> None:
    """Before the window closes there is neither a verdict nor a rate."""
    made = verdict(rows(1_000, 150), closed=False, interrupted=interrupted)
    assert made.word == ("interrupted" if interrupted else "inconclusive")
    assert (made.rate, made.interval, made.latency) == (None, None, "inconclusive")


def test_interrupted_proves_nothing() -> None:
    """A run broken off is interrupted, however bad or good it looked."""
    for lost in (0, 150):
        made = verdict(rows(1_000, lost), interrupted=True)
        assert (made.word, made.latency) == ("interrupted", "inconclusive")
        assert keys(made)[0] == "interrupted"


def test_stopped_before_anything_was_sent() -> None:
    """Where nothing was sent nothing was broken off midway: it says that there is no data."""
    made = verdict([], closed=False, interrupted=True)
    assert made.word == "interrupted"
    assert keys(made) == ["stopped_unsent"]


def test_receipts_alone_prove_nothing() -> None:
    """Without handsets the verdict is not enough, whatever the receipts say."""
    made = verdict(rows(1_000, alive=False))
    assert (made.word, made.basis, made.rate) == ("not_enough", "receipt", 1.0)
    assert made.more_needed is None
    assert "receipts_only" in keys(made)


def test_nothing_sent() -> None:
    """A run without messages has no rate."""
    assert verdict([]).rate is None
    assert keys(verdict([])) == ["nothing_sent"]


def test_declared_stop_is_judged_on_a_wider_interval() -> None:
    """A run ended by its own rule is judged, on an interval that allows stopping any time."""
    stopped, planned = verdict(rows(60, 9), stopped_by_rule=True), verdict(rows(60, 9))
    assert (stopped.word, planned.word) == ("not_met", "not_met")
    assert stopped.interval
    assert planned.interval
    assert stopped.interval.width > planned.interval.width
    assert "stop_rule" in keys(stopped)
    assert verdict(rows(10, 1), stopped_by_rule=True).word == "not_enough"


def test_few_handsets_weigh_less() -> None:
    """Messages that share handsets widen the interval and raise what is still needed."""
    many, few = verdict(rows(400, 4)), verdict(rows(400, 4, handsets=8))
    assert many.interval
    assert few.interval
    assert few.interval.width > many.interval.width
    assert few.effective
    assert few.effective < 400
    assert "few_handsets" in keys(few)
    assert "few_handsets" not in keys(many)


def test_one_handset_proves_nothing() -> None:
    """A thousand messages to one handset cannot prove a rate."""
    assert verdict(rows(1_000, handsets=1)).word == "not_enough"


def test_sender_behind_blames_nobody() -> None:
    """When our sender fell behind the run is inconclusive, with its figures and the reason."""
    for lost in (0, 150):
        made = verdict(rows(1_000, lost, late_ms=20_000, slow_s=25))
        assert (made.word, made.latency) == ("inconclusive", "inconclusive")
        assert made.rate == 1 - lost / 1_000
        assert "sender_behind" in keys(made)


def test_waiting_for_the_vendors_window_is_not_our_lateness() -> None:
    """Messages that waited for room in the vendor's window do not make our sender late."""
    made = [replace(row, blocked=True) for row in rows(1_000, 0, late_ms=20_000, slow_s=25)]
    metrics = summarise(made, plan(), closed=True)
    assert not fell_behind(metrics, plan())
    assert metrics.held
    assert metrics.held.p50_ms == 20_000


@pytest.mark.parametrize(
    ("sent", "lost", "slow_s", "word"),
    [
        (400, 0, 2, "met"),
        (400, 0, 30, "not_met"),
        (400, 80, 2, "not_met"),  # what never arrives is not fast
        (400, 18, 2, "not_enough"),
        (50, 0, 2, "not_enough"),
    ],
)
def test_latency(sent: int, lost: int, slow_s: float, word: str) -> None:
    """Latency is judged by the interval of p95 against its limit, losses included."""
    assert verdict(rows(sent, lost, slow_s=slow_s)).latency == word


def test_controls() -> None:
    """Receipts that report dead numbers as delivered are stated with their count."""
    dead = [
        Row(
            seq=900 + index,
            number_id=900 + index,
            carrier="cmcc",
            token="ABCDEF",
            state="acknowledged",
            due_ns=0,
            sent_ns=0,
            receipt="DELIVRD" if index else "UNDELIV",
            receipt_ns=S,
        )
        for index in range(6)
    ]
    made = verdict(rows(100) + dead, plan(controls=tuple(range(900, 906))))
    assert made.controls
    assert (made.controls.count, made.controls.of) == (5, 6)
    assert "dead_numbers_delivered" in made.shows
    assert "controls_delivered" in keys(made)


def test_honest_receipts_show_nothing() -> None:
    """Where receipts and handsets agree there is no mark and no such reason."""
    made = verdict(rows(300, 2))
    assert made.shows == ()
    assert not {"disagree", "receipts_outside"} & set(keys(made))


@pytest.mark.parametrize(
    ("made", "clears"),
    [
        (rows(1), True),
        (rows(3, 1), True),  # nothing refuted, and something arrived
        (rows(3, 3), False),
        (rows(200, 60), False),
        (rows(3, alive=False), False),
        ([replace(row, handset_text_same=False) for row in rows(3)], False),
        ([replace(rows(3, 1)[seq], carrier="abc"[seq]) for seq in range(3)], False),
    ],
)
def test_a_test_clears_the_way_for_larger_ones(made: list[Row], clears: bool) -> None:
    """Larger tests may follow one in which something arrived everywhere, unchanged."""
    metrics = summarise(made, plan(), closed=True)
    assert went_well(verdict(made), metrics) == clears


# The sequential rule

SEQUENTIAL: dict[str, Any] = {"stop": {"sequential": {"against": 0.97, "within_s": 60}}}


@pytest.mark.parametrize(("lost", "word"), [(2, "not_enough"), (5, "not_met"), (30, "not_met")])
def test_a_sequential_stop_is_judged_by_its_own_test(lost: int, word: str) -> None:
    """A run its sequential rule ended is not met where that test rejects the claim."""
    made = verdict(rows(60, lost), plan(**SEQUENTIAL), stopped_by_rule=True)
    assert made.word == word


def test_a_sequential_rule_still_holds_against_another_claim() -> None:
    """Judged again against another claim, a stopped run says no more than it can."""
    made = verdict(rows(60, 5), plan(**SEQUENTIAL, claim=0.971), stopped_by_rule=True)
    assert made.word == "not_enough"


def test_watching_all_the_time_wrongs_few() -> None:
    """Of vendors exactly at their claim the sequential rule rejects at most its declared share."""
    rule = StopRule.model_validate(SEQUENTIAL["stop"])
    rng, rejected = random.Random(11), 0
    for _ in range(400):
        arrived = lost = 0
        for _ in range(500):
            here = rng.random() < 0.99
            arrived, lost = arrived + here, lost + (not here)
            if not here and rule.fired(0.99, Seen(arrived=arrived, lost=lost)):
                rejected += 1
                break
    assert rejected / 400 <= 0.025


def test_words_accuse_nobody() -> None:
    """No wording accuses anybody, and each has both languages."""
    for said in WORDINGS.values():
        assert said.zh
        assert said.en
        assert not any(word in f"{said.zh} {said.en}".casefold().split() for word in ACCUSING)
        assert not any(word in said.zh for word in ACCUSING[:4])


runs = st.integers(1, 300).flatmap(
    lambda sent: st.tuples(
        st.just(sent), st.integers(0, sent), st.integers(0, sent), st.integers(1, sent)
    )
)


@settings(deadline=None, max_examples=40)
@given(runs, st.booleans(), st.booleans(), st.booleans())
def test_every_run_gets_an_honest_word(
    run: tuple[int, int, int, int], interrupted: bool, sender_late: bool, stopped: bool
) -> None:
    """Any run gets a verdict whose word follows from the interval shown and nothing else."""
    sent, lost, reported, handsets = run
    made = verdict(
        rows(sent, lost, reported=reported, handsets=handsets),
        interrupted=interrupted,
        sender_late=sender_late,
        stopped_by_rule=stopped,
    )
    assert made.interval
    assert made.rate is not None
    assert made.interval.holds(made.rate)
    if interrupted:
        assert made.word == "interrupted"
    elif sender_late:
        assert made.word == "inconclusive"
    elif made.interval.low >= made.claim:
        assert made.word == "met"
    else:
        assert made.word == ("not_met" if made.interval.high < made.claim else "not_enough")
    assert all(reason.wording.zh and reason.wording.en for reason in made.reasons)


def test_what_may_still_be_on_its_way_refutes_nothing() -> None:
    """In a short window a loss without any receipt may yet arrive; one reported failed may not."""
    silent = [
        replace(each, receipt=None, receipt_ns=None) if each.handset_ns is None else each
        for each in rows(200, 20)
    ]
    short = plan(kind="notice", window_s=20)
    made = verdict(silent, short)
    assert "not_enough" == made.word
    assert "still_awaited" in keys(made)
    assert "not_met" == verdict(silent, plan(kind="notice", window_s=1_800)).word
    failed = [replace(each, receipt=each.receipt or "UNDELIV", receipt_ns=S) for each in silent]
    assert "not_met" == verdict(failed, plan(kind="notice", window_s=1_800)).word


def test_who_stopped_a_run_is_said_with_what_was_counted() -> None:
    """A run broken off names who did it and how many messages were counted by then."""
    metrics = summarise(rows(40, 4), plan(), closed=False)
    made = judge(
        metrics, plan(), closed=False, interrupted=True, sender_late=False, stopped_by="Li"
    )
    (said,) = made.reasons
    assert "stopped by Li: 40 messages submitted, 36 seen" in said.wording.en
    assert "由Li停止：已提交 40 条" in said.wording.zh


def test_an_absence_of_ours_is_one_sentence() -> None:
    """How long we were away and how many messages that touches is said once."""
    away = [replace(each, away=(0, 12 * S)) for each in rows(5, 0)]
    said = [one for one in verdict(away + rows(100, 0)[5:]).reasons if one.key == "away"]
    assert 1 == len(said)
    assert "away for 12 s with 5 messages" in said[0].wording.en
