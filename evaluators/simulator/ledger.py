"""The ground truth a real vendor would never show: what was submitted and what became of it."""

from collections import Counter, deque
from typing import Any

from evaluators.simulator.numbers import Carrier
from evaluators.simulator.seen import Seen
from evaluators.simulator.vendor import Submission

RECENT = 50_000
"""Submissions whose texts are kept."""
_REPEATS = 10_000  # different texts sent twice that are named


class Ledger:
    """Counts over the whole run; texts of its recent part; what was ever submitted twice."""

    def __init__(self, recent: int = RECENT) -> None:
        self.counts: Counter[str] = Counter()
        """submitted, accepted, refused, unanswered, repeated, billed_parts, arrived (at handsets),
        receipts, replies (of handsets' owners)."""
        self.bill: Counter[Carrier] = Counter()
        """Parts on the vendor's bill, by the carrier that served them."""
        self._seen = Seen()
        self._recent: deque[tuple[Submission, int]] = deque(maxlen=recent)
        self._repeats: dict[tuple[str, str], int] = {}

    def accepted(self, submission: Submission, billed: int, carrier: Carrier) -> None:
        counts = self.counts
        counts["accepted"] += 1
        counts["billed_parts"] += billed
        self.bill[carrier] += billed
        self._submitted(submission, billed)

    def refused(self, submission: Submission) -> None:
        self.counts["refused"] += 1
        self._submitted(submission, 0)

    def unanswered(self, submission: Submission) -> None:
        self.counts["unanswered"] += 1
        self._submitted(submission, 0)

    def texts(self, number: str) -> dict[str, int]:
        """How often each text was submitted to this number, of the recent submissions."""
        found = (_text(each) for each, _ in self._recent if each.number == number)
        return dict(Counter(found))

    def repeated(self) -> list[tuple[str, str, int]]:
        """(number, text, times) of everything submitted more than once."""
        return [(number, text, times) for (number, text), times in self._repeats.items()]

    def as_json(self, number: str = "") -> dict[str, Any]:
        """The counts, the bill and what was sent twice; with a number, its texts and parts."""
        found: dict[str, Any] = {**self.counts, "bill": dict(self.bill)}
        found["repeated"] = [
            {"number": number, "text": text, "times": times}
            for number, text, times in self.repeated()
        ]
        if number:
            found["texts"] = self.texts(number)
            found["billed"] = [
                {"text": _text(each), "parts": parts}
                for each, parts in self._recent
                if each.number == number
            ]
        return found

    def _submitted(self, submission: Submission, billed: int) -> None:
        self.counts["submitted"] += 1
        self._recent.append((submission, billed))
        number, _, text, part = submission
        key = hash((number, text) if part is None else (number, text, part.number, part.total))
        if self._seen.again(key):
            self._repeat(submission)

    def _repeat(self, submission: Submission) -> None:
        self.counts["repeated"] += 1
        found = submission.number, _text(submission)
        if found in self._repeats or len(self._repeats) < _REPEATS:
            self._repeats[found] = self._repeats.get(found, 1) + 1


def _text(submission: Submission) -> str:
    part = submission.part
    return f"{part.number}/{part.total} {submission.text}" if part else submission.text
