"""Only what clearly is a consent lists a number."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot import consent, numbers
from bot.__main__ import main
from bot.errors import UserError
from bot.settings import load
from bot.store import listed, sends
from bot.store.database import Database
from bot.store.tables import Number

HEAD = "number,carrier,owner,consent,consented_on"
NO = [
    *("no", "No.", "NONE", "n", "N/A", "nil", "false", "0", "-", "?", "…", "x", "2026-11-01"),
    *("not yet", "no consent", "withdrawn 2026-11-20", "consent withdrawn", "refused", "revoked"),
    *("Zoe said no", "disagrees", "unwilling", "on hold", "他没答应", "还没签", "本人不想"),
    *("declined", "pending", "rejected", "does not agree", "did not answer", "awaiting reply"),
    *("tbd", "opted out", "unknown", "he hasn't signed", "expired 2025"),
    *(
        "否",
        "不同意",
        "拒绝",
        "无",
        "没有",
        "撤回",
        "已撤回",
        "待定",
        "未签",
        "尚未回复",
        "本人不愿意",
    ),
    *("口头同意?", "已退订", "同意已取消", "撤销同意", "ｎｏ"),
]
YES = [
    *(
        "signed",
        "signed form 12",
        "No. 12, signed",
        "书面同意",
        "本人签字同意",
        "mail of 2026-11-01",
    ),
    *(
        "口头同意,经理在场",
        "Lin agreed by mail",
        "employment contract, annex 3",
        "simulated handset",
    ),
]
GIVEN = "10000000001,cmcc,Zoe,{},{}"


def file(tmp_path: Path, said: str, day: str = "2026-11-01") -> Path:
    path = tmp_path / "v.csv"
    path.write_text(f"{HEAD}\n{GIVEN.format(said, day)}\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("said", NO)
def test_a_no_lists_nobody(tmp_path: Path, said: str) -> None:
    """A refusal, a withdrawal or an open question is refused with its file and line."""
    assert consent.denied(said)
    with pytest.raises(UserError, match=r"v\.csv:2: consent says"):
        list(numbers.read(file(tmp_path, f'"{said}"')))


@pytest.mark.parametrize("said", YES)
def test_a_consent_that_says_how_lists_its_number(tmp_path: Path, said: str) -> None:
    """What says how somebody agreed is a consent."""
    assert ["10000000001"] == [number for number, _ in numbers.read(file(tmp_path, f'"{said}"'))]


@pytest.mark.parametrize("said", ["yes", "同意", "是", "OK", "1", "agreed"])
def test_a_bare_yes_is_asked_how(tmp_path: Path, said: str) -> None:
    """A yes alone cannot be shown to anybody who asks, so it is refused."""
    with pytest.raises(UserError, match="consent says"):
        list(numbers.read(file(tmp_path, said)))


@pytest.mark.parametrize("day", ["", "soon", "2026-13-01", "FUTURE"])
def test_a_consent_has_a_day_that_has_been(tmp_path: Path, day: str) -> None:
    """No date and a date to come are refused."""
    later = (datetime.now(UTC) + timedelta(days=2)).date().isoformat()
    with pytest.raises(UserError, match="consented_on"):
        list(numbers.read(file(tmp_path, "signed", day.replace("FUTURE", later))))


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Database:
    monkeypatch.setenv("SMSVET_HOME", str(tmp_path / "home"))
    opened = Database.open(load({"SMSVET_HOME": str(tmp_path / "home")}))
    yield opened
    opened.close()


def test_a_withdrawal_retires_at_once_until_a_new_consent(
    tmp_path: Path, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    """A listed number that comes again with a no is retired; only a later consent lists it."""

    def add(said: str, day: str, *more: str) -> str:
        assert 0 == main(["panel", "add", str(file(tmp_path, said, day)), *more])
        return capsys.readouterr().out

    def usable() -> int:
        with database.read() as sql:
            return sends.usable(sql, simulated=False)

    assert "1 added" in add("signed", "2026-11-01")
    assert 1 == usable()
    assert "100****0001: consent withdrawn" in add("withdrawn 2026-11-20", "")
    assert 0 == usable()
    again = add("signed", "2026-11-01")
    assert "0 added, 0 were listed already" in again
    assert "100****0001 is retired and stays so" in again
    assert "--anew" in again
    assert "stays so" in add("signed", "2026-11-01", "--anew")  # the old consent is no new one
    assert 0 == usable()
    assert "1 listed anew" in add("signed", datetime.now(UTC).date().isoformat(), "--anew")
    assert 1 == usable()


@pytest.mark.parametrize("said", ["", "no", "拒绝", "withdrawn"])
def test_a_stored_no_is_not_texted(database: Database, said: str) -> None:
    """Whoever listed it and however: a number whose consent says no is not among the allowed."""
    with database.write() as sql:
        row = Number(blind="", carrier="cmcc", consent=said, consented_at=datetime.now(UTC))
        sends.add_numbers(sql, database.vault, [("10000000001", row)])
        assert [] == listed.allowed(sql, simulated=False)
        assert 0 == sends.usable(sql, simulated=False)
