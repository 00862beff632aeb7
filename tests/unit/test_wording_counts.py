"""English nouns follow their number."""

import pytest

from bot import wording
from bot.settings import CONTENT

EN = wording.load(CONTENT / "wording")["en"]


@pytest.mark.parametrize(
    ("key", "one", "several"),
    [
        ("test.connection", "First, 1 message.", "First, 3 messages."),
        ("test.started", "1 message is being sent", "3 messages are being sent"),
        ("confirm.begins", "sends 1 text to", "sends 3 texts to"),
        ("confirm.missing", "1 test text yet", "3 test texts yet"),
    ],
)
def test_one_is_not_several(key: str, one: str, several: str) -> None:
    """“1 message”, “3 messages”."""
    parts = {"test": "First", "name": "desk"}
    assert one in EN(key, count=1, **parts)
    assert several in EN(key, count=3, **parts)
