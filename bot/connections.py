"""`smsvet vendor`: connections to vendors, kept with their secrets sealed."""

import argparse
import getpass
import importlib
import re
import sys
from collections.abc import Iterable
from dataclasses import MISSING, Field, fields
from typing import Any, get_args

from sqlmodel import Session

from bot import app, http_vendors, numbers
from bot.errors import UserError
from bot.store import runs, sends
from bot.store.tables import Connection

NAME = re.compile(r"[^\W_][\w.-]{0,39}")
TEMPLATE = re.compile(r"[a-z0-9-]+(/[a-z0-9-]+)?")
MOST = 100_000  # a window, a number of connections or a rate beyond this is a slip
PASSWORD_MOST = 64  # the standard says 8, but vendors issue longer ones
PROTOCOLS = ("smpp", "cmpp", "sgip", "smgp")
OURS = frozenset({"host", "port", "password", "tls", "source", "window", "correlator"})
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
EVERYWHERE = "0.0.0.0"  # noqa: S104 - a gateway calls us from outside; it has to log in
CARRIERS = ("cmcc", "cucc", "ctcc", "cbn")
_ACCOUNT = {"smpp": "system_id"}


def show() -> int:
    """Print the connections; secrets are never shown."""
    with app.opened() as built, built.database.read() as sql:
        rows = sends.connections(sql)
    for row in rows:
        where = f"simulated: {row.simulated}" if row.simulated else f"{row.host}:{row.port}"
        sys.stdout.write(f"{row.name:20} {row.protocol:6} {where}\n")
    if not rows:
        sys.stdout.write("No connections yet: smsvet vendor add NAME --smpp HOST:PORT …\n")
    return 0


def add(options: argparse.Namespace) -> int:
    """Keep a connection; the password is typed unseen, or read from a pipe."""
    _refuse_odd(options)
    row, secret = _http(options) if options.http else _wire(options)
    with app.opened() as built, built.database.write() as sql:
        if sends.connection(sql, options.name) is not None:
            raise UserError(f"There is a connection {options.name!r} already.")
        pushed = row.options.get("receipts", "push") == "push"
        if options.http and pushed and built.settings.public_url:
            row.options = {"callback": http_vendors.address(built, options.name)} | row.options
        sends.add_connection(sql, built.database.vault, row, secret)
    sys.stdout.write(f"Kept {options.name}. Plan a test in the chat with: test\n")
    if options.http:
        receipts = row.options.get("receipts", "push")
        for line in http_vendors.advice(built, options.name, options.http, receipts):
            sys.stdout.write(line + "\n")
    return 0


def _refuse_odd(options: argparse.Namespace) -> None:
    """A name stands in chats, lists and commands, and a connection cannot be removed."""
    if options.name.startswith("sim:"):
        raise UserError("Names that start with sim: belong to the simulated vendors.")
    if not NAME.fullmatch(options.name):
        raise UserError(
            "A name has up to 40 letters, digits, . - _ and begins with a letter or digit."
        )
    window = 1 if options.window is None else options.window
    if not (0 < options.rate <= MOST and 0 < options.connections <= MOST and 0 < window <= MOST):
        raise UserError(
            f"--window and --connections are 1 to {MOST}, --rate more than 0, at most {MOST}."
        )


def file(options: argparse.Namespace) -> int:
    """Note with which carriers a signature, or a text with it, is filed; the checks go by it."""
    said = [each.strip() for each in re.split("[,，、]", options.carriers) if each.strip()]
    carriers = [numbers.carrier(each) or each for each in said]
    if unknown := sorted(set(carriers) - set(CARRIERS)):
        raise UserError(f"--carriers are among {', '.join(CARRIERS)}, not {', '.join(unknown)}.")
    template = options.template
    if template and not TEMPLATE.fullmatch(template):
        raise UserError("--template is text, TEST/text or TEST/VARIANT, such as long/len-134.")
    with app.opened() as built, built.database.write() as sql:
        row = _known(sql, options.name)
        sends.file(row, options.signature, template, carriers)
        sql.add(row)
    what = f"【{options.signature}】{f' {template}' if template else ''}"
    sys.stdout.write(f"{what} {options.name}: {', '.join(carriers) or '-'}\n")
    return 0


def password(options: argparse.Namespace) -> int:
    """Keep another password with a connection; the rest stays as it is."""
    with app.opened() as built, built.database.write() as sql:
        row = _known(sql, options.name)
        secret = sends.secret(built.database.vault, row) | {"password": _password()}
        sends.reseal(built.database.vault, row, secret)
        sql.add(row)
    sys.stdout.write(f"Kept the new password of {options.name}.\n")
    return 0


