"""What a question takes for granted: agreed with, corrected, or left open."""

from datetime import date

import pytest

from knowledge.content import Bilingual
from knowledge.pages import Fact
from knowledge.premise import Ground, Verdict, attributed, claim, judge, subject
from knowledge.text import Glossary, terms


def weigh(text: str) -> dict[str, float]:
    return dict.fromkeys(terms(text, Glossary([])), 1.0)


def ground(
    zh: str, en: str = "-", *, official: bool = False, sold: bool = False, old: bool = False
) -> Ground:
    fact = Fact(
        id="a-fact",
        statement=Bilingual(zh=zh, en=en),
        jurisdiction="CN",
        valid_to=date(2026, 4, 30) if old else None,
        superseded_by="another" if old else None,
        sources=("source",),
    )
    return Ground(fact, official, sold)


KEPT = ground(
    "修订规定要求发送记录至少保存 6 个月。", "sending records are kept 6 months", official=True
)
FORMER = ground("旧规定写发送记录保存 5 个月，已被取代。", official=True, old=True)
CONTENT = ground("没有找到「短信正文也要存 6 个月」的依据，属于不确定。")
RATES = ground("默认判据：验证码不低于 98%、通知不低于 97%、营销不低于 95%，看 95% 置信区间。")
ADVERT = ground("某云的产品页宣传到达率 99%。", sold=True)
SPARE = ground("应急储备不低于日常流量的 200%；通道条数不作标准。")
PAPERS = ground("要备案证明加测评报告，缺一样都只算部分满足。")
FAST = ground("首次响应不超过 15 分钟。")
SPREAD = ground("验证码 p95 不超过 10 秒、p99 不超过 30 秒。")


@pytest.mark.parametrize(
    ("question", "grounds", "verdict"),
    [
        ("发送记录要保存6个月对吧", [KEPT], "holds"),
        ("法律规定发送记录要保存半年对吧", [KEPT], "holds"),
        ("短信正文要存6个月对吧", [KEPT, CONTENT], "open"),
        ("发送记录要存5个月对吗", [KEPT, FORMER], "superseded"),
        ("发送记录要存17个月对吗", [KEPT, FORMER], "not said"),
        ("指引说备用通道要4条以上对吧", [SPARE], "not said"),
        ("法规规定到达率99%吧", [ADVERT, RATES], "not law"),
        ("法律规定验证码不低于98%对吧", [RATES], "not law"),
        ("法律规定必须看置信区间吧", [RATES], "not law"),
        ("验证码不低于98%对吧", [RATES], "holds"),
        ("验证码不低于95%对吧", [RATES], "open"),
        ("验证码不用98%对吧", [RATES], "open"),
        ("供应商说到达率99%，靠谱吧", [ADVERT], "open"),
        ("这是等保三级证书就行了吧", [PAPERS], "not enough"),
        ("三天报备就够了吧", [PAPERS], "not enough"),
        ("响应20分钟行不行", [FAST], "beyond"),
        ("响应12分钟算慢吗", [FAST], "within"),
        ("验证码96%够吗", [RATES], "too little"),
        ("营销96%够吗", [RATES], "enough"),
        ("验证码12秒算慢吗", [SPREAD], "open"),
        ("退款20分钟行不行", [FAST], "open"),
    ],
)
def test_only_what_is_certain_is_said(
    question: str, grounds: list[Ground], verdict: Verdict
) -> None:
    """A figure is confirmed, corrected, or compared only where one fact surely settles it."""
    asserted = claim(question)
    assert asserted is not None
    assert verdict == judge(asserted, question, grounds, weigh).verdict


@pytest.mark.parametrize(
    "question",
    [
        "记录要存多久",
        "到达率多少算合格",
        "法律要求保存几个月",
        "how long must we keep logs?",
        "98%是怎么来的",
    ],
)
def test_a_plain_question_asserts_nothing(question: str) -> None:
    """Whoever simply asks is simply answered."""
    assert claim(question) is None


def test_who_said_it_is_not_what_is_looked_for() -> None:
    """The search sees what is asserted, without attribution and without the tag."""
    assert "备用通道要4条以上" == subject("指引说备用通道要4条以上对吧")
    assert "到达率99%" == subject("法规规定到达率99%吧？")
    assert "a 99% rate" == subject("The law requires a 99% rate, right?")


def test_what_is_attributed_is_a_question() -> None:
    """In a chat, `指引说……对吧` is no answer to the item that waits."""
    assert attributed("指引说要0.05元对吧")
    assert attributed("The guidance says four channels, right?")
    assert not attributed("应该是6个月吧")
    assert not attributed("合同写的是6个月")
