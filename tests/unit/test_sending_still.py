"""`smsvet send` says so when the worker has written nothing for a while."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.send import is_still
from bot.store.tables import Run

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("ago_s", "more", "still"),
    [
        (1, {}, False),
        (9, {}, True),
        (None, {}, False),  # not begun
        (9, {"result": {"end": "measured"}}, False),  # it is being judged
        (9, {"state": "judged"}, False),
    ],
)
def test_a_worker_that_writes_nothing_shows(
    ago_s: float | None, more: dict[str, Any], *, still: bool
) -> None:
    """Only a test that goes on and whose last note is some seconds old stands still."""
    notes = {} if ago_s is None else {"at": (NOW - timedelta(seconds=ago_s)).isoformat()}
    given = {"connection_id": 1, "planned_at": NOW, "state": "sending", "progress": notes}
    run = Run(**given | more)
    assert still == is_still(run, NOW)
