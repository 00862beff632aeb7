"""What can be asked of a simulated vendor and its handsets, and done to them, over HTTP (GET).

- `/inbox?after=CURSOR&limit=N`: what the handsets show; `/health`: the panel's heartbeat.
- `/ledger?number=N`: the truth about what was submitted; with a number, its texts.
- `/facts?number=N`: what is true of a number.
- `/fault?channel=cmcc&on=1`: break a channel, or repair it with on=0; `channel=all` is every one.
  `kind` is any of a personality's faults (else "undelivered"), `receipts` fail|deliver|none, `for`
  and `switch` its end in seconds. Without a channel: only what is on.
- `/announce?numbers=A,B`: the buyer names numbers to the vendor.
- `/reply?number=N&to=SENDER&text=R`: the owner of a handset texts back.
"""

import math
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from evaluators.simulator import http
from evaluators.simulator.exchange import Exchange
from evaluators.simulator.numbers import facts
from evaluators.simulator.personality import Outage

_Query = Mapping[str, str]


def routes(exchange: Exchange) -> dict[str, http.Route]:
    """Path to what answers it."""
    panel = exchange.panel

    def inbox(query: _Query) -> object:
        return panel.page(int(query.get("after", 0)), int(query.get("limit", 1000)))

    def health(_: _Query) -> object:
        return panel.health()

    def truth(query: _Query) -> object:
        return exchange.ledger.as_json(query.get("number", ""))

    def known(query: _Query) -> object:
        found = facts(query.get("number", ""))
        return found._asdict() | {"ported": found.ported} if found else None

    def fault(query: _Query) -> object:
        return {"on": _fault(exchange, query)}

    def announce(query: _Query) -> object:
        numbers = [number for number in query.get("numbers", "").split(",") if number]
        exchange.vendor.announce(numbers)
        return {"announced": len(numbers)}

    def reply(query: _Query) -> object:
        to, text = query.get("to", ""), query.get("text", "R")
        return {"forwarded": exchange.reply(query.get("number", ""), to, text)}

    return {
        "/inbox": inbox,
        "/health": health,
        "/ledger": truth,
        "/facts": known,
        "/fault": fault,
        "/announce": announce,
        "/reply": reply,
    }


def _fault(exchange: Exchange, query: _Query) -> list[str]:
    channel = query.get("channel")
    if channel is None:
        return exchange.faults()
    wanted: dict[str, Any] = {
        "kind": query.get("kind", "undelivered"),
        "carriers": () if channel == "all" else (channel,),
        "receipts": query.get("receipts", "fail"),
        "for_s": _seconds(query, "for"),
    }
    try:
        outage = Outage.model_validate(wanted)
    except ValidationError as error:
        raise ValueError(error.errors(include_url=False)[0]["msg"]) from error
    on = query.get("on", "1") == "1"
    return exchange.fault(outage, on=on, switch_s=_seconds(query, "switch"))


def _seconds(query: _Query, name: str) -> float | None:
    if name not in query:
        return None
    seconds = float(query[name])
    if not 0 < seconds < math.inf:
        raise ValueError(f"{name} is a number of seconds")
    return seconds
