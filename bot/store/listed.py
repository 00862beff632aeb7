"""The listed numbers that may be texted, with what a test has to know of each; never the number."""

from sqlmodel import Session, col, select

from bot.store import handsets
from bot.store.tables import Number
from evaluators.sending.assigning import Listed


def allowed(session: Session, *, simulated: bool) -> list[Listed]:
    """Consent recorded, not retired, by id. Simulated ones are a world of their own."""
    found = session.exec(
        select(Number)
        .where(
            Number.simulated == simulated,
            col(Number.consented_at).is_not(None),
            col(Number.retired_at).is_(None),
        )
        .order_by(col(Number.id))
    ).all()
    ids = {row.id or 0 for row in found}
    seen = ids if simulated else handsets.watched(session, ids)
    return [
        Listed(
            id=row.id or 0,
            carrier=row.carrier,
            ported=bool(row.ported),
            region=row.region,
            country=row.country,
            announced=row.announced,
            dead=row.dead,
            watched=(row.id or 0) in seen,
        )
        for row in found
    ]
