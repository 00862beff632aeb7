"""What the receipts of undelivered messages said, read through the dictionary of codes."""

from collections import Counter
from collections.abc import Iterator

from evaluators.receipts import EMPTY, STATES, Dictionary
from evaluators.sending.metrics import Metrics
from evaluators.sending.questions.segments import VALUES
from evaluators.sending.reasons import Reason, both, reason
from evaluators.sending.rows import DELIVERED

MOST = 5  # codes told of
NOT_OURS = frozenset({"content", "blacklist", "frequency"})
"""Kinds of failure that the test itself brought about: its text, its numbers, its pace."""

WORDINGS = {
    "code_read": both(
        "{count} 条回执为 {code}（{carrier_zh}）：{meaning_zh}。",
        "{count} receipt{count:|s} {count:says|say} {code} ({carrier_en}): {meaning_en}.",
    ),
    "code_unclear": both(
        "{count} 条回执为 {code}（{carrier_zh}）：各来源说法不一（{meaning_zh}），不能据此归类。",
        "{count} receipt{count:|s} {count:says|say} {code} ({carrier_en}): sources disagree"
        " ({meaning_en}), so it is not classed.",
    ),
    "code_unknown": both(
        "{count} 条回执为 {code}（{carrier_zh}）：字典里没有，请向服务商索取含义。",
        "{count} receipt{count:|s} {count:says|say} {code} ({carrier_en}): not in the dictionary;"
        " ask the vendor.",
    ),
    "codes_by_test": both(
        "{count} 条失败属于内容、黑名单或频次类，多半由测试本身引起，请先查报备与频控。",
        "{count} failure{count:|s} {count:is|are} about content, blacklists or frequency, most"
        " likely brought about by the test itself; check filing and limits first.",
    ),
}  # fmt: skip


def conclude(metrics: Metrics, dictionary: Dictionary) -> Iterator[Reason]:
    """The most frequent codes of undelivered messages, and failures the test brought about."""
    failed: Counter[tuple[str, str, str]] = Counter()
    for each in metrics.codes:
        if each.state != DELIVERED:
            failed[each.state, each.code, each.carrier] += each.count
    by_test = 0
    for at, ((state, code, carrier), count) in enumerate(failed.most_common()):
        reading = dictionary.read(state, code, carrier)
        by_test += count if reading.kind in NOT_OURS else 0
        if at >= MOST:
            continue
        zh, en = VALUES.get(carrier, (carrier, carrier))
        key = {"unknown": "code_unknown", "unclear": "code_unclear"}.get(reading.kind, "code_read")
        yield reason(
            WORDINGS,
            key if reading.rows else "code_unknown",
            count=count,
            code=code if state in STATES and code not in EMPTY else state,
            carrier=carrier,
            carrier_zh=zh,
            carrier_en=en,
            kind=reading.kind,
            meaning_zh="；".join(dict.fromkeys(row.meaning.zh for row in reading.rows)),
            meaning_en="; ".join(dict.fromkeys(row.meaning.en for row in reading.rows)),
        )
    if by_test:
        yield reason(WORDINGS, "codes_by_test", count=by_test)
