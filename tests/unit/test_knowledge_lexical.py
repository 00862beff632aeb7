"""The lexical leg."""

from pathlib import Path

import numpy as np
import pytest

from knowledge.lexical import LexicalIndex
from knowledge.text import Apart, Glossary

TEXTS = ["签名报备要几天", "许可证到官网查", "回执不等于手机收到", "delivery receipts are no proof"]


@pytest.fixture(scope="module")
def index() -> LexicalIndex:
    glossary = Glossary([["回执", "receipt"], ["手机", "handset"]])
    return LexicalIndex.of([Apart.of(text, glossary) for text in TEXTS], glossary)


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
    assert worth["g回执"] / 2 < worth["b官网"] < worth["b乾坤"]


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


def test_a_term_of_one_owner_is_rare_however_often(index: LexicalIndex) -> None:
    """Many questions of one passage make its words no commoner; nobody's texts count nothing."""
    glossary = Glossary([])
    texts = ["签名报备", "签名几天", "签名多久", "官网查证", "官网核对", "签名广告"]
    apart = [Apart.of(text, glossary) for text in texts]
    owned = LexicalIndex.of(apart, glossary, np.array([0, 0, 0, 1, 2, -1])).weigh("签名 官网")
    assert owned["b签名"] > owned["b官网"]


def test_an_index_comes_back_from_disk(index: LexicalIndex, tmp_path: Path) -> None:
    """What was saved gives exactly the scores it gave before."""
    index.save(tmp_path)
    back = LexicalIndex.load(tmp_path, index.glossary)
    for question in TEXTS:
        np.testing.assert_array_equal(index.scores(question), back.scores(question))
        assert index.weigh(question) == back.weigh(question)
