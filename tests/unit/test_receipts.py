"""The dictionary of receipt codes."""

import pytest

from bot.settings import CONTENT
from evaluators.protocols.sgip import pdus
from evaluators.protocols.sgip.receipt import state
from evaluators.receipts import Dictionary, load
from evaluators.sending.metrics import summarise
from tests.unit.send_rows import LOST, plan, row

CODES = load(CONTENT / "receipts")


@pytest.mark.parametrize(
    ("state", "code", "carrier", "kind", "sources"),
    [
        ("DELIVRD", "000", "cmcc", "arrived", 1),
        ("UNDELIV", "MK:0013", "cmcc", "unclear", 5),  # five sources, five meanings
        ("UNDELIV", "MA:0001", "cmcc", "network", 1),
        ("UNDELIV", "001", "ctcc", "user-temporary", 1),
        ("UNDELIV", "001", "cmcc", "unknown", 1),  # a Telecom code says nothing at Mobile
        ("UNDELIV", "25", "cucc", "user-temporary", 1),
        ("UNDELIV", "28", "cucc", "unknown", 1),  # its specification does not say whose fault
        ("UNDELIV", "25", "cmcc", "unknown", 1),  # a Unicom code says nothing at Mobile
        ("UNKNOWN", "999", "ctcc", "unknown", 1),
        ("EXPIRED", "", "", "unknown", 2),
        ("ACCEPTD", "", "", "unclear", 2),
        ("WHAT", "ZZ:0001", "", "unknown", 0),
        ("MK:0013", "005", "ctcc", "unclear", 5),  # the state is the code itself
    ],
)
def test_a_code_is_read_by_its_sources(
    state: str, code: str, carrier: str, kind: str, sources: int
) -> None:
    """A code has a class only where its sources agree, and keeps every reading."""
    made = CODES.read(state, code, carrier)
    assert (kind, sources) == (made.kind, len(made.rows))


@pytest.mark.parametrize("code", range(21, 34))
def test_every_error_of_an_sgip_report_has_a_meaning(code: int) -> None:
    """The codes that the specification of SGIP gives reports have a sourced meaning at Unicom."""
    found = CODES.read(state(pdus.FAILED), str(code), "cucc").rows
    assert [str(code)] == [row.code for row in found]
    assert ["standard"] == [row.confidence for row in found]


def test_conflicting_meanings_are_all_kept() -> None:
    """MK:0013 keeps its five meanings, each with its source."""
    rows = CODES.read("UNDELIV", "MK:0013").rows
    assert 5 == len({row.meaning.zh for row in rows}) == len({row.source.zh for row in rows})


def test_doubtful_codes_improve_no_rate() -> None:
    """Only numbers that every source calls not in use are left out of D4 and D5."""
    rows = [
        row(0),
        row(1, carrier="ctcc", receipt="UNDELIV", receipt_code="004", **LOST),
        row(2, receipt="UNDELIV", receipt_code="MK:0013", **LOST),
        row(3, receipt=None, **LOST),
    ]
    made = summarise(rows, plan(), closed=True, invalid=CODES.invalid)
    found = made.definitions["D4"]
    assert found
    assert (1, 3) == (found.count, found.of)


def test_an_empty_dictionary_knows_nothing() -> None:
    """Without rows every code is unknown."""
    assert "unknown" == Dictionary(()).read("DELIVRD").kind
