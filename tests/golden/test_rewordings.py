"""Sentences in other words: none that says something else is shown, and how many honest ones are.

What is not shown in the model's words is shown in the guidance's own, see
`tests/unit/test_knowledge_phrasing.py`.
"""

from pathlib import Path
from typing import Any

import pytest
import yaml

from knowledge.rewording import says_the_same

WORDS = Path(__file__).parent / "rewordings.yaml"
CASES: list[dict[str, Any]] = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
WRONG = [(each, text) for each in CASES for text in each.get("wrong", ())]


@pytest.mark.parametrize(("case", "text"), WRONG, ids=[text for _, text in WRONG])
def test_what_says_something_else_is_not_taken_for_the_same(
    case: dict[str, Any], text: str
) -> None:
    """A moved figure, a lost condition, another subject: none of it passes."""
    assert not says_the_same(text, case["words"], case["language"])


@pytest.mark.parametrize(("kind", "least"), [("close", 0.6), ("free", 0.2)])
def test_honest_sentences_are_kept(kind: str, least: float) -> None:
    """Most of those that keep to the words are shown as they are, and some of the free ones."""
    honest = [(each, text) for each in CASES for text in each.get(kind, ())]
    kept = [text for each, text in honest if says_the_same(text, each["words"], each["language"])]
    assert least <= len(kept) / len(honest)


@pytest.mark.parametrize("case", CASES, ids=[each["words"] for each in CASES])
def test_the_words_themselves_are_the_same(case: dict[str, Any]) -> None:
    """Whoever repeats the guidance is believed."""
    assert says_the_same(case["words"], case["words"], case["language"])
