"""Conclusions about what handsets show and receipts say: texts, senders, opt-out, controls."""

from typing import Any

import pytest

from bot.settings import CONTENT
from evaluators.receipts import load
from evaluators.sending.conclusions import Mark, conclusions
from evaluators.sending.metrics import Row, summarise
from evaluators.sending.plan import Plan
from tests.unit.send_rows import LOST, S, concluded, plan, row

CODES = load(CONTENT / "receipts")
LONG = plan(
    variants={"short": "{token}", "long": {"text": "{token}", "length": 135}},
    phases=[
        {"name": "short", "count": 30, "rate": 10, "variant": "short"},
        {"name": "long", "count": 30, "rate": 10, "variant": "long"},
    ],
)


def rows(count: int, **changes: Any) -> list[Row]:
    return [row(seq, **changes) for seq in range(count)]


# Long messages and character sets


def test_whole_texts_are_said_to_be_whole() -> None:
    """Texts that all came unchanged are one finding."""
    assert concluded(rows(60), LONG)["all_whole"].params["texts"] == 2


def test_damaged_texts_are_named_with_their_parts() -> None:
    """A text that lost parts or was changed is named with how many came whole."""
    made = rows(60)
    made[30:34] = [row(seq, **LOST) for seq in range(30, 34)]
    made[34] = row(34, handset_text_same=False)
    found = concluded(made, LONG)["not_whole"].params
    assert (found["name"], found["parts"], found["of"]) == ("long", 3, 30)
    assert (found["count"], found["lost"], found["changed"]) == (25, 4, 1)


@pytest.mark.parametrize(
    ("billed", "key"), [(120, "bill_matches"), (125, "bill_differs"), (None, "no_bill")]
)
def test_the_bill_is_compared(billed: int | None, key: str) -> None:
    """Parts billed are set against parts counted: 30 of one part and 30 of three."""
    made = concluded(rows(60), LONG, billed_parts=billed)
    assert key in made
    if billed == 125:
        assert made[key].params["more"] == 5


# Sender number


def test_the_agreed_sender() -> None:
    """Every handset showing the agreed number that begins with 106 is one finding."""
    of = plan(shown="106", source="10690000")
    assert concluded(rows(10), of)["sender_right"].params["count"] == 10


def test_other_senders_are_named_by_carrier() -> None:
    """A sender without the prefix, or not the agreed one, is named with its carrier."""
    of = plan(shown="106", source="10690000")
    made = rows(10)
    made[0] = row(0, carrier="ctcc", handset_from="008520000")
    made[1] = row(1, carrier="cucc", handset_from="10690000123")
    found = concluded(made, of)
    assert (found["sender_prefix"].params["carrier"], found["sender_prefix"].params["of"]) == (
        *("ctcc", 1),
    )
    assert found["sender_agreed"].params["carrier"] == "cucc"
    assert "sender_right" not in found


def test_no_handset_told_its_sender() -> None:
    """Without senders there is nothing to judge."""
    assert "sender_unseen" in concluded(rows(3, handset_from=None), plan(shown="106"))


# Opting out

OPT_OUT = plan(
    kind="marketing",
    variants={"again": "{token} again"},
    phases=[
        {"name": "ask", "count": 15, "rate": 1},
        {"name": "again", "count": 15, "rate": 1, "after_s": 900, "variant": "again"},
    ],
    replies={"to": "ask", "then": "again", "within_s": 600},
)


def opted(**second: Any) -> list[Row]:
    """Fifteen asked at 0 s, the same fifteen texted again at 1,000 s."""
    asked = [row(seq, number_id=seq, due_ns=0) for seq in range(15)]
    again = [row(15 + at, **{"number_id": at, "due_ns": 1_000 * S} | second) for at in range(15)]
    return asked + again


def marks(kind: str, count: int, at_s: int = 10) -> tuple[Mark, ...]:
    return tuple(Mark(kind, at_s * S, number_id=one) for one in range(count))


def test_opting_out_works() -> None:
    """Numbers that opted out and got nothing more show that it works, as far as so few can."""
    made = concluded(opted(**LOST), OPT_OUT, marks=marks("opted_out", 15))
    assert made["optout_kept"].params["of"] == 15
    assert made["optout_kept"].params["high"] == pytest.approx(1 - 0.05 ** (1 / 15))
    assert made["optout_told"].params["of"] == 15


