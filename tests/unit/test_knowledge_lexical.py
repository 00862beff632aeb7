"""The lexical leg."""

import numpy as np
import pytest

from knowledge.lexical import LexicalIndex
from knowledge.text import Glossary

TEXTS = ["签名报备要几天", "许可证到官网查", "回执不等于手机收到", "delivery receipts are no proof"]


@pytest.fixture(scope="module")
def index() -> LexicalIndex:
    return LexicalIndex(TEXTS, Glossary([["回执", "receipt"], ["手机", "handset"]]))


@pytest.mark.parametrize(
    ("question", "best"),
    [
        ("签名要几天", 0),
        ("签明抱备几天", 0),
        ("許可證怎麼查", 1),
        ("handset", 2),
        ("are receipts a proof", 3),
    ],
)
def test_the_fitting_text_comes_first(index: LexicalIndex, question: str, best: int) -> None:
    """Typing errors, Traditional characters and the other language find the same text."""
    assert best == int(index.scores(question).argmax())


def test_nothing_shared_scores_nothing(index: LexicalIndex) -> None:
    """A question without a common term scores 0 everywhere."""
    assert not index.scores("zzz").any()
    assert not index.scores("").any()


def test_a_rare_term_is_worth_more(index: LexicalIndex) -> None:
    """A term in two texts is worth less than one in one, and an unknown one most."""
    worth = index.weigh("回执 官网 乾坤")
    assert worth["g0"] / 2 < worth["b官网"] < worth["b乾坤"]


def test_shares_say_how_much_of_a_question_a_text_holds(index: LexicalIndex) -> None:
    """A text holds all of itself, and part of a question that goes further."""
    whole = index.shares(index.weigh(TEXTS[0]))
    assert 1.0 == pytest.approx(whole[0])
    part = index.shares(index.weigh("签名报备要几天才能发票"))
    assert 0 < part[0] < 1
    assert 0 == np.count_nonzero(index.shares({}))


def test_no_text_beats_the_most_there_is(index: LexicalIndex) -> None:
    """A score stays below what endless repetition would give."""
    most = index.most(index.weigh(TEXTS[1]))
    assert 0 < index.scores(TEXTS[1]).max() < most
    assert 1.0 == index.most({})
