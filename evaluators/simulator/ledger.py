"""The ground truth a real vendor would never show: what was submitted and what became of it."""

from collections import Counter

from evaluators.simulator.vendor import Submission


class Ledger:
    """Counts, and every (number, text) ever submitted."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        """submitted, accepted, refused, unanswered, arrived (at handsets), receipts."""
        self._texts: dict[str, Counter[str]] = {}

    def submitted(self, submission: Submission) -> None:
        self.counts["submitted"] += 1
        order = f"{submission.part.number}/{submission.part.total} " if submission.part else ""
        texts = self._texts.setdefault(submission.number, Counter())
        texts[order + submission.text] += 1

    def texts(self, number: str) -> dict[str, int]:
        """How often each text was submitted to this number."""
        return dict(self._texts.get(number, {}))

    def repeated(self) -> list[tuple[str, str, int]]:
        """(number, text, times) of everything submitted more than once."""
        return [
            (number, text, times)
            for number, texts in self._texts.items()
            for text, times in texts.items()
            if times > 1
        ]

    def as_json(self, number: str = "") -> dict[str, object]:
        """The counts and what was sent twice; with a number, its texts too."""
        found: dict[str, object] = {**self.counts, "numbers": len(self._texts)}
        found["repeated"] = [
            {"number": number, "text": text, "times": times}
            for number, text, times in self.repeated()
        ]
        return found | ({"texts": self.texts(number)} if number else {})
