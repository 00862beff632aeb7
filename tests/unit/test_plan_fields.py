"""What a plan file may not say: refused with a sentence in both languages, and where it stands."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from evaluators.content import read
from evaluators.errors import ContentError
from evaluators.sending.limits import Rules
from evaluators.sending.plan import Plan, settle

PLAIN = {
    "rate": 1,
    "claim": 0.99,
    "text": "编号 {token}",
    "signature": "到达测试",
    "caps": {"count": 1000, "rate": 10, "cost": 1},
}


def refused(folder: Path, **changes: object) -> str:
    path = folder / "plan.yaml"
    path.write_text(yaml.safe_dump(PLAIN | changes, allow_unicode=True), encoding="utf-8")
    with pytest.raises(ContentError) as found:
        read(path, Plan)
    said = str(found.value)
    assert "Value error" not in said
    assert re.search(r"[\u4e00-\u9fff]", said)
    return said


@pytest.mark.parametrize(
    ("field", "text", "named"),
    [
        ("text", "编号 {token}，{name} 您好", "{name}"),
        ("text", "编号 {token}，${code}", "{code}"),
        ("text", "编号 {token} {}", "{}"),
        ("text", "编号 {token} {", "{"),
        ("text", "编号 {token}}", "}"),
        ("text", "编号 {Token}", "{token}"),
        ("text", "编号 {token} 再说 {token}", "{token}"),
        ("text", "编号\x07 {token}", "U+0007"),
        ("text", "编号\t{token}", "U+0009"),
        ("text", "编号 {token}\r\n第二行", "U+000D"),
        ("signature", "到达{token}", "{"),
        ("signature", "【到达测试】", "【"),
        ("signature", "到达\n测试", "一行"),
        ("signature", "到达\x00测试", "U+0000"),
        ("test", "a\nb", "一行"),
        ("source", "1069\x1b", "U+001B"),
        ("timezone", "Mars/Base", "Mars/Base"),
        ("timezone", "", "''"),
        ("timezone", "../etc/passwd", "../etc/passwd"),
        ("timezone", "Asia", "Asia"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, field: str, text: str, named: str) -> None:
    """Places nobody fills in, control characters and unknown zones are named and refused."""
    said = refused(tmp_path, **{field: text})
    assert named in said
    assert field in said


def test_a_variant_is_read_as_strictly(tmp_path: Path) -> None:
    """A further text may hold no more than the first one."""
    assert "{name}" in refused(tmp_path, variants={"other": "{token} {name}"})
    assert "U+0008" in refused(tmp_path, variants={"other": {"text": "{token}\b", "length": 70}})


@pytest.mark.parametrize("text", ["一行 {token}\n两行", "👨‍👩‍👧 {token} ✅", "[{token}] 100% <b>"])
def test_what_people_write_is_taken(tmp_path: Path, text: str) -> None:
    """Lines, joined emoji, brackets and signs are ordinary text."""
    path = tmp_path / "plan.yaml"
    path.write_text(yaml.safe_dump(PLAIN | {"text": text}, allow_unicode=True), encoding="utf-8")
    assert text == read(path, Plan).text


def test_the_company_rules_name_a_zone_there_is() -> None:
    """The company's own zone is checked like a plan's."""
    assert "Europe/Berlin" == Rules(timezone="Europe/Berlin").timezone
    with pytest.raises(ValueError, match="没有时区"):
        Rules(timezone="Europe/Nowhere")


def test_a_plan_in_a_zone_of_its_own_is_timed_by_it() -> None:
    """A zone named in the plan stands; without one, the company's is taken."""
    now = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)
    own = Plan.model_validate(PLAIN | {"timezone": "Europe/Berlin"})
    assert "Europe/Berlin" == settle(own, now, timezone="Asia/Tokyo").timezone
    assert "Asia/Tokyo" == settle(Plan.model_validate(PLAIN), now, timezone="Asia/Tokyo").timezone


@pytest.mark.parametrize(
    ("field", "value", "named"),
    [
        ("throttled", [0], "slow down"),
        ("source", "abc; rm", "';'"),
        ("source", "1" * 22, "21"),
        ("panel", "everyone", "'everyone'"),
        ("rate", 1e-10, "one a day"),
        ("rate", float("inf"), "one a day"),
        ("price", float("inf"), "CNY a part"),
        ("price", 1e-9, "CNY a part"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(
    tmp_path: Path, field: str, value: object, named: str
) -> None:
    """What cannot be meant is refused with a sentence, not sent as it stands."""
    assert named in refused(tmp_path, **{field: value})
