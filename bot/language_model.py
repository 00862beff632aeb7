"""The language model that the settings name."""

from typing import TYPE_CHECKING

from bot.settings import Settings

if TYPE_CHECKING:
    from knowledge.llm import Model
    from knowledge.proposing import Proposer


def opened(settings: Settings) -> "tuple[Model | None, Proposer | None]":
    """Who may put answers into words and read notes; nobody where none is set up."""
    if not settings.llm:
        return None, None
    from knowledge.llm import Model
    from knowledge.proposing import Proposer

    model = Model.open(settings.llm)
    return model, Proposer(model)
