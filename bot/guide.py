"""The guidance as the conversation asks it; loaded in the background, waited for when needed."""

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from bot import unanswered
from bot.dialogue.case import Case
from bot.dialogue.consulting import Told
from bot.papers_of_case import Filed, LeftOut
from knowledge.context import NOTHING, Context, wanted_language

if TYPE_CHECKING:
    from knowledge import phrasing
    from knowledge.llm import Model
    from knowledge.quoting import Answer

log = logging.getLogger(__name__)
PapersOf = Callable[[Case], Filed | None]


def _no_papers(case: Case) -> None:
    """Nothing was handed in, or nothing reads it."""


def _worth_saying(papers: Filed, answer: "Answer") -> LeftOut:
    """What can never be read is said where papers matter: under every answer it would be noise."""
    matters = answer.refused or bool(answer.papers)
    return tuple((name, why) for name, why in papers.left_out if why is None or matters)


class LazyGuide:
    """Opens the guidance library on a background thread or on the first question."""

    def __init__(
        self,
        data: Path,
        state: Path,
        model: str | None = None,
        *,
        papers: PapersOf = _no_papers,
        speaker: "Model | None" = None,
        chroma: str | None = None,
    ) -> None:
        self._chroma = chroma
        self._close: Callable[[], None] = lambda: None
        self._data, self._state, self._model, self._papers = data, state, model, papers
        self._opening, self._speaker = threading.Lock(), speaker
        self._guidance: phrasing.Guidance | None = None

    def warm(self) -> None:
        """Start loading behind the conversation."""
        if self._speaker is not None:  # takes seconds too, and pasted notes may come first
            self._speaker.warm()
        threading.Thread(target=self._open, name="guide", daemon=True).start()

    def _open(self) -> "phrasing.Guidance":
        with self._opening:
            if self._guidance is None:
                from knowledge.answer import Guidance

                guidance = Guidance.open(self._data, self._state, self._model, chroma=self._chroma)
                guidance.warm()
                self._close = guidance.close
                self._guidance = self._spoken(guidance)
            return self._guidance

    def _spoken(self, guidance: "phrasing.Guidance") -> "phrasing.Guidance":
        """With a language model, answers are put into its words where those hold."""
        if self._speaker is None:
            return guidance
        from knowledge.phrasing import Phrased

        return Phrased(guidance, self._speaker)

    def consult(
        self, question: str, language: str, context: Context, case: Case | None = None
    ) -> Told:
        """The answer with its sources, or that the guidance does not say, which is noted."""
        from knowledge.render import not_searched, render

        papers = self._papers(case) if case is not None else None
        answer = self._open().ask(question, language, context=context, papers=papers)
        leans = context.anchor and not answer.refused
        spoken = wanted_language(question) or language if leans else language
        text = render(answer, spoken)
        if papers is not None and (left_out := _worth_saying(papers, answer)):
            text += "\n" + not_searched(left_out, spoken)
        if answer.refused:
            unanswered.note(self._state, question, [hit.id for hit in answer.passages[:2]])
            return Told(text)
        return Told(text, answer.passages[0].id, answer.meant, answer.tier == "says")

    def close(self, patience_s: float | None = None) -> None:
        """Give the state folder up. A load under way is waited for `patience_s` at most."""
        closing = threading.Thread(target=self._closed, name="closing the guide", daemon=True)
        closing.start()
        closing.join(patience_s)

    def _closed(self) -> None:
        with self._opening:
            try:
                self._close()
            except Exception:  # whoever ends has nobody left to tell
                log.exception("the guidance could not be closed")

    def explain(self, anchor: str, language: str) -> Told:
        """The passage behind an anchor with its sources, for `why`."""
        from knowledge.errors import UnknownAnchorError
        from knowledge.render import render

        guidance = self._open()
        try:
            answer = guidance.passage(anchor, language)
        except UnknownAnchorError:  # a name somebody typed: then it is a question
            return self.consult(anchor, language, NOTHING)
        return Told(render(answer, language), answer.passages[0].id, answer.question)
