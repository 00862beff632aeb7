"""Which sender the handsets show, carrier by carrier: its prefix, and whether it was agreed."""

from collections import Counter
from collections.abc import Iterator

from evaluators.sending.metrics import Metrics
from evaluators.sending.plan import Plan
from evaluators.sending.questions.question import Given
from evaluators.sending.questions.segments import VALUES
from evaluators.sending.reasons import Reason, both, reason
from evaluators.sending.rows import Row, Sight

WORDINGS = {
    "sender_right": both(
        "{count} 条显示的号码都以 {prefix} 开头：{senders}。",
        "Every message seen shows a sender that begins with {prefix} ({count}): {senders}.",
    ),
    "sender_prefix": both(
        "{carrier_zh}：{of} 条中 {count} 条显示的号码不以 {prefix} 开头（{senders}）。",
        "{carrier_en}: {count} of {of} message{of:|s} {count:shows|show} a sender that does not"
        " begin with {prefix} ({senders}).",
    ),
    "sender_agreed": both(
        "{carrier_zh}：{of} 条中 {count} 条显示的不是约定的 {agreed}（{senders}）。",
        "{carrier_en}: {count} of {of} message{of:|s} {count:shows|show} another sender than the"
        " agreed {agreed}"
        " ({senders}).",
    ),
    "sender_unseen": both(
        "手机没有报出发送号码，无法判断。", "No handset told which sender it showed."
    ),
}  # fmt: skip

MOST = 3  # senders named in one sentence


class Shown:
    """Senders by carrier."""

    def __init__(self, plan: Plan) -> None:
        self._plan, self._sight = plan, Sight(plan)
        self._senders: dict[str, Counter[str]] = {}

    def add(self, row: Row) -> None:
        if row.handset_from and self._sight.submitted(row):
            self._senders.setdefault(row.carrier, Counter())[row.handset_from] += 1

    def answer(self, metrics: Metrics) -> Iterator[Reason]:
        if not self._senders:
            yield reason(WORDINGS, "sender_unseen")
            return
        wrong = [found for carrier in sorted(self._senders) for found in self._wrong(carrier)]
        yield from wrong
        if not wrong:
            everything = sum(self._senders.values(), Counter())
            yield reason(
                WORDINGS,
                "sender_right",
                count=everything.total(),
                prefix=self._plan.shown or self._plan.source,
                senders=_named(everything),
            )

    def _wrong(self, carrier: str) -> Iterator[Reason]:
        senders, prefix, agreed = self._senders[carrier], self._plan.shown, self._plan.source
        zh, en = VALUES.get(carrier, (carrier, carrier))
        names = {"carrier": carrier, "carrier_zh": zh, "carrier_en": en}
        foreign = Counter({s: n for s, n in senders.items() if not s.startswith(prefix)})
        other = Counter({s: n for s, n in senders.items() if agreed and s != agreed})
        if foreign:
            yield reason(
                WORDINGS,
                "sender_prefix",
                count=foreign.total(),
                of=senders.total(),
                prefix=prefix,
                senders=_named(foreign),
                **names,
            )
        elif other:
            yield reason(
                WORDINGS,
                "sender_agreed",
                count=other.total(),
                of=senders.total(),
                agreed=agreed,
                senders=_named(other),
                **names,
            )


def ask(plan: Plan, given: Given) -> Shown | None:
    """Asked where the plan says what the sender should look like."""
    return Shown(plan) if plan.shown else None


def _named(senders: Counter[str]) -> str:
    named = ", ".join(f"{sender} × {count}" for sender, count in senders.most_common(MOST))
    return named + (" …" if len(senders) > MOST else "")
