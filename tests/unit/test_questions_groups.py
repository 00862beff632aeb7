"""Conclusions about groups of messages: definitions, segments, announced or blind, pairs."""

from typing import Any

import pytest

from evaluators.sending.metrics import Row
from evaluators.sending.questions import segments
from tests.unit.send_rows import LOST, S, concluded, metrics_of, plan, row


def group(first: int, count: int, lost: int, **changes: Any) -> list[Row]:
    """So many messages of which the first `lost` were not on the handset."""
    return [
        row(seq, **changes | (LOST if seq < first + lost else {}))
        for seq in range(first, first + count)
    ]


# Which definitions make the claim true


def test_definitions_that_make_a_claim_true_are_named() -> None:
    """A claim that receipts bear out and handsets do not is true by some definitions only."""
    made = concluded(group(0, 600, 60), plan())["claim_by_definition"]
    assert made.params["holds"] == "D1, D2, D3, D4, D5"
    assert made.params["fails"] == "D6, D7"
    assert made.params["open"] == ""
    assert "90.0% (87.3%–92.3%)" in made.wording.zh
    assert "90.0% (87.3%–92.3%)" in made.wording.en


def test_a_sample_too_small_settles_no_definition() -> None:
    """Sixty of sixty do not make a claim of 99 % true by any definition, nor false."""
    made = concluded(group(0, 60, 0), plan())["claim_by_definition"]
    assert ("", "") == (made.params["holds"], made.params["fails"])
    assert "not settled by this sample" in made.wording.en
    assert "样本还不足以判定" in made.wording.zh


def test_a_claim_may_be_false_by_every_definition() -> None:
    """Where every definition refutes the claim it says so."""
    refused = group(0, 50, 50, state="refused", status=8, receipt=None)
    made = concluded(refused, plan())["claim_by_definition"]
    assert ("", "") == (made.params["holds"], made.params["open"])


def test_a_definition_is_judged_on_the_verdicts_interval() -> None:
    """After a declared stop the wider interval of the verdict decides the definitions too."""
    whole = concluded(group(0, 400, 0), plan())["claim_by_definition"]
    stopped = concluded(group(0, 400, 0), plan(), by_rule=True)["claim_by_definition"]
    assert "D6" in whole.params["holds"]
    assert "D6" in stopped.params["open"]


def test_handset_definitions_allow_for_shared_handsets() -> None:
    """The interval of what handsets show is wider where few handsets got many messages."""
    shared = [row(seq, number_id=seq % 4, **(LOST if seq % 4 == 0 else {})) for seq in range(200)]
    made = concluded(shared, plan())["claim_by_definition"]
    alone = concluded(group(0, 200, 50), plan())["claim_by_definition"]
    assert "D6" in made.params["open"]
    assert "D6" in alone.params["fails"]


# Segments


def test_segments_are_tested_against_the_claim() -> None:
    """A carrier below the claim is named with its share, interval and adjusted p-value."""
    rows = (
        group(0, 200, 0) + group(200, 200, 20, carrier="ctcc") + group(400, 200, 0, carrier="cucc")
    )
    made = concluded(rows, plan(declared=["carrier"]))
    below = made["part_below"]
    assert (below.params["value"], below.params["count"], below.params["of"]) == ("ctcc", 180, 200)
    assert "电信" in below.wording.zh
    assert "exploratory" not in below.wording.en
    assert made["parts_differ"].params["trait"] == "carrier"


def test_what_was_not_declared_is_exploratory() -> None:
    """A comparison nobody announced says that it is exploratory."""
    rows = group(0, 200, 0, region="a") + group(200, 200, 20, region="b")
    made = concluded(rows, plan(declared=["carrier"]))["part_below"]
    assert "exploratory" in made.wording.en
    assert "仅供参考" in made.wording.zh


def test_looking_at_many_costs_power() -> None:
    """The same part has a larger adjusted p-value among many parts than among two."""

    def adjusted(parts: int) -> float:
        rows = group(0, 60, 3, region="r0")
        for at in range(1, parts):
            rows += group(60 * at, 60, 0, region=f"r{at}")
        return next(
            each.adjusted
            for each in segments.tested(metrics_of(rows, plan()), plan())
            if each.part.value == "r0"
        )

    assert adjusted(10) == pytest.approx(5 * adjusted(2))


def test_a_segment_of_few_handsets_weighs_less() -> None:
    """Messages that share handsets count for less in their segment too."""
    rows = group(0, 100, 0, carrier="cucc")
    rows += [
        row(100 + at, number_id=1_000 + at % 2, carrier="ctcc", **(LOST if at % 2 else {}))
        for at in range(100)
    ]
    parts = {part.value: part for part in metrics_of(rows, plan()).parts}
    assert parts["cucc"].effective == 100
    assert parts["ctcc"].effective < 3


