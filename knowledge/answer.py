"""Questions to the guidance: an answer whose every sentence cites, or a plain refusal.

Importing this module loads nothing heavy; the first `ask`, or `warm` in the background, does.
"""

import logging
import threading
from collections.abc import Callable
from datetime import date, datetime
from functools import cache, cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

from knowledge.citation import Citation
from knowledge.dense import Store
from knowledge.errors import KnowledgeError
from knowledge.index import Index, Material
from knowledge.pages import Corpus
from knowledge.quoting import Answer, Hit, Quoting
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
from knowledge.search import Search

__all__ = ["Answer", "Citation", "Guidance", "Hit", "render", "to_json"]

LONGEST_QUESTION = 500  # characters; what comes after is no question any more

log = logging.getLogger(__name__)


def _today_in_china() -> date:
    return datetime.now(tz=ZoneInfo("Asia/Shanghai")).date()


class Guidance:
    """Answers from the pages of one data folder. May be shared between threads.

    Our own table answers as soon as it is read, with the very vectors the model stack gives;
    a chosen model is waited for. Where the model stack cannot be loaded the table stays in use.
    """

    def __init__(
        self, data: Path, state: Path, *, model: str | None, clock: Callable[[], date]
    ) -> None:
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
    ) -> "Guidance":
        """Cheap, reads nothing yet. `data` holds guidance/ and glossary/; `state` is writable.

        `model` is a folder or a hub name sentence-transformers can load; None is our own table.
        """
        return cls(data, state, model=model, clock=clock)

    def warm(self) -> None:
        """Start loading everything in the background; calling it again does nothing."""
        if self._warming is None:
            self._warming = threading.Thread(target=self._warm, name="guidance", daemon=True)
            self._warming.start()

    def ask(self, question: str, language: str = "zh") -> Answer:
        """The answer, waiting for what it needs. Raises ContentError when a page is wrong."""
        question = question.strip()[:LONGEST_QUESTION]
        search = self._ready()
        found = search.find(question)
        ranked = [(self._corpus.places[n], float(found.scores[n])) for n in found.order]
        nothing = not found.scores.any()
        tier: Tier = "does not say" if nothing else self._calibration.tier(found.signals)
        return self._quoting(search, language).answer(question, tier, ranked)

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
        return self._deepen(quick) if self._model is not None else self._search or quick

    def _quick(self) -> Search:
        with self._reading:
            if self._search is None:
                words = self._data / "glossary"
                material = Material(self._corpus, read_groups(words), read_outside(words))
                self._index = Index(material, self._state, self._model)
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
        weigh = cache(search.lexical.weigh)
        return Quoting(self._corpus, self._departments, weigh, language, self._clock())
