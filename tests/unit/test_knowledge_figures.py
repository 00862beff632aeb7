"""Figures with their units, in digits, in Chinese, and in words."""

import pytest

from knowledge.figures import Figure, figures


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("记录要存五个月", {Figure(5, "month")}),
        ("半年", {Figure(6, "month")}),
        ("一年", {Figure(12, "month")}),
        ("6 months or two months", {Figure(6, "month"), Figure(2, "month")}),
        ("百分之九十八", {Figure(98, "percent")}),
        ("98%", {Figure(98, "percent")}),
        ("日常流量的两倍，即 200%", {Figure(200, "percent")}),
        ("十五分钟", {Figure(900, "second")}),
        ("within 2 hours", {Figure(7200, "second")}),
        ("0.035–0.045 元/条", {Figure(0.035, "yuan"), Figure(0.045, "yuan")}),
        ("3–5、7 个工作日", {Figure(3, "workday"), Figure(5, "workday"), Figure(7, "workday")}),
        ("10 万条", {Figure(100000, "条")}),
        ("一万二千条", {Figure(12000, "条")}),
        ("1,000 条", {Figure(1000, "条")}),
        ("four backup channels", {Figure(4, "条")}),
        ("at 10, 20 and 30 days", {Figure(86400 * days, "second") for days in (10, 20, 30)}),
        ("88.6% for 300 and 82.7%", {Figure(88.6, "percent"), Figure(82.7, "percent")}),
        ("98% takes 149, 99% 299", {Figure(98, "percent"), Figure(99, "percent")}),
    ],
)
def test_a_figure_is_read_in_its_basic_unit(text: str, expected: set[Figure]) -> None:
    """However it is written, one quantity is one figure."""
    assert expected == figures(text)


@pytest.mark.parametrize(
    "text", ["2026-05-01", "2026年5月1日", "7×24", "三网", "SMPP 3.4", "D1–D8", ""]
)
def test_what_has_no_unit_is_no_figure(text: str) -> None:
    """Dates, names and versions are not quantities."""
    assert frozenset() == figures(text)


def test_things_counted_are_not_measured() -> None:
    """`三家` is a count; a duration, a share or a price is measured."""
    assert [False, True] == [next(iter(figures(t))).measured for t in ("三家", "三天")]
