"""A sentence in other words is believed only where code can show that it says the same."""

import pytest

from knowledge.rewording import is_the_whole, says_the_same

ZH = (
    "验证码到达率要求 98%，通知 97%，营销 95%。码号不得转租给别的公司。"
    "签名备案一般要 5 个工作日，以厂商清单为准。备用通道每网承载忙时量的 200%。"
    "回执可能由平台生成，不能当作到达的证据。"
)
RULE = "如果超过 5 个月不用，报备会失效。默认：验证码 p95 不超过 10 秒、p99 不超过 30 秒。"
EN = (
    "OTP needs a delivery rate of 98%, marketing 95%. A code must not be resold to others. "
    "Signature filing takes 5 working days as a rule. Without a rule nothing is sent."
)


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("验证码的到达率要求是 98%。", ZH),
        ("验证码短信到达率要求 98%，通知短信 97%，营销短信 95%。", ZH),
        ("码号不得转租给别的公司。", ZH),
        ("备用通道的每网承载忙时量的 200%。", ZH),
        ("若超过 5 个月不使用，报备就会失效。", RULE),
        ("验证码的 p95 在 10 秒以内，p99 在 30 秒以内。", RULE),
        ("OTP needs a delivery rate of 98%.", EN),
        ("The code must not be resold to others.", EN),
        ("Signature filing takes 5 working days as a rule.", EN),
    ],
)
def test_small_words_and_synonyms_change_nothing(sentence: str, words: str) -> None:
    """The guidance's words in nearly its words are the same."""
    assert says_the_same(sentence, words, "en" if words == EN else "zh")


@pytest.mark.parametrize(
    ("sentence", "words"),
    [
        ("验证码到达率要求 99%。", ZH),
        ("通知到达率要求 98%。", ZH),
        ("营销短信要求 97%。", ZH),
        ("码号可以转租给别的公司。", ZH),
        ("码号转租给别的公司。", ZH),
        ("码号不得转租。", ZH),  # wider than it was
        ("签名备案要 5 个工作日。", ZH),  # as a rule, it said
        ("签名备案一般要 5 个工作日。", ZH),  # and whose list decides
        ("签名备案至少要 5 个工作日。", ZH),
        ("签名备案一般必须 5 个工作日。", ZH),
        ("签名备案一般要五个工作日。", ZH),  # a numeral written in another way is not risked
        ("备用通道每网承载忙时量的两倍。", ZH),
        ("回执由平台生成。", ZH),
        ("回执可能由平台生成。", ZH),  # cut before what it comes to
        ("服务商要交出源代码和服务器密码。", ZH),
        ("报备会失效。", RULE),
        ("超过 5 个月不用，报备会失效，必须重报。", RULE),
        ("验证码 p99 不超过 10 秒。", RULE),
        ("p99 不超过 30 秒。", RULE),  # of whom?
        ("法规要求验证码 p95 不超过 10 秒。", RULE),
        ("A code must be resold to others.", EN),
        ("A code may be resold to others.", EN),
        ("A code must not be resold.", EN),
        ("Marketing needs a delivery rate of 98%.", EN),
        ("Signature filing takes six working days as a rule.", EN),
        ("Nothing is sent.", EN),
        ("", ZH),
    ],
)
def test_anything_else_is_not_the_same(sentence: str, words: str) -> None:
    """Other figures and subjects, lost conditions and hedges, and what nobody said."""
    assert not says_the_same(sentence, words, "en" if words == EN else "zh")


def test_nobody_is_made_the_source_of_a_rule() -> None:
    """Whose rule it is may be left to the footnote, but not be put in."""
    law = "据公开资料，修订规定要求记录至少存 6 个月。"
    assert says_the_same("修订规定要求记录至少保存 6 个月。", law, "zh")
    assert not says_the_same("默认修订规定要求记录至少保存 6 个月。", law, "zh")


def test_what_is_taken_back_is_not_shown_alone() -> None:
    """A draft, a former rule and a concession end only where they are called so."""
    words = "2020 年的草案写过凭证存 5 个月，那只是草案。结算可以用回执，但要写明审计条款。"
    assert not says_the_same("2020 年的草案写过凭证存 5 个月。", words, "zh")
    assert not says_the_same("结算可以用回执。", words, "zh")
    assert says_the_same("结算可用回执，但需要写明审计条款。", words, "zh")


@pytest.mark.parametrize(
    ("sentence", "words", "language"),
    [
        ("旧规定保存 5 月。", "旧规定保存 5 个月。", "zh"),
        ("The former rule is 5 months.", "The former rule was 5 months.", "en"),
        (
            "Onboarding takes 10–15 working days.",
            "Onboarding takes about 10–15 working days.",
            "en",
        ),
        ("Latency 5 s is late.", "Latency > 5 s is late.", "en"),
        ("默认不低于 98%。", "不低于 98%。", "zh"),
        ("回执算到达的证据。", "回执不算到达的证据。", "zh"),
        ("通知 95%，营销 97%。", "通知 97%，营销 95%。", "zh"),
        ("验证码或通知 98%。", "验证码和通知 98%。", "zh"),
        (
            "不想开公网口的，可以选「拉取」由我们去取。",
            "不想开公网口的，可以选「拉取」由我们去取，前提是这家支持。",
            "zh",
        ),
        ("测评报告过了 12 个月。", "测评报告过了 12 个月，这一项降级。", "zh"),
        ("失败也计费。", "逐项查这几处：重试被重复计费、失败也计费。", "zh"),
        (
            "提问和贴出的记录会交给那家模型服务。",
            "配了语言模型，提问和贴出的记录会交给那家模型服务。",
            "zh",
        ),
        (
            "2015 年的旧规定里列过 12321 这个渠道。",
            "2015 年的旧规定里列过 12321 这个渠道，它已被取代。",
            "zh",
        ),
        ("有否决项不过。", "淘汰：有否决项不过。", "zh"),
        (
            "1 minus explicit failures/valid sends.",
            "Baidu Cloud: 1 minus explicit failures/valid sends.",
            "en",
        ),
        ("A claim contradicted by a test.", "Conditional: a claim contradicted by a test.", "en"),
        ("Write it into the contract.", "If they insist, write it into the contract.", "en"),
        ("They may be sampled at any time.", "We may be sampled at any time.", "en"),
        ("The vendor decides.", "The vendor's records decide.", "en"),
        ("Records are kept for 6 months at most.", "Records are kept for at least 6 months.", "en"),
        ("每年最多 6 次夜间探测。", "夜间探测每月最多 6 次。", "zh"),
    ],
)
def test_what_is_cut_out_or_bent_a_little_is_not_the_same(
    sentence: str, words: str, language: str
) -> None:
    """A hypothesis told as a fact, an item of a list, another tense, a lost `about` or source."""
    assert not says_the_same(sentence, words, language)


def test_a_part_is_told_from_the_whole() -> None:
    """A sentence may say the same as a part of the words only; that is known."""
    words = "文章（服务商撰写）没有合格线。默认：验证码 p95 不超过 10 秒。"
    part, whole = "验证码的 p95 不超过 10 秒。", "文章没有合格线。默认验证码的 p95 在 10 秒以内。"
    assert [True, True] == [says_the_same(each, words, "zh") for each in (part, whole)]
    assert [False, True] == [is_the_whole(each, words, "zh") for each in (part, whole)]
