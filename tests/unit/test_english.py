"""English first words are told from the names of vendors."""

import pytest

from bot.dialogue import english

SPOKEN = [
    *("hello", "Hi!", "hey there", "Good morning", "English", "english please", "EN", "en"),
    *("English, please.", "in English please", "I want to test a vendor", "language english"),
    *("How are long messages billed?", "Can you help me?", "please help me with a vendor"),
    *("Hello, I want to test a vendor", "hi, can you help?", "we need to compare two vendors"),
]
NAMES = [
    *("Twilio", "Acme SMS", "Blue Ocean Telecom", "Infobip", "Hello Mobile", "Hi Mobile Ltd"),
    *("We Communications", "Can Telecom", "Bank of the West", "English Telecom", "Acme & Co. 2"),
    *("My Telecom", "云信达", "你好", "help", "/start", "1", "yes", ""),
]


@pytest.mark.parametrize("text", SPOKEN)
def test_english_words_are_heard(text: str) -> None:
    """A greeting, a sentence or the wish itself is English."""
    assert english.spoken(text)


@pytest.mark.parametrize("text", NAMES)
def test_a_name_is_no_language(text: str) -> None:
    """A vendor's name in Latin letters is taken as a name."""
    assert not english.spoken(text)
