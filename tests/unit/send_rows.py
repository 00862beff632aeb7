"""Plans and rows for tests of how a run is judged."""

from typing import Any

from evaluators.sending.conclusions import Given, conclusions
from evaluators.sending.metrics import Metrics, Row, summarise
from evaluators.sending.plan import Plan
from evaluators.sending.reasons import Reason

S = 1_000_000_000
LOST: dict[str, Any] = {"handset_ns": None, "handset_text_same": None, "handset_from": None}


def plan(**changes: Any) -> Plan:
    """Phases of `phases`, else 1,000 messages at ten a second."""
    fields: dict[str, Any] = {
        "text": "{token}",
        "claim": 0.99,
        "price": 0.04,
        "caps": {"count": 100_000, "rate": 10_000, "cost": 100},
    }
    if "phases" not in changes:
        fields |= {"rate": 10}
    return Plan.model_validate(fields | changes)


def row(seq: int, **changes: Any) -> Row:
    """Due every 0.1 s, accepted, reported delivered, on its own live handset after two seconds."""
    due = changes.get("due_ns", seq * S // 10)
    fields: dict[str, Any] = {
        "seq": seq,
        "number_id": seq,
        "carrier": "cmcc",
        "token": "ACDEFG",
        "state": "acknowledged",
        "due_ns": due,
        "sent_ns": due,
        "ack_ns": due + S // 50,
        "status": 0,
        "receipt": "DELIVRD",
        "receipt_ns": due + 3 * S,
        "handset_ns": due + 2 * S,
        "handset_text_same": True,
        "handset_from": "10690000",
        "alive": True,
    }
    return Row(**fields | changes)


def metrics_of(rows: list[Row], of_plan: Plan, **changes: Any) -> Metrics:
    return summarise(rows, of_plan, closed=True, **changes)


def concluded(rows: list[Row], of_plan: Plan, **given: Any) -> dict[str, Reason]:
    """The conclusions by key; of several with one key the first."""
    bill = {"billed_parts": given.pop("billed_parts")} if "billed_parts" in given else {}
    made = conclusions(rows, of_plan, metrics_of(rows, of_plan, **bill), Given(**given))
    found: dict[str, Reason] = {}
    for each in made:
        assert each.wording.zh
        assert each.wording.en
        found.setdefault(each.key, each)
    return found
