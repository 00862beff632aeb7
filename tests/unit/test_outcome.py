"""A finished run in words: short in a chat, whole on the page."""

from typing import Any

import pytest

from bot import wording
from bot.report import measured, outcome
from bot.report.measured import Finished
from bot.settings import CONTENT
from evaluators.sending.conclusions import conclusions
from evaluators.sending.metrics import Row, summarise
from evaluators.sending.plan import Plan
from evaluators.sending.verdict import judge
from tests.unit.send_rows import LOST, plan, row
from tests.unit.simulated_run import PLANS

WORDINGS = wording.load(CONTENT / "wording")
both = pytest.mark.parametrize("language", ["zh", "en"])


def finished(rows: list[Row], of_plan: Plan, **more: Any) -> Finished:
    metrics = summarise(rows, of_plan, closed=True)
    flags = {"closed": True, "interrupted": False, "sender_late": False} | more
    verdict = judge(metrics, of_plan, **flags)
    return Finished(1, of_plan, metrics, verdict, conclusions(rows, of_plan, metrics))


def said(made: Finished, language: str, *, whole: bool = False) -> list[str]:
    return outcome.text(WORDINGS[language], made, title="X", whole=whole)


SOME = [row(seq, **(LOST if seq % 5 == 0 else {})) for seq in range(200)]


@both
def test_a_chat_names_only_the_definitions(language: str) -> None:
    """In a chat one short line says by which definitions the claim is true; the page says all."""
    made = finished(SOME, plan())
    line = next(each for each in said(made, language) if "D2" in each)
    assert len(line) < 120
    assert "D6" in line
    assert "(" not in line.replace("(figures in the report)", "")
    assert len(said(made, language)) <= 10
    whole = next(each for each in said(made, language, whole=True) if "D2" in each)
    assert "80.0%" in whole


@both
@pytest.mark.parametrize("lost", [{}, LOST | {"receipt": "UNDELIV"}])
def test_a_claim_true_by_all_or_by_none_is_said_in_a_line(
    language: str, lost: dict[str, Any]
) -> None:
    """Where all definitions agree, the line names them once and leaves no gap."""
    made = finished([row(seq, **lost, state="refused" if lost else "acknowledged")
                     for seq in range(40)], plan())  # fmt: skip
    line = next(each for each in said(made, language) if "D6" in each)
    assert "D2" in line
    assert "  " not in line
    assert "{" not in line


@both
def test_a_small_test_shows_counts_and_no_rate(language: str) -> None:
    """A message or three are told as counts: no percentage, no interval, no claim."""
    rows = [row(at, carrier=name) for at, name in enumerate(("cmcc", "cucc", "ctcc"))]
    for whole in (False, True):
        text = "\n".join(said(finished(rows, PLANS["carriers"]), language, whole=whole))
        assert "3/3" in text
        assert "%" not in text


def test_one_message_is_not_told_in_the_plural() -> None:
    """English counts one message, not 1 messages."""
    for rows in ([row(0)], [row(0, **LOST)], [row(0), row(1, state="refused", status=0x58)]):
        for of_plan in (plan(), PLANS["first"]):
            text = "\n".join(said(finished(rows, of_plan), "en", whole=True))
            assert "1 messages" not in text
            assert "1 handsets" not in text


def test_the_report_says_how_many_were_left_out_of_d7() -> None:
    """Messages that say nothing about when they came are counted out loud."""
    typed = [row(seq, handset_unsure_ms=None, timed=False) for seq in range(40)]
    zh = "\n".join(said(finished([*typed, row(50)], plan()), "zh", whole=True))
    en = "\n".join(said(finished([*typed, row(50)], plan()), "en", whole=True))
    assert "40 条" in zh
    assert "不计入 D7" in zh
    assert "40 messages went to handsets that show whether a text came" in en


def test_a_small_test_settles_no_rate_on_the_checklist() -> None:
    """Of a small test only that texts come unchanged is a measure."""
    made = finished([row(seq) for seq in range(30)], PLANS["charsets"])
    assert {"arrival.text_unchanged"} == measured.of(made.metrics, made.verdict).keys()


@both
def test_a_clock_that_was_set_leaves_no_verdict(language: str) -> None:
    """Where our clock was set meanwhile, arrivals look late or early: nothing is concluded."""
    made = finished(SOME, plan(), clock_step_s=-3_600.0)
    assert ("inconclusive", "inconclusive") == (made.verdict.word, made.verdict.latency)
    assert "3600" in said(made, language)[4]
    steady = finished(SOME, plan(), clock_step_s=1.0)
    assert "not_met" == steady.verdict.word
