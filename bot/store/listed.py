"""The listed numbers that may be texted, with what a test has to know of each; never the number."""

from sqlmodel import Session, col, select

from bot import consent
from bot.store import handsets
from bot.store.tables import Number
from evaluators.sending.assigning import Listed


def consenting(session: Session, *, simulated: bool) -> list[Number]:
    """Not retired, and the consent that is stored is one, by id.

    Simulated ones are a world of their own. Who wrote the row does not matter here: a number
    whose consent says no is not texted, however it came to be listed.
    """
    found = session.exec(
        select(Number)
        .where(
            Number.simulated == simulated,
            col(Number.consented_at).is_not(None),
            col(Number.retired_at).is_(None),
        )
        .order_by(col(Number.id))
    ).all()
    return [row for row in found if simulated or not consent.denied(row.consent)]


def allowed(session: Session, *, simulated: bool) -> list[Listed]:
    """The numbers that may be texted, as a test has to know them."""
    found = consenting(session, simulated=simulated)
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
