"""The fitted table."""

from pathlib import Path

import numpy as np
import pytest

from knowledge.embedding import Table, fit
from knowledge.text import Apart, Glossary

TEXTS = [
    *("签名报备要几天", "签名多久能批", "报备的签名失效", "许可证到官网查", "许可证号的样式"),
    *(
        "官网查不到许可证",
        "回执不等于收到",
        "状态报告是谁给的",
        "回执由运营商给",
        "records of sending",
    ),
    *("how long are records kept", "records are deleted"),
]
GLOSSARY = Glossary([["回执", "状态报告", "receipt"]])
APART = [Apart.of(text, GLOSSARY) for text in TEXTS]


@pytest.fixture(scope="module")
def table() -> Table:
    return fit(APART, GLOSSARY, dimensions=6)


def test_near_meanings_are_near(table: Table) -> None:
    """Words of one topic lie nearer to each other than to another topic's."""
    signature, licence, approval = table.embed(["签名报备", "许可证样式", "签名批"])
    assert signature @ approval > signature @ licence


def test_a_concept_joins_its_words(table: Table) -> None:
    """Two names of one thing, without a common character, are near."""
    receipt, report, licence = table.embed(["回执", "状态报告", "许可证"])
    assert receipt @ report > receipt @ licence + 0.1


def test_vectors_have_length_one_or_none(table: Table) -> None:
    """A known text has length 1; one without a known term is all zeros."""
    known, unknown, empty = table.embed(["签名", "qqq", ""])
    assert 1.0 == pytest.approx(float(np.linalg.norm(known)), abs=1e-6)
    assert not unknown.any()
    assert not empty.any()


def test_the_same_texts_give_the_same_table(table: Table) -> None:
    """Fitting again gives the same vectors, so that answers do not change by rebuilding."""
    again = fit(APART, GLOSSARY, dimensions=6)
    assert table.vocabulary == again.vocabulary
    np.testing.assert_allclose(table.rows, again.rows, atol=1e-5)


def test_a_table_comes_back_from_disk(table: Table, tmp_path: Path) -> None:
    """What was saved gives exactly the vectors it gave before."""
    table.save(tmp_path)
    back = Table.load(tmp_path, GLOSSARY)
    np.testing.assert_array_equal(table.embed(TEXTS), back.embed(TEXTS))


def test_few_texts_get_few_dimensions() -> None:
    """A handful of texts is enough to fit on."""
    plain = Glossary([])
    few = [Apart.of(text, plain) for text in ("签名报备", "签名失效", "许可证")]
    small = fit(few, plain)
    assert 2 == small.embed(["签名"]).shape[1]
