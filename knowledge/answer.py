"""Questions to the guidance: an answer whose every sentence cites, or a plain refusal.

Importing this module loads nothing heavy; the first `ask`, or `warm` in the background, does.
"""

import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property, lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from knowledge.citation import Citation
from knowledge.context import (
    NOTHING,
    Context,
    names_item,
    own,
    points_at_item,
    turn,
    wanted_language,
)
from knowledge.dense import Store
from knowledge.errors import KnowledgeError
from knowledge.extract import Weigh, shared
from knowledge.figures import figures
from knowledge.index import Index, Material
from knowledge.lexical import LexicalIndex
from knowledge.pages import Corpus, Page, Place
from knowledge.premise import claim, subject
from knowledge.quoting import Answer, Hit, Papers, Quoting, Ranked
from knowledge.readers.glossary import (
    Departments,
    read_calibration,
    read_departments,
    read_groups,
    read_outside,
)
from knowledge.readers.guidance import read_corpus
from knowledge.refusal import Calibration, Tier
from knowledge.render import render, to_json
from knowledge.search import Found, Search
from knowledge.text import normalise, runs

__all__ = ["Answer", "Citation", "Context", "Guidance", "Hit", "Papers", "render", "to_json"]

LONGEST_QUESTION = 500  # characters; of a longer text the beginning and the end are looked at
MOST_PAPERS = 2  # passages of an evaluation's own papers
MOST_WEIGHED = 1024  # texts whose terms are kept, some ten kilobytes each
LOOKED_AT = 8  # passages among which a question that leans on another finds its own
NEARER = 0.15  # what the page spoken of before is ahead by, and once more the passage itself

log = logging.getLogger(__name__)


def _today_in_china() -> date:
    return datetime.now(tz=ZoneInfo("Asia/Shanghai")).date()


def _in_short(question: str) -> str:
    half = LONGEST_QUESTION // 2
    return question if len(question) <= 2 * half else f"{question[:half]} {question[-half:]}"


