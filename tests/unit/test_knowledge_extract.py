"""Sentences that answer, and the statements they rest on."""

from hypothesis import given
from hypothesis import strategies as st

from knowledge.extract import covering, numbers, sentences, supporting
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


def test_a_short_text_is_given_whole() -> None:
    """Up to three sentences are never cut."""
    assert ["一。", "二。", "三。"] == covering("一。二。三。", "三", weigh)


def test_the_covering_neighbours_are_given() -> None:
    """Of a longer text the first sentence is given, and the two neighbours that serve best."""
    text = "先看业务。再看主体。然后看截图。截图要存。最后归档。"
    assert ["先看业务。", "截图要存。", "最后归档。"] == covering(text, "截图归档", weigh)
    assert ["先看业务。", "再看主体。", "然后看截图。"] == covering(text, "无关", weigh)


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
