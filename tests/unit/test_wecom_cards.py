"""Cards keep to their limits whatever they are asked to show."""

from hypothesis import given
from hypothesis import strategies as st

from bot.channels.wecom import cards, rendering
from bot.fakes.wecom import rules
from bot.messages import Outgoing

LABELS = st.text(st.characters(exclude_categories=["Cs", "Cc", "Z"]), min_size=1, max_size=30)


def asked(text: str, labels: list[str], **more: object) -> Outgoing:
    buttons = tuple((label, f"1:2:{n}") for n, label in enumerate(labels))
    fields = {"file": "", "numbered": True, **more}
    return Outgoing(1, text, buttons, **fields)  # type: ignore[arg-type]


@given(st.text(max_size=400), st.lists(LABELS, min_size=1, max_size=20), st.booleans())
def test_every_card_is_within_the_limits(text: str, labels: list[str], numbered: bool) -> None:
    """Any question with up to twenty choices gives a card the platform takes."""
    steps = rendering.steps(asked(text, labels, numbered=numbered), "task-1")
    card = steps[-1].card
    assert card is not None
    assert "" == rules.problem(card)
    tokens = [f"1:2:{n}" for n in range(len(labels))]
    listed = card.get("button_list") or card["checkbox"]["option_list"]
    assert tokens == [choice.get("key") or choice.get("id") for choice in listed]
    settled = cards.settled(card, tokens[0], "zh", "somebody-with-a-long-id")
    assert settled is not None
    assert "" == rules.problem(settled)
    assert "button_list" not in settled


def test_long_labels_are_shortened_and_told_in_full() -> None:
    """A label above ten characters carries a number under which the text has all of it."""
    reply = asked("选一个？", ["不适用（请在下一步说明原因）", "是"])
    (step,) = rendering.steps(reply, "t")
    assert step.card is not None
    assert ["1 不适用（请在下…", "2 是"] == [b["text"] for b in step.card["button_list"]]
    assert "1 不适用（请在下一步说明原因）" in step.card["sub_title_text"]


def test_where_numbers_are_answers_choices_carry_letters() -> None:
    """ "How many?" with choices: a bare number is an answer, no choice."""
    reply = asked("几条通道？", ["还没有确定，下次再说吧", "是"], numbered=False)
    (step,) = rendering.steps(reply, "t")
    assert step.card is not None
    assert "A 还没有确定，下…" == step.card["button_list"][0]["text"]


def test_a_short_question_is_the_cards_title() -> None:
    """First line above, the rest below; one long line goes below a general title."""
    assert ("有资质吗？", "如实") == cards.heads("有资质吗？\n如实", "zh")
    assert ("请选择", "长" * 60) == cards.heads("长" * 60, "zh")
    assert ("Please choose", "x" * 112) == cards.heads("x" * 112, "en")
    assert None is cards.heads("长" * 113, "zh")


def test_the_card_after_a_long_text_repeats_its_question() -> None:
    """The line that asks, not the last one."""
    text = "说明" * 100 + "\n有资质吗？可补充。\n可以上传证据"
    assert ("请选择", "有资质吗？可补充。") == cards.reminder(text, "zh")


def test_tokens_that_no_card_carries_become_text() -> None:
    """The same token twice, or none, is no card."""
    reply = Outgoing(1, "？", (("是", "a"), ("否", "a")), "", True)
    assert [rendering.Step("？\n1 是  2 否")] == rendering.steps(reply, "t")
