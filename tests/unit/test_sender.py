"""The sender's arithmetic: never before it is armed, never above the cap, nothing skipped."""

from collections.abc import Sequence
from typing import cast

from evaluators.protocols.session import Message
from evaluators.sending.pacing import Pace
from evaluators.sending.sender import SECOND, TICK_NS, Sender
from evaluators.sending.tally import Tally
from evaluators.sending.writer import Writer

MS = SECOND // 1000
START = 10 * SECOND


class Room:
    """A session with so much room; remembers what it was given."""

    def __init__(self, room: int = 1000) -> None:
        self.room, self.given = room, list[int]()

    def submit(self, messages: Sequence[Message], start: int = 0) -> int:
        self.given += [message[0] for message in messages[start:]]
        self.room -= len(messages)
        return len(messages)


class Marks:
    """A writer whose marks are on disk at once, unless `slow`."""

    def __init__(self, tally: Tally, *, slow: bool = False) -> None:
        self.armed, self.asked = 0, list[int]()
        self._tally, self._slow = tally, slow

    def arm(self, upto: int) -> None:
        self.asked.append(upto)
        if not self._slow:
            self.armed = upto

    def disarm(self) -> None:
        self.armed = self._tally.sent


def sender(
    rate: float, count: int, cap: float | None = None, *, slow: bool = False
) -> tuple[Sender, Tally, Marks]:
    tally = Tally(count, None, None)
    marks = Marks(tally, slow=slow)
    made = Sender(
        lambda first, upto: [(seq, "19800000000", "text") for seq in range(first, upto)],
        Pace(rate, count, START),
        cap=cap or rate,
        tally=tally,
        writer=cast(Writer, marks),
        blocked=[],
    )
    return made, tally, marks


def play(made: Sender, room: Room, upto_ns: int, from_ns: int = START - 100 * MS) -> int:
    """Step as the runner does; the time at the end."""
    now = from_ns
    while now < upto_ns and not made.done:
        now += made.step([room], now)
    return now


def test_messages_leave_when_they_are_due() -> None:
    """None before its time, all of them once their time has come."""
    made, tally, _ = sender(100, 50)
    room = Room()
    play(made, room, START + 500 * MS)
    assert list(range(50)) == room.given
    pace = Pace(100, 50, START)
    assert all(at >= pace.due_ns(seq) for seq, at in enumerate(tally.sent_at))
    assert max(at - pace.due_ns(seq) for seq, at in enumerate(tally.sent_at)) <= MS


def test_nothing_leaves_unarmed() -> None:
    """As long as the mark is not on disk, nothing leaves, however late it is."""
    made, tally, marks = sender(1000, 500, slow=True)
    play(made, Room(), START + 200 * MS)
    assert tally.sent == 0
    marks.armed = 7
    made.step([Room()], START + 200 * MS)
    assert tally.sent == 7


def test_little_more_is_armed_than_leaves() -> None:
    """The mark runs two ticks ahead, and not away from a sender that cannot send."""
    made, tally, marks = sender(1000, 1000)
    play(made, Room(), START + 300 * MS)
    assert marks.armed - tally.sent <= 2 * TICK_NS / MS
    made, tally, marks = sender(1000, 1000)
    play(made, Room(0), START + 900 * MS)
    assert (tally.sent, marks.armed) == (0, 200)


def test_what_waits_for_room_is_marked_once() -> None:
    """A full window marks the messages due meanwhile, as one range, and they leave later."""
    made, tally, _ = sender(1000, 100)
    room = Room(20)
    play(made, room, START + 60 * MS)
    assert (tally.sent, made.blocked, tally.counts["held"]) == (20, [[20, 60]], 40)
    room.room = 1000
    play(made, room, START + 150 * MS, START + 60 * MS)
    assert (made.done, list(range(100)), made.blocked) == (True, room.given, [[20, 60]])


def test_catching_up_stays_below_the_cap() -> None:
    """After a break the backlog leaves at the capped rate, not at once."""
    made, tally, _ = sender(1000, 5000, cap=1200)
    room = Room(0)
    at = play(made, room, START + 900 * MS)
    room.room = 100_000
    play(made, room, at + 500 * MS, at)
    assert 0.5 * 1200 <= tally.sent <= (0.5 + 0.2) * 1200 + 2


def test_a_sleeper_must_ask_again() -> None:
    """After a pause long enough to have been replaced in, what was armed counts no more."""
    made, tally, marks = sender(1000, 5000)
    room = Room(100_000)
    now = play(made, room, START + 200 * MS)
    sent, marks_before = tally.sent, len(marks.asked)
    made.room([room], now + 3 * SECOND)
    assert tally.sent == sent
    marks.armed = sent + 60
    made.step([room], now + 3 * SECOND)
    assert len(marks.asked) == marks_before + 1


def test_a_text_that_does_not_fit_stops_the_sending() -> None:
    """What the protocol cannot carry is reported, and nothing leaves."""
    made, tally, _ = sender(1000, 10)

    class Strict(Room):
        def submit(self, messages: Sequence[Message], start: int = 0) -> int:
            raise ValueError("too long")

    now = START - 100 * MS
    for _ in range(200):
        now += made.step([Strict()], now) or MS
    assert (made.unfit, tally.sent) == ("too long", 0)
