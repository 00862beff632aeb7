"""What people type, row by row, and what is read from it."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from evaluators.answers import (
    Parsed,
    Refused,
    looks_like_question,
    meets,
    parse,
    satisfaction,
    warnings,
)
from evaluators.checklist import Item
from evaluators.content import Bilingual

NOW = date(2026, 11, 22)


def words(text: str) -> dict[str, str]:
    return {"zh": text, "en": text}


def item(warned: tuple[dict[str, Any], ...] = (), **value: Any) -> Item:
    return Item.model_validate(
        {
            "id": "an-item",
            "requires": ["R001"],
            "part": "p",
            "dimension": "delivery",
            "who": ["technical"],
            "ask": words("?"),
            "why": words("!"),
            "weight": 1,
            "value": value or None,
            "evidence": {"wanted": words("x"), "at_most": "measured"},
            "verify": ["question"],
            "guidance": ["g"],
            "weak": {"ask": words("?")},
            "warnings": list(warned),
        }
    )


OPTIONS = (
    {"id": "submit", "label": {"zh": "提交计费", "en": "on submit"}, "meets": 0.2},
    {"id": "receipt", "label": {"zh": "回执成功计费", "en": "on receipt"}, "meets": 1},
    {"id": "vague", "label": {"zh": "含糊", "en": "vague"}, "meets": 0},
)
ITEMS = {
    "choice": item(),
    "price": item(kind="price"),
    "share": item(kind="percent", points=[[50, 0], [70, 1]]),
    "reply": item(
        kind="duration",
        unit={"zh": "分钟", "en": "minutes"},
        points=[[900, 1], [3600, 0]],
    ),
    "length": item(kind="duration"),
    "count": item(kind="number", unit={"zh": "条", "en": "channels"}, most=1_000_000),
    "months": item(kind="number", unit={"zh": "个月", "en": "months"}, points=[[5, 0], [6, 1]]),
    "workdays": item(kind="number", unit={"zh": "个工作日", "en": "working days"}),
    "yearly": item(kind="number", unit={"zh": "次(近 12 个月)", "en": "drills in 12 months"}),
    "reserve": item(kind="number", unit={"zh": "%", "en": "%"}, least=10),
    "option": item(kind="choice", options=OPTIONS),
    "text": item(kind="text"),
    "date": item(kind="date"),
}

CHOICES = {
    "yes": """
        是 对 有 可以 满足 yes y ok ＯＫ Okay 是的 对的 有的 好的 行 会的 嗯 没问题
        没有问题 没错 不错 支持 同意 能做到 三网都有 他们说有 應該有 對 ✓ 有一个备用
        yep 应该有吧 合同里写了 可以提供 有，不知道几家 he·said·yes yes·they·do
        of·course 是的呢 当然 已签 接受 有监控平台
    """,
    "no": """
        否 不 没有 不行 no n 沒有 无 还没 还没有呢 暂时没有 不支持 不同意 合同没写
        做不到 什么都没有 nope 冇 not·yet they·don't 没签 不需要加白 他们说没有
        we·don't·have·it 不是 ✗ 没有，以后再说 不提供
    """,
    "partly": """
        部分 一部分 差不多有 partly 大部分有 基本满足 不完全是 有时候 partial 不是全部
        not·all·of·them sort·of 有，但是不全 有的有有的没有 一半
    """,
    "na": """
        不适用 无需 n/a na N/A 不適用 不需要 没这个需求 not·applicable
        不涉及，我们没有国际业务 与我们无关
    """,
    "unknown": """
        不知道 不清楚 没问 don't·know dk no·idea not·sure 不太清楚 对方没说 可能吧
        maybe 说不准 不知道怎么算 idk 没问过为什么 不一定
    """,
    "later": """
        以后 稍后 待会 later skip 以后再说 跳过 not·now 下次再说 回头再答 待会儿
    """,
}
TYPED = [
    # prices, in CNY per message
    ("price", "两分五", 0.025),
    ("price", ".035", 0.035),
    ("price", "两分钱", 0.02),
    ("price", "2分5", 0.025),
    ("price", "0.025", 0.025),
    ("price", "0.025元", 0.025),
    ("price", "三分", 0.03),
    ("price", "3.5分", 0.035),
    ("price", "25厘", 0.025),
    ("price", "¥0.035/条", 0.035),
    ("price", "￥０．０３５", 0.035),
    ("price", "0.04 yuan", 0.04),
    ("price", "rmb 0.05", 0.05),
    ("price", "4 fen", 0.04),
    ("price", "兩分五", 0.025),
    ("price", "三分五厘", 0.035),
    ("price", "三分半", 0.035),
    ("price", "一毛五", 0.15),
    ("price", "五分", 0.05),
    ("price", "45元/千条", 0.045),
    ("price", "每千条45元", 0.045),
    ("price", "1万条400元", 0.04),
    ("price", "0.045元一条", 0.045),
    ("price", "大概3分5吧", 0.035),
    ("price", "约3分5", 0.035),
    ("price", "不含税3分8", 0.038),
    ("price", "每条0.04元,失败退费", 0.04),
    ("price", "报价2分5", 0.025),
    # shares, 0 to 100
    ("share", "七成", 70),
    ("share", "七成五", 75),
    ("share", "七成半", 75),
    ("share", "70%", 70),
    ("share", "７０％", 70),
    ("share", "70", 70),
    ("share", "百分之七十", 70),
    ("share", "百分之九十九点九", 99.9),
    ("share", "99.9%", 99.9),
    ("share", "99点5%", 99.5),
    ("share", "九成九", 99),
    ("share", "0.7%", 0.7),
    ("share", "大概七十", 70),
    ("share", "差不多70%", 70),
    ("share", "直连占比大概有75个点", 75),
    ("share", "95%,就是九成五", 95),
    ("share", "三个九", 99.9),
    ("share", "百分百", 100),
    ("share", "一半", 50),
    ("share", "seventy percent", 70),
    ("share", "about ninety-nine percent", 99),
    ("share", "移动七成", 70),
    # durations, in seconds
    ("reply", "3小时", 10_800),
    ("reply", "15分钟", 900),
    ("reply", "15分鐘", 900),
    ("reply", "半小时", 1_800),
    ("reply", "半个小时", 1_800),
    ("reply", "一个半小时", 5_400),
    ("reply", "两小时半", 9_000),
    ("reply", "90秒", 90),
    ("reply", "2h", 7_200),
    ("reply", "1天", 86_400),
    ("reply", "半天", 43_200),
    ("reply", "15min", 900),
    ("reply", "15", 900),
    ("reply", "1小时30分", 5_400),
    ("reply", "1h30m", 5_400),
    ("reply", "一刻钟", 900),
    ("reply", "half an hour", 1_800),
    ("reply", "an hour and a half", 5_400),
    ("reply", "three hours", 10_800),
    ("reply", "500ms", 0.5),
    ("length", "一周", 604_800),
    # counts
    ("count", "三条", 3),
    ("count", "两家", 2),
    ("count", "1万", 10_000),
    ("count", "1.2万", 12_000),
    ("count", "1万2", 12_000),
    ("count", "10k", 10_000),
    ("count", "三千", 3_000),
    ("count", "三千五", 3_500),
    ("count", "1,000", 1_000),
    ("count", "一百二十", 120),
    ("count", "一千零五十", 1_050),
    ("count", "两万五", 25_000),
    ("count", "3", 3),
    ("count", "3 channels", 3),
    ("count", "2027年3条", 3),
    ("count", "twenty five", 25),
    ("count", "0", 0),
    # counts of time, of times a year, of percent
    ("months", "6个月", 6),
    ("months", "六个月", 6),
    ("months", "6 months", 6),
    ("months", "12", 12),
    ("workdays", "5个工作日", 5),
    ("workdays", "5 working days", 5),
    ("workdays", "7", 7),
    ("yearly", "一年四次", 4),
    ("yearly", "4次", 4),
    ("reserve", "200%", 200),
    ("reserve", "两倍", 200),
    ("reserve", "1.5x", 150),
    # dates
    ("date", "2027-03-01", "2027-03-01"),
    ("date", "2027年3月1日", "2027-03-01"),
    ("date", "2027.3.1", "2027-03-01"),
    ("date", "20270301", "2027-03-01"),
    ("date", "二〇二七年三月一日", "2027-03-01"),
    ("date", "1 March 2027", "2027-03-01"),
    ("date", "Mar 1, 2027", "2027-03-01"),
    ("date", "明年三月一日", "2027-03-01"),
    ("date", "下月底", "2026-12-31"),
    ("date", "2027年2月底", "2027-02-28"),
    ("date", "到2027年底", "2027-12-31"),
    ("date", "今年年底", "2026-12-31"),
    ("date", "明天", "2026-11-23"),
    # closed lists, and text
    ("option", "submit", "submit"),
    ("option", "提交计费", "submit"),
    ("option", "2", "receipt"),
    ("option", "选3", "vague"),
    ("option", "On Receipt", "receipt"),
    ("option", "他说是回执成功计费", "receipt"),
    ("option", "提交", "submit"),
    ("option", "按提交", "submit"),
    ("text", "京B2-20231234", "京B2-20231234"),
    ("text", "编号是京B2-20231234", "编号是京B2-20231234"),
    ("text", "按提交计费,如何退费没说", "按提交计费,如何退费没说"),
]
ASSUMED = [
    ("share", "0.7", 70),
    ("share", "0.995", 99.5),
    ("share", ".98", 98),
    ("share", "70%以上", 70),
    ("share", "至少70%", 70),
    ("reply", "15分钟以内", 900),
    ("reply", "不超过15分钟", 900),
    ("reply", "一个工作日", 86_400),
    ("length", "6个月", 15_768_000),
    ("months", "半年", 6),
    ("months", "一年", 12),
    ("months", "6个月以上", 6),
    ("months", "每年一次", 12),
    ("workdays", "三天", 3),
    ("yearly", "每季度一次", 4),
    ("yearly", "每月2次", 24),
    ("option", "成功", "receipt"),
    ("date", "2027/3", "2027-03-01"),
    ("date", "2027年3月", "2027-03-01"),
    ("date", "明年三月", "2027-03-01"),
    ("date", "March 2027", "2027-03-01"),
    ("date", "有效期至2027年3月", "2027-03-01"),
]
BOTH = [
    ("share", "是,大概70%吧", "yes", 70),
    ("share", "yes, 70%", "yes", 70),
    ("share", "部分,70%", "partly", 70),
    ("share", "没有,只有60%", "no", 60),
    ("workdays", "是,5个工作日", "yes", 5),
    ("price", "是，3分", "yes", 0.03),
    ("count", "有3条", "yes", 3),
    ("date", "是,2027-03-01到期", "yes", "2027-03-01"),
    ("text", "是,在合同第5条", "yes", "是,在合同第5条"),
]
REFUSED = [
    ("share", "7000%", "above"),
    ("share", "-5%", "below"),
    ("reserve", "3", "below"),
    ("workdays", "5-7个工作日", "several"),
    ("months", "不到6个月", "bound"),
    ("option", "提交计费还是含糊", "several"),
    ("price", "-0.03", "below"),
    ("price", "2.5", "unit"),
    ("price", "25", "unit"),
    ("count", "-3", "below"),
    ("count", "1000万", "above"),
    ("share", "70-80%", "several"),
    ("share", "七八成", "several"),
    ("share", "移动70%,联通80%", "carriers"),
    ("share", "移动99联通95", "carriers"),
    ("share", "CMCC 99, CUCC about 95", "carriers"),
    ("price", "3分到4分", "several"),
    ("price", "0.035-0.045", "several"),
    ("reply", "2-3小时", "several"),
    ("reply", "15分钟首响,30分钟解决", "several"),
    ("count", "十几条", "several"),
    ("count", "两三条", "several"),
    ("share", "不到70%", "bound"),
    ("share", "under 70%", "bound"),
    ("reply", "超过3小时", "bound"),
]
UNREAD = [
    ("choice", "七成是怎么算的?"),
    ("choice", "有吗"),
    ("choice", "有限公司"),
    ("choice", "有问题"),
    ("choice", "不是没有"),
    ("choice", "未来会有"),
    ("choice", "计划明年有"),
    ("choice", "No. 12345"),
    ("choice", ""),
    ("choice", "天气不错啊今天大家都去了公园"),
    ("share", "七成是怎么算的?"),
    ("share", "三网"),
    ("share", "3小时"),
    ("price", "3分钟"),
    ("price", "百分之三"),
    ("reply", "7×24小时"),
    ("reply", "秒级"),
    ("length", "15"),
    ("count", "统一管理"),
    ("count", "一般"),
    ("date", "3月1日"),
    ("date", "01/03/2027"),
    ("date", "明年"),
    ("date", "2027-13-01"),
    ("text", "什么意思"),
    ("option", "9"),
    ("option", "有提到过"),
]
QUESTIONS = """
七成是怎么算的?|为什么问这个|什么意思|有吗|可以么|那移动呢|是不是要原件|能不能跳过
如何查|哪里可以查|多少算达标|請問這是什麼|是否必须|what does that mean
how do I check|why|can you explain|does it matter|is it 70 percent|when is it due
yes, but how do you check it|tell me more about this|70%？
"""
STATEMENTS = """
是|70%|还没有呢|不知道怎么算|不清楚多少|什么都没有|没什么问题|yes|is not|no
京B2-20231234|以后再说|是的呢|15分钟|没问过为什么
"""


def rows() -> list[tuple[str, str]]:
    return [(w.replace("·", " "), choice) for choice, said in CHOICES.items() for w in said.split()]


def phrases(text: str) -> list[str]:
    return [phrase for line in text.split("\n") for phrase in line.split("|") if phrase]


def test_table_is_thorough() -> None:
    """The table holds at least 150 rows."""
    assert len(rows()) + len(TYPED + ASSUMED + REFUSED + UNREAD) + len(BOTH) >= 150


@pytest.mark.parametrize(("said", "expected"), rows())
def test_standing_choices(said: str, expected: str) -> None:
    """Each standing choice is read in the words people use for it."""
    parsed = parse(said, ITEMS["choice"], NOW)
    assert isinstance(parsed, Parsed)
    assert expected == parsed.choice
    assert said == parsed.words


@pytest.mark.parametrize(("kind", "said", "expected"), TYPED)
def test_typed_values(kind: str, said: str, expected: float | str) -> None:
    """A typed value is read into its stored unit, without a choice of its own."""
    parsed = parse(said, ITEMS[kind], NOW)
    assert isinstance(parsed, Parsed)
    assert (None, expected, False) == (parsed.choice, parsed.value, parsed.assumed)


@pytest.mark.parametrize(("kind", "said", "expected"), ASSUMED)
def test_guesses_are_marked(kind: str, said: str, expected: float | str) -> None:
    """What we had to interpret is marked as assumed, so that it is confirmed."""
    parsed = parse(said, ITEMS[kind], NOW)
    assert isinstance(parsed, Parsed)
    assert (expected, True) == (parsed.value, parsed.assumed)


@pytest.mark.parametrize(("kind", "said", "choice", "value"), BOTH)
def test_choice_and_value_in_one_sentence(
    kind: str, said: str, choice: str, value: float | str
) -> None:
    """A sentence that holds a choice and a value gives both."""
    parsed = parse(said, ITEMS[kind], NOW)
    assert isinstance(parsed, Parsed)
    assert (choice, value) == (parsed.choice, parsed.value)


@pytest.mark.parametrize(("kind", "said", "reason"), REFUSED)
def test_refusals_name_the_reason(kind: str, said: str, reason: str) -> None:
    """A value out of bounds, or more than one, is refused with its reason and never clamped."""
    refused = parse(said, ITEMS[kind], NOW)
    assert isinstance(refused, Refused)
    assert reason == refused.reason_key


@pytest.mark.parametrize(("kind", "said"), UNREAD)
def test_what_says_nothing_is_not_an_answer(kind: str, said: str) -> None:
    """A question, or words that settle nothing, is not taken for an answer."""
    assert parse(said, ITEMS[kind], NOW) is None


@pytest.mark.parametrize("said", phrases(QUESTIONS))
def test_questions_are_recognised(said: str) -> None:
    """Somebody who asks is recognised as asking, and no item takes it as an answer."""
    assert looks_like_question(said)
    assert all(parse(said, ITEMS[kind], NOW) is None for kind in ITEMS if kind != "text")


@pytest.mark.parametrize("said", phrases(STATEMENTS))
def test_answers_with_question_words_stay_answers(said: str) -> None:
    """A statement that merely holds a question word is no question."""
    assert not looks_like_question(said)


@pytest.mark.parametrize("kind", ["price", "share", "reply", "count", "date", "option", "text"])
@pytest.mark.parametrize("choice", CHOICES)
def test_standing_choices_fit_every_kind(kind: str, choice: str) -> None:
    """The six standing choices can be typed whatever value the item wants."""
    said = CHOICES[choice].split()[0]
    parsed = parse(said, ITEMS[kind], NOW)
    assert isinstance(parsed, Parsed)
    assert (choice, None) == (parsed.choice, parsed.value)


@pytest.mark.parametrize("said", ["移动有,联通没有", "有，只有移动", "yes but only for mobile"])
def test_mixed_yes_and_no_is_partly_and_assumed(said: str) -> None:
    """Yes for one carrier and not for another is read as partly, to be confirmed."""
    parsed = parse(said, ITEMS["choice"], NOW)
    assert isinstance(parsed, Parsed)
    assert (parsed.choice, parsed.assumed) == ("partly", True)


def test_an_answer_after_unread_words_is_assumed() -> None:
    """A choice that comes only after a clause we could not read is to be confirmed."""
    parsed = parse("移动联通直连,电信没有", ITEMS["choice"], NOW)
    assert isinstance(parsed, Parsed)
    assert (parsed.choice, parsed.assumed) == ("no", True)


def test_refusal_carries_the_bounds() -> None:
    """A refusal says which bounds were missed."""
    expected = Refused("above", 0, 100)
    assert expected == parse("7000%", ITEMS["share"], NOW)


@settings(deadline=None)
@given(st.floats(min_value=0, max_value=100, allow_nan=False).map(lambda x: round(x, 2)))
def test_any_percentage_with_its_sign_is_read_back(share: float) -> None:
    """Any percentage typed with its sign is read back exactly."""
    parsed = parse(f"{share}%", ITEMS["share"], NOW)
    assert isinstance(parsed, Parsed)
    assert share == parsed.value


@pytest.mark.parametrize("part", ["嗯", "9", "一", "1,", "1小时", "他们说", "a ", "。", "?是"])
def test_long_texts_are_read_too(part: str) -> None:
    """However long a text, reading it comes to an end."""
    for each in ITEMS.values():
        assert isinstance(parse(part * 2_000, each, NOW), Parsed | Refused | None)


@settings(deadline=None)
@given(st.text(max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever is typed, reading it gives an answer, a refusal or nothing, and never an error."""
    for each in ITEMS.values():
        assert isinstance(parse(text, each, NOW), Parsed | Refused | None)


