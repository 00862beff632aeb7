"""Sentences that answer, and the statements they rest on."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.extract import ROOM, covering, numbers, room, sentences, supporting
from knowledge.text import Glossary, terms


def weigh(text: str) -> dict[str, float]:
    return dict.fromkeys(terms(text, Glossary([])), 1.0)


def test_sentences_end_where_they_end() -> None:
    """A full stop inside a name, a price or a quotation does not end a sentence."""
    assert [
        "打开 dxzhgl.miit.gov.cn 查。",
        "价格 0.035 元!",
        "「先报后发。」是规定。",
    ] == sentences("打开 dxzhgl.miit.gov.cn 查。价格 0.035 元!「先报后发。」是规定。")
    assert ["Open miit.gov.cn, please.", "It costs 0.035 CNY."] == sentences(
        "Open miit.gov.cn, please. It costs 0.035 CNY."
    )


def test_a_line_folded_in_the_file_reads_as_one() -> None:
    """A line break inside Chinese leaves no space; one beside a figure or a word does."""
    assert ["短横后都是八位数字。", "共 8 位。"] == sentences("短横后都是\n  八位数字。共 8 位。")


def cut(*parts: str) -> list[str]:
    """Sentences that do not fit a screen together, each of them filled up to the same length."""
    return [part[:-1] + "，" + "无关的话" * 13 + "。" for part in parts]


def test_what_fits_a_screen_is_given_whole() -> None:
    """However many sentences there are, and whatever is asked."""
    text = "一。二。三。四。五。六。"
    assert sentences(text) == covering(sentences(text), "三", weigh)


def test_of_a_long_text_what_is_asked_for_least_is_left_out() -> None:
    """The order stays; left out are the sentences that share least with the question."""
    parts = cut("先看业务。", "主体在后。", "截图要存。", "最后归档。", "电话联系。", "上级签字。")
    told = covering(parts, "截图归档电话", weigh)
    assert [parts[0], *parts[2:5]] == told
    assert ROOM >= room(told)


def test_a_term_of_every_sentence_tells_nothing() -> None:
    """What counts is what sets the sentences of this passage apart."""
    parts = cut(*[f"{name}回执要存。" for name in "甲乙丙丁戊"], "短号。")
    assert parts[5] in covering(parts, "回执短号", weigh)


@pytest.mark.parametrize("question", ["要存多久", "how long", "几部"])
def test_a_figure_is_shown_where_one_is_asked_for(question: str) -> None:
    """A sentence with a figure comes before one without, though it shares no word."""
    parts = cut("先看业务。", "主体在后。", "要存的东西。", "归档。", "签字。", "至少 6 个月。")
    assert parts[5] in covering(parts, question, weigh)
    assert parts[5] not in covering(parts, "先看主体要存归档签字", weigh)


@pytest.mark.parametrize("leaning", ["但这不算。", "它另有规定。", "That is not all of it."])
def test_a_sentence_is_not_torn_from_the_one_it_leans_on(leaning: str) -> None:
    """`But`, `it` and their like say something else without the sentence before."""
    parts = cut("先看业务。", "主体在后。", "中间一句。", "截图。", leaning, "归档。")
    assert parts[3] in covering(parts, leaning, weigh)


def test_figures_are_read_as_written() -> None:
    """Thousands separators are dropped, decimals kept."""
    assert {"10000", "0.035", "99.1", "2026", "05", "01"} == numbers(
        "10,000 条 0.035 元 99.1% 2026-05-01"
    )


def test_a_sentence_rests_on_what_it_shares_most_with() -> None:
    """The nearest statement supports it, and one that alone holds a figure of it does too."""
    statements = ["许可证到官网查,要验证码。", "有效期看 8 位号码。", "别的事情。"]
    assert [0] == supporting("到官网查许可证。", statements, weigh)
    assert [0, 1] == supporting("到官网查许可证,号码 8 位。", statements, weigh)


@given(st.text(alphabet="。！?.! ABc数字1,「」\n"))
def test_no_character_is_lost(text: str) -> None:
    """Splitting loses nothing but space."""
    kept = "".join(sentences(text))
    assert "".join(text.split()) == "".join(kept.split())
