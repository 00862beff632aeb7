"""Errors of this library. A vendor's refusal is data and never appears here."""

from pathlib import Path


class EvaluatorsError(Exception):
    """Root of everything this library raises on purpose."""


class ContentError(EvaluatorsError):
    """A content file is wrong. The text names file and line for whoever edits it."""

    def __init__(self, path: Path, line: int, problem: str) -> None:
        self.path, self.line, self.problem = path, line, problem
        super().__init__(f"{path}:{line}: {problem}")
