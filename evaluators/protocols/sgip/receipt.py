"""What a Report says, in the words all receipts are told in (section 5.4)."""

from evaluators.protocols.sgip import pdus
from evaluators.protocols.sgip import status as statuses

STATES = ("DELIVRD", "ENROUTE", "UNDELIV")
"""By State: done, waiting, failed."""
_WAITING = frozenset({"ENROUTE", "ACCEPTD", "BUFFRED"})
_LEAST, _MOST = 21, 0xFF


def state(code: int) -> str:
    return STATES[code] if code < len(STATES) else "UNKNOWN"


def outcome(said: str, err: str) -> tuple[int, int]:
    """State and ErrorCode for a receipt in words; ErrorCode is 0 unless it failed.

    Codes below 21 say what is wrong with a command (section 5.2), never what became of a message.
    """
    if said == "DELIVRD":
        return pdus.DONE, 0
    if said in _WAITING:
        return pdus.PENDING, 0
    code = int(err) if err.isascii() and err.isdigit() else 0
    return pdus.FAILED, code if _LEAST <= code <= _MOST else statuses.SYSTEM_FAILURE
