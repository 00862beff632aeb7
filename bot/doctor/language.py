"""The language model: whether one is set up, can be reached, and fills in a form as asked."""

import time
from typing import Any

from bot.doctor.check import Check
from bot.settings import Settings

NAME, GUIDE = "language model", "docs/language-models.md"
PATIENCE_S = 20.0  # longer than a conversation would wait, so that what is slow is seen as slow


def examine(settings: Settings, **options: Any) -> Check:
    """Ask it one short thing; `options` go to LangChain, as a test's base URL does."""
    if not settings.llm:
        return Check(NAME, True, f"none is set up, and none is needed; {GUIDE} says how")
    from knowledge.forms import Form
    from knowledge.llm import DEADLINE_S, Model

    word = {"type": "string"}
    schema = {"type": "object", "properties": {"word": word}, "required": ["word"]}
    form = Form("greeting", {**schema, "additionalProperties": False})
    model = Model.open(settings.llm, PATIENCE_S, **options)
    model.load()
    began = time.monotonic()
    found = model.ask("Fill in any greeting.", "Hello", form)
    took = time.monotonic() - began
    if found is None:
        advice = f"everything works without it; {GUIDE} says which variables its provider needs"
        return Check(NAME, False, f"{settings.llm}: {model.trouble}", advice)
    advice = f"answers fall back after {DEADLINE_S:g} s: choose a faster model ({GUIDE})"
    return Check(NAME, took < DEADLINE_S, f"{settings.llm} answers in {took:.1f} s", advice)
