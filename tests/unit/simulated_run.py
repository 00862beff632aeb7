"""A plan carried out on a simulated vendor without sockets: its rows, its bill, its replies."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field

from bot.settings import CONTENT
from evaluators import receipts
from evaluators.protocols.text import Part
from evaluators.sending.assigning import Listed, assign
from evaluators.sending.conclusions import Given, Mark, conclusions
from evaluators.sending.lengths import PART, SINGLE
from evaluators.sending.metrics import Metrics, Row, summarise
from evaluators.sending.pacing import SECOND, timetable
from evaluators.sending.plan import Plan, load_all
from evaluators.sending.questions.fault import windows
from evaluators.sending.reasons import Reason
from evaluators.sending.texts import Texts
from evaluators.sending.verdict import Verdict, judge
from evaluators.simulator import numbers, personality
from evaluators.simulator.vendor import Fate, Submission, Vendor

PLANS = load_all(CONTENT / "plans")
PERSONALITIES = personality.load_all(CONTENT / "personalities")
CODES = receipts.load(CONTENT / "receipts")
SOURCE = "106900000000"
THROTTLED = 0x58


def panel(size: int = 400) -> dict[int, tuple[str, Listed]]:
    """Numbers of every sort, by id, as they are in the simulated world."""
    shown = [
        numbers.simulated_number(carrier, index)
        for carrier in numbers.CARRIERS
        for index in (*range(50), *range(800, 950), *range(1_000, 800 + size))
    ]
    shown += [
        numbers.dead_number(carrier, index) for carrier in numbers.CARRIERS for index in range(7)
    ]
    shown += [
        numbers.foreign_number(country, index)
        for country in numbers.COUNTRIES
        for index in range(12)
    ]
    made = {}
    for at, number in enumerate(shown):
        known = numbers.facts(number)
        assert known
        listed = Listed(
            id=at,
            carrier=known.carrier,
            ported=known.ported,
            region=known.region,
            country=known.country,
            announced=known.announced,
            dead=not known.held,
        )
        made[at] = (number, listed)
    return made


@dataclass
class Ran:
    """What came of it."""

    plan: Plan
    rows: list[Row]
    billed: int = 0
    marks: list[Mark] = field(default_factory=list)

    def metrics(self, *, with_bill: bool = True) -> Metrics:
        billed = self.billed if with_bill else None
        wanted = windows(self.marks)
        return summarise(self.rows, self.plan, closed=True, billed_parts=billed, without=wanted)

    def verdict(self) -> Verdict:
        metrics = self.metrics()
        return judge(metrics, self.plan, closed=True, interrupted=False, sender_late=False)

    def concluded(self, pair: Sequence[Row] | None = None) -> set[str]:
        """The keys of all its conclusions."""
        given = Given(marks=tuple(self.marks), pair=pair, dictionary=CODES)
        return {one.key for one in conclusions(self.rows, self.plan, self.metrics(), given)}


def run(test: str, name: str = "honest", seed: int = 1, **changes: object) -> Ran:
    """A plan of `data/plans` on a personality of `data/personalities`."""
    plan = PLANS[test].model_copy(update={"source": SOURCE, **changes})
    by_id = panel()
    listed = [one for _, one in by_id.values()]
    plan = plan.model_copy(
        update={
            "controls": tuple(one.id for one in listed if one.dead),
            "announced": tuple(one.id for one in listed if one.announced),
        }
    )
    ids = assign(plan, listed)
    assert not isinstance(ids, Reason), ids.wording.en
    vendor = Vendor(PERSONALITIES[name], random.Random(seed))
    dues, texts, ran = timetable(plan, 0), Texts(plan), Ran(plan, [])
    for seq, number_id in enumerate(ids):
        number, one = by_id[number_id]
        due_ns = dues.due_ns(seq)
        fates = [vendor.fate(part, due_ns / SECOND) for part in _parts(number, texts, seq)]
        ran.billed += sum(fate.billed for fate in fates)
        ran.rows.append(_row(seq, one, due_ns, texts.full(seq, "ACDEFG"), fates))
        text = texts.full(seq, "ACDEFG")
        replies = vendor.reply_after_s(number, text) if fates[0].arrival else None
        if replies is not None:
            _replied(ran, vendor, number, one.id, due_ns + int(replies * SECOND))
    return ran


def _replied(ran: Ran, vendor: Vendor, number: str, number_id: int, at_ns: int) -> None:
    ran.marks.append(Mark("replied", at_ns, number_id=number_id))
    if vendor.answered(number, SOURCE, "R"):
        ran.marks.append(Mark("opted_out", at_ns + SECOND, number_id=number_id))


def _parts(number: str, texts: Texts, seq: int) -> list[Submission]:
    text = texts.full(seq, "ACDEFG")
    if len(text) <= SINGLE:
        return [Submission(number, SOURCE, text)]
    pieces = [text[at : at + PART] for at in range(0, len(text), PART)]
    return [
        Submission(number, SOURCE, piece, Part(seq % 256, len(pieces), at))
        for at, piece in enumerate(pieces, 1)
    ]


def _row(seq: int, listed: Listed, due_ns: int, text: str, fates: Sequence[Fate]) -> Row:
    """Whole once its last part is there; reported as its first part is."""
    arrivals = [fate.arrival for fate in fates if fate.arrival]
    whole = len(arrivals) == len(fates)
    came_s = max(arrival.after_s for arrival in arrivals) if whole else 0.0
    receipt = fates[0].receipts[0] if fates[0].receipts else None
    refused = fates[0].refusal
    return Row(
        seq=seq,
        number_id=listed.id,
        carrier=listed.carrier,
        token="",
        state="refused" if refused else "acknowledged",
        status=THROTTLED if refused == "throttled" else int(bool(refused)),
        due_ns=due_ns,
        sent_ns=due_ns,
        ack_ns=due_ns + SECOND // 100,
        receipt=receipt and receipt.state,
        receipt_code=receipt and receipt.err,
        receipt_ns=due_ns + int(receipt.after_s * SECOND) if receipt else None,
        handset_ns=due_ns + int(came_s * SECOND) if whole else None,
        handset_text_same="".join(one.text for one in arrivals) == text if whole else None,
        handset_from=arrivals[0].sender if whole else None,
        handset_copies=1 if whole else None,
        alive=not listed.dead,
        ported=listed.ported,
        region=listed.region,
        country=listed.country,
    )
