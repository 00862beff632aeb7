"""Every personality in data/personalities can be read, says what it is, and can be repeated."""

import random
from pathlib import Path

import pytest

from evaluators.errors import ContentError
from evaluators.simulator.numbers import CARRIERS, dead_number, foreign_number, simulated_number
from evaluators.simulator.personality import load, load_all
from evaluators.simulator.vendor import Fate, Submission, Vendor

FOLDER = Path(__file__).parents[2] / "data" / "personalities"
EVERYBODY = load_all(FOLDER)
STATE_LETTERS = 7  # what CMPP and SMGP have room for


def fates(name: str) -> list[Fate]:
    vendor = Vendor(EVERYBODY[name], random.Random(5))
    to = [simulated_number(CARRIERS[n % 3], 850 + n // 3) for n in range(300)]
    to += [dead_number("cmcc", 1), foreign_number("SE", 3), "123"]
    return [vendor.fate(Submission(number, "1069", "【测试】你好"), 0.01) for number in to]


@pytest.mark.parametrize("name", EVERYBODY)
def test_the_same_seed_gives_the_same_fates(name: str) -> None:
    """A simulated run can be repeated exactly."""
    assert fates(name) == fates(name)


@pytest.mark.parametrize("name", EVERYBODY)
def test_every_personality_says_what_it_is(name: str) -> None:
    """Title and description are there in both languages, and no two vendors look the same."""
    personality = EVERYBODY[name]
    texts = [personality.title.zh, personality.title.en]
    assert all([*texts, personality.describes.zh, personality.describes.en])
    assert not {each.title for each in EVERYBODY.values() if each.name != name} & {
        personality.title
    }


@pytest.mark.parametrize("name", EVERYBODY)
def test_every_code_fits_every_protocol(name: str) -> None:
    """States are seven letters at most, as CMPP and SMGP have them."""
    receipts = EVERYBODY[name].receipts
    codes = [*(code for each in receipts.codes.values() for code in each)]
    assert all(0 < len(code) <= STATE_LETTERS for code in [*codes, EVERYBODY[name].opt_out.code])


def test_a_personalitys_file_is_called_as_it_is(tmp_path: Path) -> None:
    """A file whose name is not its personality's is an error naming file and line."""
    text = (FOLDER / "honest.yaml").read_text(encoding="utf-8")
    (tmp_path / "other.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ContentError, match="not the file's name"):
        load(tmp_path / "other.yaml")


def test_a_slower_half_than_the_95_percent_is_an_error(tmp_path: Path) -> None:
    """A latency whose p95 lies below its median cannot be read."""
    text = (FOLDER / "honest.yaml").read_text(encoding="utf-8")
    (tmp_path / "honest.yaml").write_text(text + "handsets: {median_s: 5, p95_s: 1}\n", "utf-8")
    with pytest.raises(ContentError, match="p95_s"):
        load(tmp_path / "honest.yaml")
