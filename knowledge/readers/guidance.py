"""Reads `data/guidance/*.yaml` and checks the pages as a whole."""

from collections.abc import Iterable
from pathlib import Path

from knowledge.content import Document, read
from knowledge.pages import Corpus, Page


def read_corpus(folder: Path) -> Corpus:
    """Every page of the folder, in the order of the file names.

    Raises ContentError with file and line for the first thing wrong: the page's name is not the
    file's, an id appears twice, or a source, a fact or a successor does not exist.
    """
    documents = [read(path, Page) for path in sorted(folder.glob("*.yaml"))]
    for document in documents:
        _check_page(document)
    _check_whole(documents)
    return Corpus(tuple(document.value for document in documents))


def _check_page(document: Document[Page]) -> None:
    page = document.value
    if page.page != document.path.stem:
        raise document.error(f"page {page.page!r} stands in a file of another name", "page")
    for index, fact in enumerate(page.facts):
        for name in fact.sources:
            if name not in page.sources:
                raise document.error(f"no source {name!r} on this page", "facts", index, "sources")
    seen: set[str] = set()
    for index, passage in enumerate(page.passages):
        if passage.id in seen:
            raise document.error(f"passage {passage.id!r} appears twice", "passages", index, "id")
        seen.add(passage.id)


def _check_whole(documents: Iterable[Document[Page]]) -> None:
    facts: set[str] = set()
    for document in documents:
        for index, fact in enumerate(document.value.facts):
            if fact.id in facts:
                raise document.error(f"fact {fact.id!r} appears twice", "facts", index, "id")
            facts.add(fact.id)
    for document in documents:
        _check_references(document, facts)


def _check_references(document: Document[Page], facts: set[str]) -> None:
    for index, fact in enumerate(document.value.facts):
        if fact.superseded_by is not None and fact.superseded_by not in facts:
            problem = f"no fact {fact.superseded_by!r} on any page"
            raise document.error(problem, "facts", index, "superseded_by")
    for index, passage in enumerate(document.value.passages):
        for name in passage.facts:
            if name not in facts:
                raise document.error(f"no fact {name!r} on any page", "passages", index, "facts")
