"""What was asked for is on the screen: an answer leaves out no sentence that answers.

Each question of shown-sentences.yaml names its passage, so that finding is not measured here.
"""

import re
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from statistics import mean

import pytest
import yaml

from knowledge.extract import ROOM, room
from knowledge.lexical import LexicalIndex
from knowledge.quoting import Quoting
from knowledge.readers.glossary import read_departments, read_groups
from knowledge.readers.guidance import read_corpus
from knowledge.text import Apart, Glossary

ROOT = Path(__file__).parents[2]
DATA = ROOT / "data"
SHOWN = 0.97  # of the questions
LONG = 1.25  # times that room: a single sentence may be longer
USUAL = 0.8  # of that room, on average


@dataclass(frozen=True)
class Told:
    ask: str
    answer: str
    missing: list[str]


@pytest.fixture(scope="module")
def told() -> list[Told]:
    corpus, glossary = read_corpus(DATA / "guidance"), Glossary(read_groups(DATA / "glossary"))
    texts = [f"{place.passage.text.zh} {place.passage.text.en}" for place in corpus.places]
    weigh = LexicalIndex.of([Apart.of(text, glossary) for text in texts], glossary).weigh
    departments, today = read_departments(DATA / "glossary"), date(2026, 11, 23)
    file = Path(__file__).with_name("shown-sentences.yaml")
    answers = []
    for asked in yaml.safe_load(file.read_text(encoding="utf-8"))["questions"]:
        quoting = Quoting(corpus, departments, weigh, asked["language"], today)
        ranked = [(corpus.place(asked["passage"]), 1.0)]
        marked = quoting.answer(asked["ask"], "says", ranked).answer
        answer = re.sub(r"\[\d+\]", "", marked)
        missing = [piece for piece in asked["shown"] if piece not in answer]
        answers.append(Told(asked["ask"], answer, missing))
    return answers


def test_the_sentence_asked_for_is_shown(told: list[Told]) -> None:
    """Of questions that found their passage, nearly all find their sentence in the answer."""
    without = [(each.ask, each.missing) for each in told if each.missing]
    assert SHOWN <= 1 - len(without) / len(told), without


def test_answers_stay_short(told: list[Told]) -> None:
    """Only a single endless sentence may take more than its room on the screen."""
    sizes = [room([each.answer]) for each in told]
    assert ROOM * USUAL >= mean(sizes)
    assert LONG * ROOM >= max(sizes)
