"""What a Report says, in the words all receipts are told in (section 5.4)."""

from evaluators.protocols.sgip import pdus
from evaluators.protocols.sgip import status as statuses

STATES = ("DELIVRD", "ENROUTE", "UNDELIV")
"""By State: done, waiting, failed."""
_WAITING = frozenset({"ENROUTE", "ACCEPTD", "BUFFRED"})
_MOST = 0xFF


def state(code: int) -> str:
    return STATES[code] if code < len(STATES) else "UNKNOWN"


def outcome(said: str, err: str) -> tuple[int, int]:
    """State and ErrorCode for a receipt in words; ErrorCode is 0 unless it failed."""
    if said == "DELIVRD":
        return pdus.DONE, 0
    if said in _WAITING:
        return pdus.PENDING, 0
    code = int(err) if err.isascii() and err.isdigit() else 0
    return pdus.FAILED, code if 0 < code <= _MOST else statuses.SYSTEM_FAILURE