# What an answer is worth


@pytest.mark.parametrize(
    ("kind", "choice", "value", "expected"),
    [
        ("choice", "yes", None, 1.0),
        ("choice", "partly", None, 0.5),
        ("choice", "no", None, 0.0),
        ("choice", "na", None, None),
        ("choice", "unknown", None, None),
        ("choice", "later", None, None),
        ("share", None, 50.0, 0.0),
        ("share", None, 60.0, 0.5),
        ("share", None, 99.0, 1.0),
        ("share", "yes", 60.0, 0.5),  # the number limits the yes
        ("share", "no", 99.0, 0.0),  # and the no limits the number
        ("reply", None, 900.0, 1.0),
        ("reply", None, 7_200.0, 0.0),
        ("count", None, 3.0, None),  # no points, so a number alone settles nothing
        ("option", None, "receipt", 1.0),
        ("option", None, "submit", 0.2),
        ("text", None, "anything", None),
        ("text", "yes", "anything", 1.0),
    ],
)
def test_satisfaction(kind: str, choice: Any, value: Any, expected: float | None) -> None:
    """An answer is worth the worse of what its choice and its value say."""
    assert expected == satisfaction(ITEMS[kind], choice, value)


@settings(deadline=None)
@given(st.floats(min_value=-10, max_value=200), st.floats(min_value=-10, max_value=200))
def test_points_never_turn_back(one: float, other: float) -> None:
    """With rising points, more is never worth less, and every worth lies between 0 and 1."""
    points = ((50.0, 0.0), (60.0, 0.3), (70.0, 1.0))
    low, high = sorted((one, other))
    assert 0 <= meets(points, low) <= meets(points, high) <= 1


