"""How a reply looks in Telegram."""

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.telegram.rendering import asks, html, plain, rows
from bot.fakes.telegram import entities


@given(st.text(alphabet="ab<>&*\"' \n是🙂/", max_size=60))
def test_whatever_is_written_is_shown_as_it_was_written(text: str) -> None:
    """Nothing in a text is taken for Telegram's own marks, and bold is all that is lost."""
    shown, _ = entities.read(html(text), "HTML", None)
    assert plain(text).strip() == shown


def test_bold_is_bold() -> None:
    """`**words**` become bold; lonely stars stay stars."""
    assert "<b>TLS &amp; more</b> 2 ** 3" == html("**TLS & more** 2 ** 3")


def test_a_question_is_known_by_its_mark() -> None:
    """A text asks where it ends with a question mark, Chinese or Latin."""
    assert [True, True, False] == [asks("支持吗？"), asks("Which? "), asks("Noted.")]


def test_buttons_are_side_by_side_while_they_can_be_read() -> None:
    """Short labels share a row, at most four; a long one has a row of its own."""
    labels = ["是", "否", "部分", "不适用", "不知道", "A rather long answer in words"]
    shown = rows(tuple((label, label) for label in labels))
    assert [["是", "否", "部分", "不适用"], ["不知道"], [labels[-1]]] == [
        [label for label, _ in row] for row in shown
    ]
