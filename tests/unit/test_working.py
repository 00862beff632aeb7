"""Small tests say what works and what does not, and never a rate."""

from typing import Any

import pytest

from bot.settings import CONTENT
from evaluators.sending.conclusions import Given, conclusions
from evaluators.sending.feasibility import Facts, check
from evaluators.sending.metrics import Row, summarise
from evaluators.sending.plan import Plan, load_all
from evaluators.sending.verdict import Verdict, judge, went_well
from tests.unit.send_rows import LOST, row
from tests.unit.simulated_run import PLANS

SMALL = ("first", "carriers", "charsets")
CARRIERS = ("cmcc", "cucc", "ctcc")


def judged(plan: Plan, rows: list[Row]) -> tuple[Verdict, dict[str, str], bool]:
    """The verdict, what is said of each thing by its name, and whether larger tests may follow."""
    metrics = summarise(rows, plan, closed=True)
    made = judge(metrics, plan, closed=True, interrupted=False, sender_late=True)
    said = {
        str(one.params["name"]): one.key
        for one in conclusions(rows, plan, metrics, Given())
        if one.key.startswith("works")
    }
    return made, said, went_well(made, metrics)


def carriers(**lost: dict[str, Any]) -> list[Row]:
    return [row(at, carrier=name, **lost.get(name, {})) for at, name in enumerate(CARRIERS)]


@pytest.mark.parametrize("name", SMALL)
def test_the_small_tests_ask_only_what_works(name: str) -> None:
    """The staged tests before volume are about what works, and no other is."""
    assert "works" == PLANS[name].asks
    assert set(SMALL) == {each.test for each in load_all(CONTENT / "plans").values()
                          if each.asks == "works"}  # fmt: skip


def test_all_carriers_work() -> None:
    """One message to each of three carriers: all three work, without a rate or an interval."""
    made, said, well = judged(PLANS["carriers"], carriers())
    assert ("worked", None, None, None) == (made.word, made.rate, made.interval, made.p_value)
    assert made.counted
    assert (3, 3) == (made.counted.count, made.counted.of)
    assert dict.fromkeys(CARRIERS, "works") == said
    assert well


def test_one_carrier_does_not_work() -> None:
    """A carrier whose only message is lost does not work; nothing is said of a claimed rate."""
    made, said, well = judged(PLANS["carriers"], carriers(cucc=LOST))
    assert "not_worked" == made.word
    assert {"cmcc": "works", "cucc": "works_not", "ctcc": "works"} == said
    assert not well
    assert {"disagree"} == {reason.key for reason in made.reasons}


def test_a_single_lost_message_is_no_rate() -> None:
    """The very first message lost: it did not work, which is not a claim refuted."""
    made, said, _ = judged(PLANS["first"], [row(0, **LOST)])
    assert "not_worked" == made.word
    assert {"cmcc": "works_not"} == said


def test_a_changed_text_does_not_work() -> None:
    """A character set that comes changed does not work, one that loses a message does."""
    plan = PLANS["charsets"]
    rows = [row(seq) for seq in range(30)]
    rows[7] = row(7, handset_text_same=False)
    rows[13] = row(13, **LOST)
    made, said, well = judged(plan, rows)
    assert "not_worked" == made.word
    assert ("works_changed", "works") == (said["ascii"], said["mixed"])
    assert not well


def test_a_typed_code_shows_that_a_message_came_not_its_text() -> None:
    """Where only a code was typed it works, and that the text is not known is said."""
    _, said, well = judged(PLANS["first"], [row(0, handset_text_same=None)])
    assert {"cmcc": "works_untold"} == said
    assert well


def test_without_handsets_nothing_is_known_to_work() -> None:
    """Receipts alone show nothing that works."""
    made, said, well = judged(PLANS["carriers"], [row(0, alive=False)])
    assert ("not_enough", "receipt") == (made.word, made.basis)
    assert {"cmcc": "works_unseen"} == said
    assert not well


def test_no_sample_size_is_asked_of_a_small_test() -> None:
    """Nothing is said about percentiles or sample sizes of a test that states no rate."""
    from datetime import UTC, datetime

    found = check(PLANS["charsets"], Facts(simulated=True, numbers=9), datetime.now(UTC))
    assert not {"percentiles", "clustered", "sample"} & {each.key for each in found}


def test_a_small_test_that_refutes_the_claim_clears_nothing() -> None:
    """Four of thirty lost are too many for 99 %, though something came of every text."""
    plan = PLANS["charsets"]
    lost = {2, 9, 16, 23}
    made, _, well = judged(plan, [row(at, **(LOST if at in lost else {})) for at in range(30)])
    assert ("worked", False) == (made.word, well)
    _, _, well = judged(plan, [row(at, **(LOST if at == 2 else {})) for at in range(30)])
    assert well