class Guidance:
    """Answers from the pages of one data folder. May be shared between threads.

    Our own table answers as soon as it is read, with the very vectors the model stack gives, and
    until a chosen model is loaded. Where the model stack cannot be loaded it stays in use.
    """

    def __init__(
        self,
        data: Path,
        state: Path,
        *,
        model: str | None,
        clock: Callable[[], date],
        chroma: str | None = None,
    ) -> None:
        self._chroma = chroma
        self._weighed: tuple[LexicalIndex, Weigh] | None = None
        self._data, self._state, self._model, self._clock = data, state, model, clock
        self._reading, self._deepening = threading.Lock(), threading.Lock()
        self._index: Index | None = None
        self._search: Search | None = None
        self._deep = False  # the model stack is in use, or has failed for good
        self._warming: threading.Thread | None = None

    @classmethod
    def open(
        cls,
        data: Path,
        state: Path,
        model: str | None = None,
        clock: Callable[[], date] = _today_in_china,
        *,
        chroma: str | None = None,
    ) -> "Guidance":
        """Cheap, reads nothing yet. `data` holds guidance/ and glossary/; `state` is writable.

        `model` is a folder or a hub name sentence-transformers can load; None is our own table.
        `chroma` is the address of a Chroma server; None keeps the vectors in this process.
        """
        return cls(data, state, model=model, clock=clock, chroma=chroma)

    def warm(self) -> None:
        """Start loading everything in the background; calling it again does nothing."""
        if self._warming is None:
            self._warming = threading.Thread(target=self._warm, name="guidance", daemon=True)
            self._warming.start()

    def ask(
        self,
        question: str,
        language: str = "zh",
        *,
        context: Context | None = None,
        papers: Papers | None = None,
    ) -> Answer:
        """The answer, waiting for what it needs. Raises ContentError when a page is wrong.

        `context` is what was said just before; a question that stands alone ignores it. `papers`
        are an evaluation's own: what they say stands apart, in `Answer.papers`.
        """
        question, before = _in_short(question.strip()), self._known(context or NOTHING)
        search = self._ready()
        quoting = self._quoting(search, language)
        how = turn(question, before)
        if how == "source":
            place = self._corpus.place(before.anchor)
            answer = replace(quoting.origin(question, place), meant=before.question)
        elif how == "other language":
            answer = self._once_more(search, question, before)
        elif how == "further":
            answer = self._further(search, quoting, question, before)
        else:
            answer = self._alone(search, quoting, question)
        return replace(answer, papers=tuple(papers.find(question)[:MOST_PAPERS]) if papers else ())

    def _known(self, context: Context) -> Context:
        """The context without anchors of pages that are no more."""
        known = self.anchors()
        anchor, item = ({name} & known for name in (context.anchor, context.item))
        return replace(context, anchor="".join(anchor), item="".join(item))

    def _alone(self, search: Search, quoting: Quoting, question: str) -> Answer:
        asserted = claim(question)
        found = search.find(subject(question) if asserted else question)
        if asserted and self._judged(found) == "does not say":
            found = search.find(question)
        ranked = self._ranked(found)
        tier = (
            self._judged(found) if len("".join(runs(normalise(question)))) > 1 else "does not say"
        )
        if asserted and not asserted.asserted and not own(question):
            asserted = None  # a figure and nothing it is the figure of: compared with nothing
        answer = quoting.answer(question, tier, ranked, claim=asserted)
        return replace(answer, meant=question)

    def _further(self, search: Search, quoting: Quoting, question: str, before: Context) -> Answer:
        """A question that leans on what was asked before, or on the checklist item that waits."""
        about, near, this = before.question, before.anchor, False
        if points_at_item(question, before):
            near = before.item
            this = names_item(question)
            title = self._corpus.place(near).page.title
            about = f"{title.zh} {title.en}"
        place, asserted = self._corpus.place(near), claim(question)
        if not own(question) and not self._may_mean(place.page, question):
            return self._alone(search, quoting, question)
        found = search.find(f"{about} {question}")
        ranked = self._leaning(search, self._ranked(found), question, near, this=this)
        tier = self._judged(found)
        if not this and (tier == "does not say" or self._is_news(search, ranked[0][0], question)):
            return self._alone(search, quoting, question)
        if tier == "does not say":
            tier = "possibly"  # the page is surely the right one
        answer = quoting.answer(question, tier, ranked, claim=asserted)
        first = ranked[0][0]  # a new topic is what the next question leans on
        stays = first.page is place.page
        return replace(answer, meant=about if stays else first.passage.heading.zh)

    def _is_news(self, search: Search, place: Place, question: str) -> bool:
        """Whether a passage knows nothing of what a question brings: `and for the EU?`."""
        passage, brought = place.passage, search.lexical.weigh(own(question))
        known = (passage.heading.zh, passage.text.zh, passage.text.en, *passage.questions)
        return bool(brought) and not shared("\n".join(known), brought, search.lexical.weigh)

    def _may_mean(self, page: Page, question: str) -> bool:
        """Whether the page has figures of the kind asked about; one without figure may always."""
        units = {figure.unit for figure in figures(question)}
        held = {f.unit for fact in page.facts for f in figures(fact.statement.zh)}
        return units <= held

    def _leaning(
        self, search: Search, ranked: Ranked, question: str, near: str, *, this: bool
    ) -> Ranked:
        """What holds the new words first; the passage and page spoken of before come sooner.

        `this`: the question says that it is about the page of `near` and no other.
        """
        brought = search.lexical.weigh(own(question))
        page = self._corpus.place(near).page

        def fits(hit: tuple[Place, float]) -> tuple[bool, bool, float]:
            place, score = hit
            passage = place.passage
            asked = this and place.page is page
            text = " ".join((passage.heading.zh, passage.text.zh, passage.text.en))
            held = shared(text, brought, search.lexical.weigh)
            nearer = NEARER * ((place.page is page) + (place.anchor == near))
            return asked, held * 2 >= sum(brought.values()), score + nearer

        looked_at = [hit for at, hit in enumerate(ranked) if at < LOOKED_AT or hit[0].page is page]
        return sorted(looked_at, key=fits, reverse=True)

    def _once_more(self, search: Search, question: str, before: Context) -> Answer:
        """The answer before in the other language."""
        quoting = self._quoting(search, wanted_language(question))
        answer = quoting.answer(before.question, "says", [(self._corpus.place(before.anchor), 1.0)])
        return replace(answer, question=question, meant=before.question)

    def _ranked(self, found: Found) -> Ranked:
        return [(self._corpus.places[n], float(found.scores[n])) for n in found.order]

    def _judged(self, found: Found) -> Tier:
        return self._calibration.tier(found.signals) if found.scores.any() else "does not say"

    def passage(self, anchor: str, language: str = "zh") -> Answer:
        """A passage as it stands, with its sources; a page id gives the page's first passage.

        The page's other passages follow it in `passages`. Raises UnknownAnchorError.
        """
        place = self._corpus.place(anchor)
        mine = (each for each in self._corpus.places if each.page is place.page)
        rest = [each for each in mine if each.anchor != place.anchor]
        return self._quoting(self._ready(), language).section(place, rest)

    def anchors(self) -> frozenset[str]:
        """Everything `passage` knows: page ids and page#passage."""
        return frozenset(self._corpus.anchors())

    def settle(self) -> None:
        """Wait until what `warm` started is loaded, or has failed."""
        if self._warming is not None:
            self._warming.join()

    @property
    def store(self) -> Store:
        """What the vectors are searched with at present."""
        return self._ready().store

    def close(self) -> None:
        """Wait for a load under way and give the state folder up. Answers go on, from memory."""
        self.settle()
        with self._deepening:
            if self._search is not None:
                self._search = self._search.in_memory()
            if self._index is not None:
                self._index.close()

    def _ready(self) -> Search:
        quick = self._quick()
        if self._model is not None:
            self.warm()
        return self._search or quick

    def _quick(self) -> Search:
        with self._reading:
            if self._search is None:
                words = self._data / "glossary"
                material = Material(self._corpus, read_groups(words), read_outside(words))
                self._index = Index(material, self._state, self._model, self._chroma)
                self._search = self._index.quick()
            return self._search

    def _deepen(self, quick: Search) -> Search:
        with self._deepening:
            if not self._deep and self._index is not None:
                try:
                    self._search = self._index.full(quick)
                except Exception:
                    log.exception("no model stack: our own table stays in use")
                self._deep = True
            return self._search or quick

    def _warm(self) -> None:
        try:
            self._deepen(self._quick())
        except KnowledgeError as error:
            log.warning("the guidance cannot be read: %s", error)  # `ask` raises it

    @cached_property
    def _corpus(self) -> Corpus:
        return read_corpus(self._data / "guidance")

    @cached_property
    def _calibration(self) -> Calibration:
        return read_calibration(self._data / "glossary")

    @cached_property
    def _departments(self) -> Departments:
        return read_departments(self._data / "glossary")

    def _quoting(self, search: Search, language: str) -> Quoting:
        return Quoting(
            self._corpus, self._departments, self._weigh(search.lexical), language, self._clock()
        )

    def _weigh(self, lexical: LexicalIndex) -> Weigh:
        """The same sentences are weighed for one question after the other."""
        if self._weighed is None or self._weighed[0] is not lexical:
            self._weighed = lexical, lru_cache(MOST_WEIGHED)(lexical.weigh)
        return self._weighed[1]
