"""The checklist in `data/` as a whole: complete, bilingual, and every reference resolves."""

import re
from pathlib import Path

import pytest

from bot.settings import CONTENT
from evaluators.checklist import Checklist, Item, load
from evaluators.errors import ContentError
from knowledge.readers.guidance import read_corpus

# Rows that inform or are functions of the product itself; every other row is asked about.
NOT_ASKED = {
    *("R001", "R002", "R003", "R017", "R018", "R030", "R058", "R063"),
    *("R059", "R060", "R061", *(f"R{n:03}" for n in range(64, 72)), "R094"),
}
ASKED = {f"R{n:03}" for n in range(1, 97)} - NOT_ASKED
CHECKLIST = load(CONTENT / "checklist")
ITEMS = list(CHECKLIST.items())


@pytest.fixture(scope="module")
def checklist() -> Checklist:
    return CHECKLIST


def test_all_76_actionable_rows_are_items(checklist: Checklist) -> None:
    """Each of the 76 actionable requirements is served by exactly one item."""
    served = [row for item in checklist.items() for row in item.requires]
    assert sorted(ASKED) == sorted(served)
    assert 76 == len(served)


@pytest.mark.parametrize("item", ITEMS, ids=[item.id for item in ITEMS])
def test_item_speaks_both_languages(item: Item) -> None:
    """Every text of an item is there in Chinese and in English."""
    texts = [item.ask, item.why, item.evidence.wanted, item.weak.ask]
    texts += [text for warning in item.warnings for text in (warning.means, warning.ask_next)]
    for text in texts:
        assert re.search(r"[\u4e00-\u9fff]", text.zh), text.zh
        assert text.en.strip()
        assert not re.search(r"[\u4e00-\u9fff]", _without_quotes(text.en)), text.en


def _without_quotes(text: str) -> str:
    """English may quote a Chinese term it explains."""
    return re.sub(r"[「“\"'(（《][^」”\"')）》]*[」”\"')）》]", "", text)


def test_guidance_behind_items_exists(checklist: Checklist) -> None:
    """Every anchor of an item and of a warning leads to a guidance passage."""
    known = set(read_corpus(CONTENT / "guidance").anchors())
    wanted = {anchor for item in checklist.items() for anchor in item.guidance}
    wanted |= {w.source for item in checklist.items() for w in item.warnings}
    assert set() == wanted - known


def test_warning_patterns_compile(checklist: Checklist) -> None:
    """No warning holds a regular expression that cannot be read."""
    for item in checklist.items():
        for warning in item.warnings:
            for pattern in (warning.when.matches, warning.when.not_matches):
                assert re.compile(pattern or "")


def test_prescreen_covers_its_eight_rows(checklist: Checklist) -> None:
    """The ten-minute call asks about the rows with the most to tell, in eight steps."""
    steps = [
        {row for item in step.items for row in checklist.by_id[item].requires}
        for step in checklist.prescreen.steps
    ]
    told = ({"R004", "R084"}, {"R013", "R044"}, {"R006"}, {"R019"}, {"R082"})
    told += ({"R075", "R076"}, {"R033"}, {"R091"})
    assert list(told) == steps


def test_a_content_error_names_file_and_line(tmp_path: Path) -> None:
    """Whoever edits a question wrongly is told the file and the line."""
    folder = tmp_path / "checklist"
    sections = folder / "sections"
    sections.mkdir(parents=True)
    source = (CONTENT / "checklist/sections/6-decision.yaml").read_text(encoding="utf-8")
    broken = source.replace("dimension: ", "dimension: wrong-", 1)
    line = broken[: broken.index("wrong-")].count("\n") + 1
    (sections / "6-decision.yaml").write_text(broken, encoding="utf-8")
    with pytest.raises(ContentError) as caught:
        load(folder)
    assert f"6-decision.yaml:{line}:" in str(caught.value)
