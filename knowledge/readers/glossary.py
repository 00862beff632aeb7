"""Reads `data/glossary/`: words that mean the same, the calibration, who knows about what."""

from pathlib import Path

from knowledge.content import Content, read
from knowledge.pages import Page
from knowledge.refusal import Calibration
from knowledge.text import Glossary


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


def read_terms(folder: Path) -> Terms:
    """Raises ContentError; an empty word is one."""
    document = read(folder / "terms.yaml", Terms)
    for index, group in enumerate(document.value.groups):
        if not all(word.strip() for word in group):
            raise document.error("an empty word", "groups", index)
    return document.value


def read_glossary(folder: Path) -> Glossary:
    return Glossary(read_terms(folder).groups)


def read_calibration(folder: Path) -> Calibration:
    return read(folder / "calibration.yaml", Calibration).value


def read_departments(folder: Path) -> Departments:
    return read(folder / "departments.yaml", Departments).value
