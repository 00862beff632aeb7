"""A process that does nothing but look which reminders are due; made to be killed."""

import os
import sys
import time
from datetime import UTC, datetime, timedelta

import anyio

from bot import wording
from bot.reminders import Sweeper
from bot.settings import CONTENT, load
from bot.store.database import Database
from evaluators import checklist

SPEED = 4 * 3600  # seconds of the story in one of ours


def clock_from(began: float, start: datetime):
    """A clock that all processes of one story share."""
    return lambda: start + timedelta(seconds=(time.monotonic() - began) * SPEED)


def main() -> None:
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    began, start = sys.stdin.readline().split()
    sweeper = Sweeper(
        Database.open(load(dict(os.environ))),
        wording.load(CONTENT / "wording"),
        checklist.load(CONTENT / "checklist"),
        clock_from(float(began), datetime.fromisoformat(start).astimezone(UTC)),
        every_s=0.02,
    )
    anyio.run(sweeper.run)


if __name__ == "__main__":
    main()
