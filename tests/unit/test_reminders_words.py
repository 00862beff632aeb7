"""Which texts speak of reminders, and how short their buttons' tokens are."""

from datetime import UTC, date, datetime

import pytest

from bot.dialogue import notices, reminding
from bot.dialogue.commands import Command, read
from bot.dialogue.due import Due
from bot.dialogue.session import Session


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("演练", Command("drill")),
        ("/drill", Command("drill")),
        ("提醒", Command("reminders")),
        ("提醒 12 稍后 5", Command("reminder", "12 稍后 5")),
        ("到期 7 2027-03-31", Command("expires", "7 2027-03-31")),
        ("expires 7 2027-03-31", Command("expires", "7 2027-03-31")),
        ("时区 Europe/Berlin", Command("timezone", "Europe/Berlin")),
        ("时区 北京", Command("timezone", "北京")),
        ("工作时间 9:00-18:00", Command("hours", "9:00-18:00")),
        ("working hours 9-17", Command("hours", "9-17")),
        ("工作时间 早九晚六", None),
        ("提醒 要提前三天", None),
        ("到期 之前会续", None),
        ("演练过一次", None),
        ("drill twice a year", None),
        ("expires next spring", None),
    ],
)
def test_only_commands_of_their_form_are_taken(text: str, expected: Command | None) -> None:
    """What has another form is an answer to whatever is being asked."""
    assert expected == read(text)
    if expected is not None:
        assert reminding.spoken_of(Session(), text, "")


@pytest.mark.parametrize("step", ["t14", "overdue", "week519", "snoozed20261123", "to2611230900"])
@pytest.mark.parametrize("word", ["done", "answer", "snooze", "move", "other", "open"])
def test_tokens_are_short_and_name_their_reminder(step: str, word: str) -> None:
    """A token fits every channel's button and says which reminder it is about."""
    due = Due(9_999_999, "drill", "lin", date(2027, 1, 20), datetime.now(UTC), step=step)
    token = notices.token(due, word)
    assert 40 >= len(token.encode("ascii"))
    assert due.id == reminding.named("", token)
