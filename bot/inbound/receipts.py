"""A vendor pushes receipts: its own authentication is checked, they are kept, then acknowledged."""

import hmac
import logging
from collections.abc import Iterable
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from bot.digits import normal
from bot.settings import CONTENT
from bot.store import pushed, sends
from bot.store.database import Database
from bot.store.tables import Connection

if TYPE_CHECKING:
    from evaluators.protocols.http.reading import Report

logger = logging.getLogger(__name__)

_KEY_LENGTH = 32
PROTOCOL = "http"


class Pushed(NamedTuple):
    """A request as it came; `query` undecoded, header names in lower case."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes


class Answer(NamedTuple):
    """What the vendor is told."""

    status: int
    body: bytes = b""
    media_type: str | None = None


_NOT_FOUND = Answer(HTTPStatus.NOT_FOUND)


def path(database: Database, connection: str) -> str:
    """The address a vendor is given for its receipts, after https:// and the company's own name.

    Whoever knows it may push there, where the vendor has no way of signing.
    """
    return f"/receipts/{quote(connection, safe='')}/{key(database, connection)}"


def key(database: Database, connection: str) -> str:
    """The secret word in that address: always the same for a connection and a master key."""
    return database.vault.index(f"receipts/{connection}")[:_KEY_LENGTH]


def receive(database: Database, address: tuple[str, str], request: Pushed, came_ns: int) -> Answer:
    """Keep what is the vendor's; everything is on disk when this returns. Blocks.

    An empty 404 where the address is not one we gave out, 403 where the request is not signed as
    this vendor signs.
    """
    name, word = address
    with database.read() as session:
        connection = sends.connection(session, name)
    wanted = key(database, name)
    if not hmac.compare_digest(word.encode(), wanted.encode()) or connection is None:
        return _NOT_FOUND
    if connection.protocol != PROTOCOL:
        return _NOT_FOUND
    return _take(database, connection, request, came_ns)


def _take(database: Database, connection: Connection, request: Pushed, came_ns: int) -> Answer:
    """Read it as its vendor writes; whoever knew the address knew the word in it too."""
    from evaluators.protocols.http import push, vendor

    login = connection.options | sends.secret(database.vault, connection)
    described = vendor.load(CONTENT / "vendors" / f"{connection.options['vendor']}.yaml")
    word = key(database, connection.name)
    known = {name: value for name, value in login.items() if isinstance(value, str)}
    came = push.PushRequest(
        method=request.method,
        path=request.path,
        query=request.query,
        headers=request.headers,
        body=request.body,
        at=came_ns / 1e9,
    )
    told = push.read(described, known | {"callback_token": word}, came)
    if isinstance(told, push.Refused) and "token=" not in request.query:
        with_word = replace(came, query=f"{request.query}&token={word}".lstrip("&"))
        told = push.read(described, known | {"callback_token": word}, with_word)
    if isinstance(told, push.Reports):
        _keep(database, connection, told.reports, (request, came_ns))
    else:
        logger.warning("a push for %r was refused: %s", connection.name, told.reason)
    return Answer(told.reply.status, told.reply.body.encode(), told.reply.type)


def _keep(
    database: Database,
    connection: Connection,
    reports: Iterable["Report"],
    came: tuple[Pushed, int],
) -> None:
    request, came_ns = came
    raw = f"{request.method} ?{request.query}\n{request.body.decode(errors='replace')}"
    with database.write() as session:
        pushed.keep(
            session,
            database.vault,
            connection.id or 0,
            receipts=[
                pushed.Receipt(
                    message_id=report.message_id.decode("latin-1"),
                    state=report.state,
                    err=report.err,
                    number=normal(report.number),
                    reference=report.reference,
                    reported_ns=report.vendor_ns,
                )
                for report in reports
            ],
            raw=raw,
            came_ns=came_ns,
        )
