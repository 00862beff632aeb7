"""Which questions lean on the one before, and on what."""

import pytest

from knowledge.context import NOTHING, Context, leans, points_at_item, turn, wanted_language

BEFORE = Context("到达率多少算合格", "delivery-rate#thresholds", "licence")


@pytest.mark.parametrize(
    "question",
    [
        *(
            "那营销的呢",
            "多久？",
            "多久",
            "那国际的呢",
            "还有通知呢",
            "为什么",
            "要多少钱",
            "这个要看什么材料",
        ),
        *("what about marketing?", "how long?", "and for notices?", "is it required?", "98%够不够"),
        *("12秒算慢吗", "6个月对吧", "這個要多久"),
    ],
)
def test_a_question_without_a_subject_leans(question: str) -> None:
    """What says nothing by itself is understood with what was said before."""
    assert leans(question)
    assert "further" == turn(question, BEFORE)
    assert "alone" == turn(question, NOTHING)


@pytest.mark.parametrize(
    "question",
    [
        *("短信记录要存多久", "国际短信要不要单独报备", "那国际短信的签名要几天", "验证码多久算慢"),
        *(
            "存半年的依据是什么",
            "这是等保三级证书就行了吧",
            "那如果供应商不给测试账号怎么办",
            "等保要几级",
        ),
        *("how long must records be kept?", "what about the licence of the parent company?", "😀"),
    ],
)
def test_a_question_with_a_subject_stands_alone(question: str) -> None:
    """What was said before never bends a question that says what it is about."""
    assert "alone" == turn(question, BEFORE)


@pytest.mark.parametrize(
    "question",
    [
        *(
            "依据是什么",
            "依据呢",
            "谁定的",
            "出处？",
            "这个谁规定的",
            "哪来的",
            "这是法规吗",
            "法律规定的吗",
        ),
        *("source?", "who decided that?", "says who", "is that the law?", "what is it based on?"),
    ],
)
def test_where_an_answer_comes_from_is_asked_of_the_answer(question: str) -> None:
    """Asking for the source is about the answer before, and about nothing where there is none."""
    assert "source" == turn(question, BEFORE)
    assert "source" != turn(question, Context(item="licence"))


@pytest.mark.parametrize(
    ("question", "language"),
    [("英文怎么说", "en"), ("用英语说一遍", "en"), ("in English, please", "en"), ("中文呢", "zh")],
)
def test_the_other_language_is_asked_for(question: str, language: str) -> None:
    """The same answer in the other language is a turn of its own."""
    assert language == wanted_language(question)
    assert "other language" == turn(question, BEFORE)


def test_this_one_is_the_question_on_the_screen() -> None:
    """`这个` means the checklist item that waits; `那个` the answer before it."""
    assert points_at_item("这个要看什么材料", BEFORE)
    assert not points_at_item("那营销的呢", BEFORE)
    assert points_at_item("多久", Context(item="licence"))
    assert not points_at_item("这个呢", Context("q", "licence"))
