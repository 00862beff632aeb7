"""A guidance of two pages, small enough to read: what the tests of `knowledge` ask."""

from pathlib import Path

RETENTION = """\
page: retention
title: {zh: 记录留存, en: Keeping records}
sections: ['5']
reviewed: 2026-11-22
sources:
  rule-new: {title: 示例管理规定(新), publisher: 示例部, date: 2026-05-01, kind: official,
    interest: none, confidence: public}
  rule-old: {title: 示例管理规定(旧), publisher: 示例部, date: 2015-05-29, kind: official,
    interest: none, confidence: read}
facts:
  - id: keep-six
    statement: {zh: 发送记录至少保存 6 个月。, en: Sending records are kept for at least 6 months.}
    jurisdiction: CN
    valid_from: 2026-05-01
    sources: [rule-new]
  - id: keep-five
    statement: {zh: 发送记录保存 5 个月。, en: Sending records were kept for 5 months.}
    jurisdiction: CN
    valid_from: 2015-05-29
    valid_to: 2026-04-30
    superseded_by: keep-six
    sources: [rule-old]
passages:
  - id: now
    heading: {zh: 发送记录要存多久, en: How long records are kept}
    text:
      zh: 发送时间和号码的记录至少保存 6 个月。日志由供应商保存。我们自己也留一份。到期就删除。
      en: Records of time and number are kept for at least 6 months. The vendor keeps the log.
        We keep a copy. It is deleted when due.
    facts: [keep-six]
    questions: [发送记录留几个月, 日志保存期限, how long must records be kept]
  - id: before
    heading: {zh: 以前的规定是多久, en: What the former rule said}
    text: {zh: 旧规定是 5 个月。, en: The former rule said 5 months.}
    facts: [keep-five]
    questions: [五个月的说法还对吗, 旧规定存多久, is five months still right]
"""

DELIVERY = """\
page: delivery
title: {zh: 到达率, en: Delivery rate}
sections: ['1.2']
reviewed: 2026-11-22
sources:
  vendor-page: {title: 某云产品页, publisher: 某云, date: null, kind: vendor, interest: vendor,
    confidence: document}
  house: {title: 默认判据, publisher: smsvet, date: 2026-11-22, kind: house, interest: none,
    confidence: read}
facts:
  - id: claimed-rate
    statement: {zh: 某云的产品页写到达率 99%。, en: A cloud's page claims a delivery rate of 99%.}
    jurisdiction: CN
    sources: [vendor-page]
  - id: house-rate
    statement: {zh: 默认验证码不低于 98%。, en: The default for codes is at least 98%.}
    jurisdiction: CN
    sources: [house]
    decided_by: a test
passages:
  - id: enough
    heading: {zh: 到达率多少算合格, en: Which delivery rate is enough}
    text:
      zh: 默认验证码的手机实收不低于 98%。某云的产品页写 99%,那是宣传。
      en: The default for codes is at least 98% on handsets. A cloud's page claims 99%, an advert.
    facts: [house-rate, claimed-rate]
    questions: [送达比例及格线是多少, 百分之几才算过关, what delivery rate is acceptable]
"""

TERMS = "groups: [[到达率, 送达率, delivery rate, dlr rate], [记录, 日志, record, log]]\n"
OUTSIDE = "topics: [{name: {zh: 别的, en: Other}, questions: [今天天气怎么样, 发票怎么开]}]\n"
DEPARTMENTS = "{technical: ['1.2'], legal: ['5'], business: ['1.1']}\n"
CALIBRATION = """\
fitted: 2026-11-22
note: for tests
bias: -1.5
weights: {known_phrases: 4, outside_match: -9, asked_before: 4}
says: 0.6
possibly: 0.3
"""


def write(folder: Path) -> Path:
    """The data folder: guidance/ with two pages, and glossary/."""
    files = {
        "guidance/retention.yaml": RETENTION,
        "guidance/delivery.yaml": DELIVERY,
        "glossary/terms.yaml": TERMS,
        "glossary/outside.yaml": OUTSIDE,
        "glossary/departments.yaml": DEPARTMENTS,
        "glossary/calibration.yaml": CALIBRATION,
    }
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
