"""What the application may ask of the durable engine: four things, so that it can be replaced."""

from datetime import datetime
from typing import Any, Protocol


class Engine(Protocol):
    """Runs send tests to their end, through crashes. Every call may be repeated."""

    def start(self, run_id: int) -> None:
        """Work on this run until it is concluded; nothing happens where that is under way."""

    def cancel(self, run_id: int) -> None:
        """Ask the run to stop sending; it then concludes with what was measured so far."""

    def progress(self, run_id: int) -> dict[str, Any]:
        """`{phase, planned, sent, acknowledged, delivered, arrived, closes_at, ...}`; may be {}."""

    def at(self, due: datetime, key: str) -> None:
        """Call the application's `woke(key)` once `due` has passed, also if nobody runs then."""
