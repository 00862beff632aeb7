"""What was noted of filing with a connection, in the form of today and in the one before."""

from datetime import UTC, datetime

from bot.store.sends import file, filed
from bot.store.tables import Connection


def line(noted: dict[str, object]) -> Connection:
    return Connection(name="real", filed=noted, created_at=datetime(2026, 11, 22, tzinfo=UTC))


def test_signatures_and_texts_are_noted_apart() -> None:
    """Noting one leaves the other; the newest word on the same one counts."""
    row = line({})
    assert ({}, None) == filed(row)
    file(row, "示例", "", ["cmcc"])
    assert ({"示例": ["cmcc"]}, None) == filed(row)
    file(row, "示例", "arrival/text", ["cmcc", "cucc"])
    file(row, "示例", "text", ["ctcc"])
    file(row, "示例", "text", [])
    assert ({"示例": ["cmcc"]}, {"arrival/text": ["cmcc", "cucc"], "text": []}) == filed(row)


def test_what_an_earlier_version_noted_is_read() -> None:
    """It kept the signatures alone, whatever they were called, and goes on from there."""
    row = line({"signatures": ["cmcc"]})
    assert ({"signatures": ["cmcc"]}, None) == filed(row)
    file(row, "示例", "text", ["cucc"])
    assert ({"signatures": ["cmcc"]}, {"text": ["cucc"]}) == filed(row)