def test_refusing_the_second_message_is_right() -> None:
    """A vendor that refuses to text those who opted out does what it should."""
    made = concluded(
        opted(state="refused", status=8, **LOST), OPT_OUT, marks=marks("opted_out", 15)
    )
    assert "optout_kept" in made


def test_opting_out_in_vain() -> None:
    """Messages that arrive after opting out are counted."""
    made = concluded(opted(), OPT_OUT, marks=marks("opted_out", 5))
    assert (made["optout_broken"].params["count"], made["optout_broken"].params["of"]) == (5, 5)


def test_a_reply_nobody_told_us_of() -> None:
    """Owners who replied without our being told show that replies are not passed on."""
    both = (*marks("replied", 5), *marks("opted_out", 3, at_s=25))
    made = concluded(opted(**LOST), OPT_OUT, marks=both)
    assert made["optout_not_told"].params["count"] == 2
    told = concluded(
        opted(**LOST), OPT_OUT, marks=(*marks("replied", 3), *marks("opted_out", 3, at_s=25))
    )
    assert told["optout_told"].params["seconds"] == 15


def test_too_early_to_be_in_effect() -> None:
    """Messages sent before an opt-out has to be in effect are not held against the vendor."""
    made = concluded(opted(), OPT_OUT, marks=marks("opted_out", 5, at_s=500))
    assert made["optout_early"].params["count"] == 5
    assert "optout_broken" not in made


def test_nobody_opted_out() -> None:
    """Without replies there is nothing to judge."""
    assert "optout_silent" in concluded(opted(), OPT_OUT)


# Dead numbers


def controls(reported: int, of: int = 20, **changes: Any) -> list[Row]:
    dead: dict[str, Any] = {"alive": False, **LOST} | changes
    return [
        row(100 + at, receipt="DELIVRD" if at < reported else "UNDELIV", **dead) for at in range(of)
    ]


WITH_CONTROLS = plan(controls=range(100, 120))


def test_dead_numbers_reported_delivered() -> None:
    """Receipts for dead numbers are counted, with their interval, and explained by nobody else."""
    made = concluded(rows(50) + controls(5), WITH_CONTROLS)["controls_reported"]
    assert (made.params["count"], made.params["of"], made.params["share"]) == (5, 20, 0.25)


def test_clean_controls_say_how_little_they_prove() -> None:
    """Twenty clean controls leave room for up to 14 %."""
    made = concluded(rows(50) + controls(0), WITH_CONTROLS)["controls_clean"]
    assert made.params["high"] == pytest.approx(1 - 0.05 ** (1 / 20))


def test_a_control_that_is_alive_is_none() -> None:
    """A control on whose handset the message arrived was not dead and is left out."""
    alive = row(119, handset_ns=20 * S)
    made = concluded(rows(50) + controls(0, of=19) + [alive], WITH_CONTROLS)
    assert made["control_alive"].params["count"] == 1
    assert made["controls_clean"].params["of"] == 19


# Codes


def test_codes_are_read_with_their_doubts() -> None:
    """Codes of failures are read through the dictionary, doubts and all."""
    made = rows(20)
    made[0] = row(0, receipt="UNDELIV", receipt_code="MK:0013", **LOST)
    made[1] = row(1, receipt="UNDELIV", receipt_code="MA:0001", **LOST)
    made[2] = row(2, receipt="UNDELIV", receipt_code="ZZ:1", **LOST)
    made[3] = row(3, carrier="ctcc", receipt="UNDELIV", receipt_code="005", **LOST)
    metrics = summarise(made, plan(), closed=True)
    assert [(c.code, c.count, c.watched, c.arrived) for c in metrics.codes if c.code] == [
        *(("005", 1, 1, 0), ("MA:0001", 1, 1, 0), ("MK:0013", 1, 1, 0), ("ZZ:1", 1, 1, 0)),
    ]
    found = concluded(made, plan(), dictionary=CODES)
    assert "无效号码" in found["code_unclear"].wording.zh
    assert "停机" in found["code_unclear"].wording.zh
    assert found["codes_by_test"].params["count"] == 1
    assert {"code_read", "code_unclear"} <= set(found)


def test_nothing_is_concluded_before_the_window_closes() -> None:
    """While the window is open there are no conclusions."""

    def of(some_plan: Plan, made: list[Row]) -> int:
        return len(conclusions(made, some_plan, summarise(made, some_plan, closed=False)))

    assert (of(LONG, rows(60)), of(WITH_CONTROLS, controls(5))) == (0, 0)