def test_a_segment_without_arrivals_is_said() -> None:
    """Where nothing at all arrived, that is said however few messages there were."""
    rows = group(0, 3, 0) + group(3, 1, 1, carrier="ctcc")
    assert concluded(rows, plan(declared=["carrier"]))["part_none"].params["of"] == 1


def test_alike_segments_raise_nothing() -> None:
    """Parts that are as good as claimed lead to no finding."""
    rows = group(0, 300, 1) + group(300, 300, 0, carrier="ctcc")
    assert not {"part_below", "parts_differ", "part_none"} & set(concluded(rows, plan()))


def test_parts_by_phase_and_text() -> None:
    """Phases and texts are parts too, in the plan's order, each with its title."""
    of = plan(
        variants={"long": "{token} long"},
        phases=[
            {"name": "zz", "count": 10, "rate": 1, "title": {"zh": "先", "en": "first"}},
            {"name": "aa", "count": 10, "rate": 1, "variant": "long"},
        ],
    )
    parts = metrics_of(group(0, 20, 0), of).parts
    assert [(p.trait, p.value) for p in parts] == [
        *(("phase", "zz"), ("phase", "aa"), ("variant", "text"), ("variant", "long"))
    ]
    assert segments.name(parts[0], of) == ("先", "first")


# Latency compared


def test_slower_carriers_are_named() -> None:
    """A carrier whose median is beyond another's interval is said to be slower."""
    rows = group(0, 60, 0)
    slow = [row(seq, carrier="ctcc", handset_ns=seq * S // 10 + 9 * S) for seq in range(60, 120)]
    made = concluded(rows + slow, plan())["slower"]
    assert (made.params["slow_s"], made.params["quick_s"]) == (9, 2)
    near = [row(seq, carrier="ctcc", handset_ns=seq * S // 10 + 3 * S) for seq in range(60, 120)]
    assert "slower" not in concluded(rows + near, plan())  # a second is noise


def test_a_carrier_that_lost_most_has_no_median() -> None:
    """Losses count as never, so a carrier that lost most has no median."""
    rows = group(0, 60, 0) + group(60, 60, 40, carrier="ctcc")
    assert "median_lost" in concluded(rows, plan())


# Announced and blind


def test_scenario_of_announced_and_blind() -> None:
    """60 of 60 announced against 51 of 60 blind differ with p = 0.003 (scenario S6)."""
    rows = group(0, 60, 0) + group(60, 60, 9)
    made = concluded(rows, plan(announced=range(60), declared=["announced"]))["announced_better"]
    assert made.params["p"] == pytest.approx(0.003, abs=0.0005)
    assert "51/60" in made.wording.zh


@pytest.mark.parametrize(
    ("announced", "blind", "key"),
    [(0, 0, "announced_alike"), (0, 2, "announced_alike"), (30, 0, "blind_better")],
)
def test_announced_and_blind(announced: int, blind: int, key: str) -> None:
    """The exact test decides whether the two groups differ, either way."""
    rows = group(0, 60, announced) + group(60, 60, blind)
    assert key in concluded(rows, plan(announced=range(60), declared=["announced"]))


def test_without_both_groups_there_is_no_comparison() -> None:
    """Nothing is compared where nobody was announced."""
    made = concluded(group(0, 60, 0), plan())
    assert not [key for key in made if key.startswith(("announced", "blind"))]


# Two vendors


def test_pairs_are_compared_by_what_only_one_got_through() -> None:
    """Discordant pairs decide (McNemar): 15 against 3 differ, with p = 0.0075."""
    mine = [row(seq, **(LOST if seq < 3 else {})) for seq in range(200)]
    other = [row(seq, **(LOST if 3 <= seq < 18 else {})) for seq in range(200)]
    of = plan(connection="A", pair="B", paired=True)
    made = concluded(mine, of, pair=other)["pair_differs"]
    assert made.params["better"] == "A"
    assert (made.params["only_better"], made.params["only_worse"]) == (15, 3)
    assert made.params["p"] == pytest.approx(0.0075, abs=0.0001)


def test_pairs_to_one_number_count_once() -> None:
    """Losses that all fell on one number prove no difference between vendors."""
    mine = [row(seq, number_id=seq % 10) for seq in range(200)]
    other = [row(seq, number_id=seq % 10, **(LOST if seq % 10 == 0 else {})) for seq in range(200)]
    assert "pair_alike" in concluded(mine, plan(pair="B"), pair=other)


def test_pairs_far_apart_are_not_compared() -> None:
    """Messages that were not sent in the same minutes are no pairs."""
    late = [row(seq, due_ns=seq * S // 10 + 600 * S) for seq in range(50)]
    assert "pair_apart" in concluded(group(0, 50, 0), plan(pair="B"), pair=late)


def test_messages_without_a_partner_are_no_pairs() -> None:
    """What did not leave through both vendors to a live handset is left out."""
    throttled = [row(seq, state="refused", status=0x58) for seq in range(50)]
    assert "no_pairs" in concluded(group(0, 50, 0), plan(pair="B"), pair=throttled)
