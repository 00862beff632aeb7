"""Nothing is made up: whatever is asked, every sentence cites and every figure stands in its fact.

The questions are made from the pages themselves by a fixed seed, with the noise people make:
chatter around them, typing errors, wrong figures, false premises, English, Traditional Chinese.
"""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import pytest

from knowledge.answer import Answer, Context, Guidance, render
from knowledge.extract import SHORT, numbers
from knowledge.figures import Figure, figures
from knowledge.pages import Fact, Place
from knowledge.readers.guidance import read_corpus
from knowledge.text import Glossary, terms

ROOT = Path(__file__).parents[2]
CORPUS = read_corpus(ROOT / "data" / "guidance")
PLACES = {place.anchor: place for place in CORPUS.places}
TODAY = date(2026, 11, 22)
ASKED = 300
SEED = 20261122
MARKED = re.compile(r"(.+?)((?:\[\d+\])+)\s*", re.DOTALL)
LEADS = re.compile(
    r"^(?:对，|不对，|指引|依据|单看数字|Yes|No|The guidance|In the|By the|It rests)[^：:]*[：:]\s*"
)
BEFORE = (
    "急！",
    "领导问我，",
    "请问一下",
    "你好，",
    "他电话里说没问题，但是",
    "hi, ",
    "我是新来的，",
)
AFTER = ("谢谢", "？？", "在线等", "，急", " thanks", "，供应商在催", "😭")
IDIOM = re.compile(r"(?<![十百千万])一(?=个?[天年月周夜小])")  # 一天 is a manner of speaking
LEAST_SHARED = 0.01  # of the terms of a sentence, in the facts it cites


@dataclass(frozen=True)
class Asked:
    question: str
    language: str
    context: Context | None = None


def mistyped(question: str, chance: random.Random) -> str:
    """One character gone, doubled, or changed places with its neighbour."""
    at = chance.randrange(max(1, len(question) - 1))
    return chance.choice(
        [
            question[:at] + question[at + 1 :],
            question[: at + 1] + question[at:],
            question[:at] + question[at : at + 2][::-1] + question[at + 2 :],
        ]
    )


def chattered(question: str, chance: random.Random) -> str:
    return chance.choice(BEFORE) + question + chance.choice(AFTER)


def misremembered(question: str, chance: random.Random) -> str:
    """Every figure another one."""
    return re.sub(r"\d+", lambda _: str(chance.randrange(2, 400)), question)


def as_it_is(question: str, _chance: random.Random) -> str:
    return question


NOISES: tuple[Callable[[str, random.Random], str], ...] = (
    as_it_is,
    mistyped,
    chattered,
    misremembered,
)


def claims(fact: Fact, chance: random.Random) -> Asked:
    """A fact told as somebody remembers it, rightly or wrongly, and to be agreed with."""
    zh = fact.statement.zh.rpartition("：")[2].partition("；")[0].rstrip("。")
    told = chance.choice((as_it_is, misremembered))(zh, chance)
    who = chance.choice(("指引说", "法律规定", "听说", ""))
    return Asked(f"{who}{told}{chance.choice(('对吧', '，对吗', '是吧', '就行了吧'))}", "zh")


def follow_up(place: Place, chance: random.Random) -> Asked:
    more = ("依据是什么", "那营销的呢", "多久？", "英文怎么说", "12秒算慢吗", "90%够不够", "谁定的")
    before = Context(chance.choice(place.passage.questions), place.anchor)
    return Asked(chance.choice(more), "zh", before)


def questions() -> Iterator[Asked]:
    """Always the same ones, from every kind of source in turn."""
    chance = random.Random(SEED)
    facts = [fact for page in CORPUS.pages for fact in page.facts]
    for number in range(ASKED):
        place = chance.choice(CORPUS.places)
        match number % 5:
            case 0:
                text = chance.choice([place.passage.heading.zh, place.passage.heading.en])
            case 1 | 2:
                text = chance.choice(place.passage.questions)
            case 3:
                yield claims(chance.choice(facts), chance)
                continue
            case _:
                yield follow_up(place, chance)
                continue
        noisy = chance.choice(NOISES)(text, chance)
        yield Asked(noisy, "en" if text.isascii() else chance.choice(["zh", "zh", "en"]))


@pytest.fixture(scope="module")
def guidance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guidance]:
    state = tmp_path_factory.mktemp("state")
    opened = Guidance.open(ROOT / "data", state, clock=lambda: TODAY)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def answers(guidance: Guidance) -> list[tuple[Asked, Answer]]:
    return [(a, guidance.ask(a.question, a.language, context=a.context)) for a in questions()]


def stated(answer: Answer) -> list[tuple[str, list[Fact]]]:
    """Each sentence of an answer with the facts its markers lead to."""
    cited = {f"[{c.number}]": [CORPUS.fact(name) for name in c.facts] for c in answer.citations}
    return [
        (sentence, [fact for mark in re.findall(r"\[\d+\]", marks) for fact in cited[mark]])
        for sentence, marks in MARKED.findall(answer.answer)
    ]