def remove(options: argparse.Namespace) -> int:
    """Forget a connection; one that was tested stays, for the sake of what was measured."""
    with app.opened() as built, built.database.write() as sql:
        row = _known(sql, options.name)
        if runs.any_through(sql, row.id or 0):
            raise UserError(f"Tests went through {options.name!r}, so it stays with them.")
        sql.delete(row)
    sys.stdout.write(f"Forgot {options.name}.\n")
    return 0


def _known(sql: Session, name: str) -> Connection:
    row = sends.connection(sql, name)
    if row is None or row.simulated is not None:
        raise UserError(f"There is no connection {name!r}.")
    return row


def _wire(options: argparse.Namespace) -> tuple[Connection, dict[str, Any]]:
    """A connection of one of the wire protocols, every field as its endpoint wants it."""
    protocol = next(name for name in PROTOCOLS if getattr(options, name))
    host, port = address(getattr(options, protocol))
    known = endpoint_fields(protocol)
    given = _given(options.more, known)
    account = _ACCOUNT.get(protocol, "account")
    given[account] = options.account or given.get(account, "")
    missing = [name for name, field in known.items() if _needed(field) and not given.get(name)]
    if missing:
        flags = ["--account" if name == account else f"--set {name}=…" for name in missing]
        raise UserError(f"{protocol.upper()} also needs: {', '.join(flags)}.")
    if protocol == "sgip" and host not in LOOPBACK:
        if not given.get("listen_port"):
            raise UserError("SGIP also needs --set listen_port=…: there the gateway calls us.")
        given.setdefault("listen_host", EVERYWHERE)
    window = options.window or known["window"].default
    more = {"source": options.source, "window": window, "tls": options.tls}
    ours = {"rate": options.rate, "connections": options.connections}
    row = Connection(
        name=options.name,
        protocol=protocol,
        host=host,
        port=port,
        options=given | more | ours,
        created_at=app.now(),
    )
    sealed = {name: row.options.pop(name) for name in list(row.options) if "password" in name}
    return row, sealed | {"password": _password()}


def _http(options: argparse.Namespace) -> tuple[Connection, dict[str, Any]]:
    """A vendor's HTTP interface; what it wants to be told stands in its file."""
    return http_vendors.connection(options, _unseen)


def endpoint_fields(protocol: str) -> dict[str, Field[Any]]:
    """What can be said of a connection in this protocol, by name."""
    module = importlib.import_module(f"evaluators.protocols.{protocol}.session")
    return {field.name: field for field in fields(module.Endpoint)}


def _needed(field: Field[Any]) -> bool:
    missing = field.default is MISSING and field.default_factory is MISSING
    return missing and field.name not in OURS


def _given(pairs: Iterable[str], known: dict[str, Field[Any]]) -> dict[str, Any]:
    """`FIELD=VALUE` pairs, each value of the type its field has."""
    given: dict[str, Any] = {}
    settable = {name: field for name, field in known.items() if name not in OURS}
    for pair in pairs:
        name, _, text = pair.partition("=")
        if name not in settable or text == "?":
            raise UserError(f"Fields that --set takes: {', '.join(sorted(settable))}.")
        given[name] = _typed(name, text, settable[name])
    return given


def _typed(name: str, text: str, field: Field[Any]) -> Any:
    """The text as a value of the field's type."""
    kind = type(field.default) if field.default is not MISSING else field.type
    if kind is bool:
        if text.lower() not in {"yes", "no", "true", "false"}:
            raise UserError(f"{name} is yes or no.")
        return text.lower() in {"yes", "true"}
    if (choices := get_args(field.type)) and text not in map(str, choices):
        raise UserError(f"{name} is one of {', '.join(map(str, choices))}.")
    try:
        return kind(text) if kind in {int, float} else text
    except ValueError as error:
        raise UserError(f"{name} is a number, not {text!r}.") from error


def address(text: str) -> tuple[str, int]:
    """`host:port` or `[::1]:port` in two; raises UserError saying what is wrong."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise UserError(f"{text!r} is not HOST:PORT.")
    return host.strip("[]"), int(port)


def _password() -> str:
    typed = _unseen("Password: ")
    if not typed:
        raise UserError("The password is empty; nothing was kept. Type it, or pipe it in.")
    return typed


def _unseen(prompt: str) -> str:
    typed = getpass.getpass(prompt) if sys.stdin.isatty() else sys.stdin.readline().strip()
    if len(typed.encode()) > PASSWORD_MOST:
        raise UserError(f"A password has at most {PASSWORD_MOST} octets.")
    return typed
