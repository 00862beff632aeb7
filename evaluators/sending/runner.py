"""Carries out a send test: sends on schedule, watches until the window closes, loses nothing.

Open loop: when each message is due is fixed before the first one leaves. One that cannot leave,
because the vendor's window is full or the connection is gone, leaves late and is marked; nothing
is skipped, and nothing is ever sent twice. What is on disk at each moment: see `ledger`.
"""

import gc
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

import anyio
from anyio.to_thread import run_sync

from evaluators.protocols.correlator import NOT_FINAL, Correlator
from evaluators.protocols.session import Message, Receipt, Submitted
from evaluators.sending.ledger import Arrival, Ledger
from evaluators.sending.link import Connect, Link
from evaluators.sending.metrics import Row
from evaluators.sending.outcome import Outcome, trouble
from evaluators.sending.pacing import Pace
from evaluators.sending.panel import Panel
from evaluators.sending.plan import PLACE, TOKEN_LENGTH, Plan, render
from evaluators.sending.tally import Tally
from evaluators.sending.writer import Writer

Wish = Literal["", "stop", "park"]
