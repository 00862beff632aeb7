"""What a person typed of the codes on their phone becomes sightings like those of an app."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session

from bot.dialogue.scene import CodeLine
from bot.store import codes, handsets, sightings
from bot.store.sightings import Seen
from bot.store.tables import Handset
from bot.store.vault import Vault


def keep(
    session: Session, vault: Vault, person_id: int, shown: Sequence[str], *, now: datetime
) -> None:
    """Each code on that of the person's phones it was sent to; without any, the phones are up."""
    now_ns = round(now.timestamp() * 1e9)
    for handset in handsets.of_person(session, person_id):
        found = codes.sent(session, [handset.number_id], shown, now)
        if found or not shown:
            handsets.beat(session, handset, now_ns)
        for each in found:
            sightings.keep(session, vault, handset, _typed(each.code, now_ns))


def about(
    session: Session,
    vault: Vault,
    phones: Sequence[Handset],
    shaped: Sequence[str],
    *,
    now: datetime,
) -> tuple[CodeLine, ...]:
    """Those of the codes that were texted to one of the phones, and what is known of them."""
    lines = []
    for handset in phones:
        for each in codes.sent(session, [handset.number_id], shaped, now):
            typed = sightings.is_kept(session, vault, handset, _typed(each.code, 0))
            lines.append(CodeLine(each.code, seen=each.seen or typed, over=each.over))
    return tuple(lines)


def _typed(code: str, now_ns: int) -> Seen:
    return Seen(
        sender="",
        text=code,
        received_ns=now_ns,
        came_ns=now_ns,
        unsure_ms=None,  # it may have come at any time before
        source="typed",
        identity=code,
    )
