"""What says who somebody is does not leave the machine."""

import pytest

from knowledge.masking import masked


@pytest.mark.parametrize(
    ("text", "seen"),
    [
        ("打 13800000001 找王经理", "打 *********** 找王经理"),
        ("138-0000-0001", "*************"),
        ("+86 138 0000 0001。", "*****************。"),
        ("１３８０００００００１", "***********"),
        ("座机 010-80000000 转 8", "座机 ************ 转 8"),
        ("客服 400-000-0000", "客服 ************"),
        ("call +44 7000 000000 now", "call *************** now"),
        ("一三八零零零零零零零一", "***********"),
        ("写信给 wang@example.com 吧", "写信给 **************** 吧"),
    ],
)
def test_personal_numbers_are_hidden_in_place(text: str, seen: str) -> None:
    """Phone numbers however written and mail addresses become as many asterisks."""
    assert seen == masked(text)
    assert len(text) == len(masked(text))


@pytest.mark.parametrize(
    "text",
    [
        *("发送号码 10690123456789", "到达率 98.5%，1000 条", "2026-11-22 起", "0.045 元"),
        *("经营许可证 B2-20200001", "p95 不超过 10 秒"),
    ],
)
def test_what_the_checklist_asks_for_stays(text: str) -> None:
    """Sender numbers, rates, dates, prices and licence numbers are not hidden."""
    assert text == masked(text)