def quantities(sentence: str) -> frozenset[Figure]:
    return figures(IDIOM.sub("", sentence))


def words(facts: list[Fact]) -> str:
    """All that the facts hold: both languages, and since when or until when they are valid."""
    return "\n".join(
        f"{f.statement.zh}\n{f.statement.en}\n{f.valid_from or ''} {f.valid_to or ''}"
        for f in facts
    )


def test_every_sentence_carries_a_marker(answers: list[tuple[Asked, Answer]]) -> None:
    """Nothing is left of an answer once its marked sentences are taken away."""
    for asked, answer in answers:
        if not answer.refused:
            assert "" == MARKED.sub("", answer.answer), asked
            assert 0 < len(stated(answer)), asked


def test_every_citation_leads_to_facts_of_the_passage_it_names(
    answers: list[tuple[Asked, Answer]],
) -> None:
    """Only what is in the base is cited, with a source, and each marker leads somewhere."""
    for asked, answer in answers:
        for citation in answer.citations:
            named = set(PLACES[citation.anchor].passage.facts)
            successors = {CORPUS.fact(name).superseded_by for name in named}
            assert set() == set(citation.facts) - named - successors, asked
            assert citation.sources, asked


def test_every_number_stands_in_the_cited_fact(answers: list[tuple[Asked, Answer]]) -> None:
    """Numbers as written: percentages, prices, dates, counts."""
    wrong = [
        (asked.question, sentence, missing)
        for asked, answer in answers
        for sentence, facts in stated(answer)
        if (missing := numbers(sentence) - numbers(words(facts)))
    ]
    assert [] == wrong


def test_every_quantity_stands_in_the_cited_fact(answers: list[tuple[Asked, Answer]]) -> None:
    """With its unit and in whatever script: `五个月` and `半年` are figures as well."""
    wrong = [
        (asked.question, sentence, missing)
        for asked, answer in answers
        for sentence, facts in stated(answer)
        if (missing := {f for f in quantities(sentence) - figures(words(facts)) if f.measured})
    ]
    assert [] == wrong


def test_every_sentence_is_supported_by_its_fact(answers: list[tuple[Asked, Answer]]) -> None:
    """A marked sentence speaks of what its fact speaks of."""
    glossary = Glossary([])
    for asked, answer in answers:
        for sentence, facts in stated(answer):
            said = LEADS.sub("", sentence)
            spoken = set(terms(said, glossary))
            held = set(terms(words(facts), glossary))
            shared = len(spoken & held) / max(1, len(spoken))
            assert shared >= LEAST_SHARED or len(said) <= SHORT, (
                asked.question,
                sentence,
                round(shared, 2),
            )


def test_a_refusal_makes_nothing_up(answers: list[tuple[Asked, Answer]]) -> None:
    """It cites nothing, and a number in it belongs to the heading of a passage that holds it."""
    for asked, answer in answers:
        if answer.refused:
            near = [CORPUS.fact(n) for hit in answer.passages for n in PLACES[hit.id].passage.facts]
            assert () == answer.citations, asked
            assert set() == numbers(answer.answer) - numbers(words(near)), asked


def test_answers_fit_a_phone(answers: list[tuple[Asked, Answer]]) -> None:
    """An answer in a chat takes at most six lines, and its first one answers."""
    for asked, answer in answers:
        lines = render(answer, asked.language).splitlines()
        assert len(lines) <= 6, asked
        assert "[1]" in lines[0] or answer.refused, asked


def test_every_marker_leads_to_a_line_below(answers: list[tuple[Asked, Answer]]) -> None:
    """Whoever reads a marker finds its source on the same screen."""
    for asked, answer in answers:
        first, *below = render(answer, asked.language).splitlines()
        for mark in re.findall(r"\[\d+\]", first):
            assert any(line.startswith(mark) for line in below), (asked, mark)


def test_what_we_decided_ourselves_says_so(answers: list[tuple[Asked, Answer]]) -> None:
    """A line drawn by nobody but us is never shown without the words `house default`."""
    for asked, answer in answers:
        for citation in answer.citations:
            if any(CORPUS.fact(name).decided_by for name in citation.facts):
                said = render(replace(answer, answer="", citations=(citation,)), asked.language)
                assert re.search("本方默认判据，可改|house default, editable", said), asked


def test_wrong_figures_are_not_repeated(guidance: Guidance) -> None:
    """The figure of a false premise is in no answer to it."""
    for question in ("指引说备用通道要4条以上对吧", "记录要存17个月对吗", "到达率要77%对吧"):
        answer = guidance.ask(question)
        assert set() == numbers(question) & numbers(answer.answer), question
        assert re.match("指引没有|不对", answer.answer), question
