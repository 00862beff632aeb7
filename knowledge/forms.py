"""Forms a language model may fill in, and whoever may be asked to: all that others know of it."""

from dataclasses import dataclass
from typing import Any, Protocol

Filled = dict[str, Any]
CHOICES = ("yes", "no", "partly")  # what notes may say to a question without words of their own


@dataclass(frozen=True)
class Form:
    """What is to be filled in: a name of its own and a JSON schema of kind `object`.

    `patience`: how many times the usual deadline it may take; a long one is long to write.
    """

    name: str
    schema: dict[str, Any]
    patience: float = 1.0

    def fits(self, filled: object) -> bool:
        """Whether it has the fields it must have; what is in them is for the caller to check."""
        return isinstance(filled, dict) and set(self.schema["required"]) <= set(filled)


class Asked(Protocol):
    """Whoever may be asked: a model, or a stand-in for one."""

    def ask(
        self, task: str, material: str, form: Form, *, within: float | None = None
    ) -> Filled | None: ...


@dataclass(frozen=True)
class Wanted:
    """A question the notes may answer; `takes` says in words what an answer is, `options` by id."""

    number: int
    ask: str
    takes: str
    options: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proposal:
    """What the notes seem to say to question `number`, and where: nobody has confirmed it."""

    number: int
    reading: str
    quote: str
