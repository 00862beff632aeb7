"""What a running test has seen, and what its stop rule is told."""

from evaluators.protocols.session import NO_ANSWER, Receipt
from evaluators.sending.metrics import Row
from evaluators.sending.plan import Losses, Missing, Seen, Sequential, StopRule
from evaluators.sending.tally import Tally

SECOND = 1_000_000_000
RULE = StopRule(
    missing=Missing(share=0.5, after=1, within_s=2),
    losses=Losses(count=1, among=2, within_s=3),
    sequential=Sequential(against=0.5, within_s=4),
)


def receipt(seq: int | None, state: str = "DELIVRD", *, duplicate: bool = False) -> Receipt:
    return (seq, b"id", state, "000", 0, False, duplicate, "")


def test_what_is_overdue_is_told_to_the_stop_rule() -> None:
    """Each rule has its own patience, and what comes late is owed no longer."""
    tally = Tally(6, RULE, (True, True, True, True, False, True))
    tally.left(5, 0)
    tally.left(6, 10 * SECOND)
    tally.receipts([receipt(0), receipt(1, "UNDELIV"), receipt(2, "ENROUTE")])
    tally.arrived(0, same=True)
    now = 5 * SECOND
    assert tally.seen(now, now) == Seen(due=5, missing=3, first_lost=1, arrived=1, lost=3)
    tally.receipts([receipt(2), receipt(3)])
    tally.arrived(1, same=True)
    assert tally.seen(now, now) == Seen(due=5, missing=1, first_lost=0, arrived=2, lost=2)


def test_what_nobody_has_looked_for_is_not_lost() -> None:
    """A panel that was last read long ago says nothing of what came since."""
    tally = Tally(2, RULE, (True, True))
    tally.left(2, 0)
    assert tally.seen(100 * SECOND, 1 * SECOND) == Seen(due=2, missing=2)


def test_everything_is_counted_once() -> None:
    """Repeated receipts and copies on handsets are counted apart."""
    tally = Tally(3, None, None)
    tally.left(3, 5)
    tally.submitted([(0, 1, 0, b"a"), (1, 1, 0x58, b""), (2, 9, NO_ANSWER, b"")])
    tally.receipts([receipt(0), receipt(0, duplicate=True), receipt(None)])
    assert tally.arrived(0, same=False)
    assert not tally.arrived(0, same=True)
    assert tally.counts == {
        "acknowledged": 1,
        "refused": 1,
        "unanswered": 1,
        "receipts": 1,
        "delivered": 1,
        "duplicates": 1,
        "unmatched": 1,
        "early": 0,
        "arrived": 1,
        "altered": 1,
        "repeated": 1,
    }


def test_what_earlier_processes_stored_is_taken_up() -> None:
    """Rows give back what left, what was reported and what arrived; the note gives the rest."""
    rows = [
        Row(0, 1, "cmcc", "A", "acknowledged", 1000, 1100, receipt="DELIVRD", handset_ns=1300),
        Row(1, 2, "cucc", "B", "unknown", 1010),
    ]
    tally = Tally(5, RULE, (True,) * 5)
    tally.restore(rows, {"breaks": 2, "acknowledged": 77}, epoch_ns=900)
    assert (tally.sent, list(tally.sent_at[:2])) == (2, [200, 110])
    assert {"breaks": 2, "acknowledged": 1, "unknown": 1, "delivered": 1, "arrived": 1}.items() <= (
        tally.counts.items()
    )
    assert tally.seen(100 * SECOND, 100 * SECOND).missing == 1
