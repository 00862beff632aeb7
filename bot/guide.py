"""The guidance as the conversation asks it; loaded in the background, waited for when needed."""

import logging
import threading
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from knowledge.answer import Guidance

log = logging.getLogger(__name__)


class LazyGuide:
    """Opens the guidance library on a background thread or on the first question."""

    def __init__(self, data: Path, state: Path, model: str | None = None) -> None:
        self._data, self._state, self._model = data, state, model
        self._opening = threading.Lock()
        self._guidance: Guidance | None = None

    def warm(self) -> None:
        """Start loading behind the conversation."""
        threading.Thread(target=self._open, name="guide", daemon=True).start()

    def _open(self) -> "Guidance":
        with self._opening:
            if self._guidance is None:
                from knowledge.answer import Guidance

                self._guidance = Guidance.open(self._data, self._state, self._model)
                self._guidance.warm()
            return self._guidance

    def consult(self, question: str, language: str) -> str:
        """The answer with its sources, or that the guidance does not say."""
        from knowledge.render import render

        return render(self._open().ask(question, language), language)

    def explain(self, anchor: str, language: str) -> str:
        """The passage behind an anchor with its sources, for `why`."""
        from knowledge.errors import UnknownAnchorError
        from knowledge.render import render

        guidance = self._open()
        try:
            return render(guidance.passage(anchor, language), language)
        except UnknownAnchorError:  # a name somebody typed: then it is a question
            return render(guidance.ask(anchor, language), language)
