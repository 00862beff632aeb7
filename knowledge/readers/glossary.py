"""Reads `data/glossary/`: what goes by several names, what is not treated, whom to ask instead."""

from pathlib import Path

from knowledge.content import Bilingual, Content, read
from knowledge.pages import Page
from knowledge.refusal import Calibration


class Terms(Content):
    """`terms.yaml`: each group is one concept under its different names."""

    groups: tuple[tuple[str, ...], ...]


class Departments(Content):
    """`departments.yaml`: whom to ask; a page's own id counts before its checklist sections."""

    technical: tuple[str, ...]
    legal: tuple[str, ...]
    business: tuple[str, ...]

    def of(self, page: Page) -> str:
        """`technical`, `legal` or `business`; business when nothing is said."""
        for name in (page.page, *page.sections):
            for department in ("technical", "legal", "business"):
                if name in getattr(self, department):
                    return department
        return "business"


class Topic(Content):
    """Questions on one topic that no page treats."""

    name: Bilingual
    questions: tuple[str, ...]


class Outside(Content):
    """`outside.yaml`: what is asked and not answered here."""

    topics: tuple[Topic, ...]


def read_groups(folder: Path) -> tuple[tuple[str, ...], ...]:
    """Raises ContentError; an empty word is one."""
    document = read(folder / "terms.yaml", Terms)
    for index, group in enumerate(document.value.groups):
        if not all(word.strip() for word in group):
            raise document.error("an empty word", "groups", index)
    return document.value.groups


def read_outside(folder: Path) -> tuple[str, ...]:
    topics = read(folder / "outside.yaml", Outside).value.topics
    return tuple(question for topic in topics for question in topic.questions)


def read_calibration(folder: Path) -> Calibration:
    return read(folder / "calibration.yaml", Calibration).value


def read_departments(folder: Path) -> Departments:
    return read(folder / "departments.yaml", Departments).value
