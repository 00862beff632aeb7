"""A phone has posted: whose it is, whether it is signed, what of it is kept."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from http import HTTPStatus

from sqlmodel import Session

from bot.inbound import smsforwarder, smsgateway
from bot.inbound.clock import Offset, noted, offset
from bot.inbound.posted import Passed, Post, Reader, Refusal, Text
from bot.store import codes, handsets, sightings
from bot.store.database import Database
from bot.store.sightings import Seen
from bot.store.tables import Handset

READERS: Mapping[str, Reader] = {
    "smsforwarder": smsforwarder.read,
    "android-sms-gateway": smsgateway.read,
}
ABOUT_SECRET = "handset.secret"  # noqa: S105 - names a column
_NS = 1_000_000
_STATUS: Mapping[Refusal, HTTPStatus] = {
    "signature": HTTPStatus.FORBIDDEN,
    "clock": HTTPStatus.FORBIDDEN,
    "fields": HTTPStatus.UNPROCESSABLE_ENTITY,
}


def receive(
    database: Database,
    token: str,
    post: Post,
    came_ns: int,
    *,
    late: Callable[[], object] = lambda: None,
) -> HTTPStatus:
    """Keep what a phone posted; everything is on disk when this returns. Blocks.

    `late` is called where it was about a test that has ended: its verdict may be another one now.
    200 where it was taken, also if it was known or none of our business; 404 where the token is
    no phone's; 403 where it is not signed well or not now; 422 where the template is not ours.
    """
    with database.read() as session:
        handset = handsets.by_token(session, database.vault, token)
    reader = READERS.get(handset.kind) if handset else None
    if handset is None or reader is None:
        return HTTPStatus.NOT_FOUND
    secret = database.vault.unseal(handset.secret_sealed or b"", ABOUT_SECRET)
    said = reader(post, secret, came_ns // _NS)
    if isinstance(said, Passed):
        with database.write() as session:
            phone = session.get_one(Handset, handset.id)
            over = _keep(database, session, phone, (said, came_ns))
        if over:
            late()
        return HTTPStatus.OK
    if handset.trouble != said:
        with database.write() as session:
            row = session.get_one(Handset, handset.id)
            row.trouble = said
            session.add(row)
    return _STATUS[said]


def _keep(database: Database, session: Session, handset: Handset, came: tuple[Passed, int]) -> bool:
    """True where a text is new and of a test that has ended."""
    passed, came_ns = came
    handset.clock_samples = noted(handset.clock_samples, came_ns // _NS - passed.signed_ms)
    off = offset(handset.clock_samples, passed.resolution_ms)
    handset.clock_offset_ms, handset.clock_unsure_ms = off
    handsets.beat(session, handset, came_ns)
    seen = [_seen(text, passed, off, came_ns) for text in passed.texts]
    new = [each for each in seen if sightings.keep(session, database.vault, handset, each)]
    shown = frozenset().union(*(codes.candidates(each.text) for each in new))
    now = datetime.fromtimestamp(came_ns / 1e9, UTC)
    return any(sent.over for sent in codes.sent(session, [handset.number_id], shown, now))


def _seen(text: Text, passed: Passed, off: Offset, came_ns: int) -> Seen:
    latest_ms, unsure_ms = placed(text, passed, off, came_ns // _NS)
    moment = text.received_ms or text.centre_ms or passed.signed_ms
    return Seen(
        sender=text.sender,
        text=text.text,
        received_ns=min(latest_ms * _NS, came_ns),
        came_ns=came_ns,
        unsure_ms=unsure_ms,
        source="webhook",
        identity=f"{text.sender}\n{text.text}\n{moment}",
    )


def placed(text: Text, passed: Passed, off: Offset, came_ms: int) -> tuple[int, int | None]:
    """When, at the latest and by our clock, the phone got a text, in ms since 1970.

    And how much earlier that may have been; None where nobody can say.
    """
    if text.received_ms is not None:
        return min(came_ms, text.received_ms + off.ms), off.unsure_ms
    posted_ms = min(came_ms, passed.signed_ms + passed.resolution_ms + off.ms)
    if text.centre_ms is None:
        return posted_ms, None
    return posted_ms, max(posted_ms - text.centre_ms, smsgateway.CENTRE_RESOLUTION_MS)