# Warnings


def warning(identity: str, **when: Any) -> dict[str, Any]:
    return {
        "id": identity,
        "when": when,
        "level": "red",
        "means": words("m"),
        "ask_next": words("a"),
        "source": "R001",
    }


CHEAP = item(
    (warning("red", below=0.028), warning("amber", below=0.035), warning("rich", at_least=0.1)),
    kind="price",
)
LICENCE = item(
    (
        warning("listed", mentions=["加白", "whitelist"]),
        warning("provincial", matches="京B2-"),
        warning("shape", not_matches=r"B2-\d{8}"),
        warning("none", choice=["no"]),
    ),
    kind="text",
)
BILLED = item((warning("submit", option=["submit"]),), kind="choice", options=OPTIONS)


@pytest.mark.parametrize(
    ("on", "said", "expected"),
    [
        (CHEAP, "0.025", "red"),
        (CHEAP, "0.03", "amber"),
        (CHEAP, "0.04", None),
        (CHEAP, "0.1元", "rich"),
        (CHEAP, "没有", None),
        (LICENCE, "京B2-20231234", "provincial"),
        (LICENCE, "京b2-20231234", "provincial"),
        (LICENCE, "B2-20150210", None),
        (LICENCE, "编号12345", "shape"),
        (LICENCE, "没有", "none"),
        (LICENCE, "要先加白,B2-20150210", "listed"),
        (LICENCE, "不需要加白,B2-20150210", None),
        (BILLED, "提交计费", "submit"),
        (BILLED, "回执成功计费", None),
    ],
)
def test_first_warning_that_fires(on: Item, said: str, expected: str | None) -> None:
    """The first warning whose condition the answer meets is given, and only then."""
    parsed = parse(said, on, NOW)
    assert isinstance(parsed, Parsed)
    fired = warnings(on, parsed.choice, parsed.value, parsed.words)
    assert expected == (fired.id if fired else None)


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        ("是否一个子端口只发我们一个签名,不和其他公司混用?", "不混用"),
        ("Is the sub-port not shared with others?", "not shared"),
    ],
)
def test_a_denial_that_repeats_the_questions_own_is_not_guessed(ask: str, said: str) -> None:
    """Where the question asks for an absence, "not ..." may mean yes, so the person is asked."""
    question = item().model_copy(update={"ask": Bilingual(zh=ask, en=ask)})
    assert parse(said, question, date(2026, 11, 22)) is None
    assert "no" == parse("没有", question, date(2026, 11, 22)).choice
