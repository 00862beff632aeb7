"""How often the right section of a vendor's papers is found, and how often they stay silent.

Papers and questions were written by one hand, with nothing fitted on them but the threshold; real
papers are longer. A floor only rises.
"""

from pathlib import Path

import pytest

from knowledge.papers import Paper, PaperHit, Papers
from knowledge.render import LONGEST_QUOTE
from tests.unit.vendor_papers import QUESTIONS, UNRELATED, write

DATA = Path(__file__).parents[2] / "data"


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Papers:
    paths = write(tmp_path_factory.mktemp("papers"))
    return Papers.open(DATA, [Paper(name, name, "", path) for name, path in paths.items()])


def says(hit: PaperHit, name: str, words: str) -> bool:
    return hit.name == name and words in " ".join(hit.text.split())[:LONGEST_QUOTE]


def test_the_right_words_are_shown(papers: Papers) -> None:
    """The words that answer are among the first two quotations, all of three, this often."""
    ranks = [
        next((n for n, hit in enumerate(papers.find(q)) if says(hit, name, words)), 9)
        for q, name, words in QUESTIONS
    ]
    assert 0.80 <= sum(rank < 3 for rank in ranks) / len(ranks)
    assert 0.80 <= sum(rank < 2 for rank in ranks) / len(ranks)


def test_papers_are_silent_on_other_matters(papers: Papers) -> None:
    """Of questions that have nothing to do with these papers, most find nothing."""
    silent = [question for question in UNRELATED if not papers.find(question)]
    assert 0.80 <= len(silent) / len(UNRELATED)
