"""Errors of this library. "The guidance does not say" is an answer and never appears here."""

from pathlib import Path


class KnowledgeError(Exception):
    """Root of everything this library raises on purpose."""


class ContentError(KnowledgeError):
    """A guidance or glossary file is wrong. The text names file and line for whoever edits it."""

    def __init__(self, path: Path, line: int, problem: str) -> None:
        self.path, self.line, self.problem = path, line, problem
        super().__init__(f"{path}:{line}: {problem}")


class UnknownAnchorError(KnowledgeError):
    """Somebody asked for a page or passage that is not in the guidance."""

    def __init__(self, anchor: str) -> None:
        self.anchor = anchor
        super().__init__(f"no page or passage {anchor!r} in the guidance")
