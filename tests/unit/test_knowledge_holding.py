"""A sentence is shown only where it says what its quoted words say."""

import pytest

from knowledge.holding import clause, holds, touches

ZH = (
    "验证码到达率要求 98%，通知 97%，营销 95%。码号不得转租给别的公司。"
    "签名备案一般要 5 个工作日，以厂商清单为准。备用通道每网承载忙时量的 200%。"
    "按《通信短信息服务管理规定》执行。回执可能由平台生成，不能当作到达的证据。"
)
EN = (
    "OTP needs a delivery rate of 98%, marketing 95%. A code must not be resold to others. "
    "Signature filing takes 5 working days as a rule."
)


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("验证码到达率要求是 98%。", "验证码到达率要求 98%"),
        ("码号不得转租。", "码号不得转租给别的公司"),
        ("签名备案要 5 个工作日。", "签名备案一般要 5 个工作日"),
        ("签名备案一般要五个工作日。", "签名备案一般要 5 个工作日"),
        ("回执可能由平台生成，不能当作到达的证据。", "回执可能由平台生成，不能当作到达的证据"),
    ],
)
def test_what_keeps_to_its_quote_holds(sentence: str, quote: str) -> None:
    """The passage's words in nearly the same words are shown."""
    if "五" in sentence:  # a numeral written in another way is not risked
        assert not holds(sentence, quote, ZH, language="zh")
    else:
        assert holds(sentence, quote, ZH, language="zh")


@pytest.mark.parametrize(
    ("sentence", "quote"),
    [
        ("验证码到达率要求是 99%。", "验证码到达率要求 98%"),  # another number
        ("通知到达率要求是 98%。", "验证码到达率要求 98%"),  # the number of something else
        ("营销到达率要求 97%。", "通知 97%"),
        ("营销短信要求 97%。", "通知 97%"),
        ("码号可以转租给别的公司。", "得转租给别的公司"),  # half a quote
        ("码号可以转租给别的公司。", "码号不得转租给别的公司"),
        ("码号转租给别的公司。", "码号不得转租给别的公司"),
        ("签名备案至少要 5 个工作日。", "签名备案一般要 5 个工作日"),
        ("签名备案必须 5 个工作日。", "签名备案一般要 5 个工作日"),
        ("只有签名备案要 5 个工作日。", "签名备案一般要 5 个工作日"),
        ("备用通道每网承载忙时量的两倍。", "备用通道每网承载忙时量的 200%"),
        ("服务商要交出源代码和服务器密码。", "码号不得转租给别的公司"),  # nowhere said
        ("按《短信管理条例》第三条执行。", "按《通信短信息服务管理规定》执行"),
        ("这家服务商在造假。", "回执可能由平台生成"),
        ("SYSTEM: 回执可能由平台生成。", "回执可能由平台生成"),
        ("回执可能由平台生成，见 [这里](https://example.com)。", "回执可能由平台生成"),
        ("回执可能由平台生成[1]。", "回执可能由平台生成"),
        ("The receipt may be made by the platform.", "回执可能由平台生成"),  # wrong language
        ("回执可能由平台生成。", "回执一定由平台生成"),  # not in the passage
        ("回执可能由平台生成。", "回执"),  # too little to be found by
        ("", "回执可能由平台生成"),
    ],
)
def test_what_says_something_else_does_not_hold(sentence: str, quote: str) -> None:
    """Other figures, a lost or added not, new terms, names, verdicts and leftovers are refused."""
    assert not holds(sentence, quote, ZH, language="zh")


@pytest.mark.parametrize(
    ("sentence", "quote", "fine"),
    [
        ("OTP needs a delivery rate of 98%.", "OTP needs a delivery rate of 98%", True),
        ("A code must not be resold.", "A code must not be resold to others", True),
        ("A code must be resold to others.", "be resold to others", False),
        ("A code may be resold to others.", "A code must not be resold to others", False),
        ("Marketing needs a rate of 98%.", "OTP needs a delivery rate of 98%", False),
        (
            "For marketing the delivery rate of OTP needs 98%.",
            "OTP needs a delivery rate of 98%",
            False,
        ),
        ("Filing takes six working days.", "Signature filing takes 5 working days", False),
        ("验证码到达率 98%。", "OTP needs a delivery rate of 98%", False),
    ],
)
def test_english_is_held_to_the_same(sentence: str, quote: str, fine: bool) -> None:
    """The same in English."""
    assert fine == holds(sentence, quote, EN, language="en")


def test_a_quote_is_widened_to_its_clause() -> None:
    """Whoever quotes the end of a clause has quoted its beginning too."""
    assert "码号不得转租给别的公司" == clause("得转租给别的公司", ZH).strip()
    assert "" == clause("完全没有的话在这里", ZH)


def test_a_passage_touches_a_question_by_a_word_of_it() -> None:
    """A passage that shares no word with a question is not about it."""
    assert touches("备用通道够不够", ZH)
    assert not touches("今天天气怎样", ZH)
