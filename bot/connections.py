"""`smsvet vendor`: connections to vendors, kept with their secrets sealed."""

import argparse
import getpass
import sys

from bot import app
from bot.errors import UserError
from bot.store import sends
from bot.store.tables import Connection

PASSWORD_MOST = 64  # the standard says 8, but vendors issue longer ones


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
    """Keep an SMPP connection; the password is typed unseen, or read from a pipe."""
    host, port = address(options.smpp)
    if options.name.startswith("sim:"):
        raise UserError("Names that start with sim: belong to the simulated vendors.")
    if options.window < 1 or options.rate <= 0:
        raise UserError("--window is at least 1 and --rate more than 0.")
    password = _password()
    with app.opened() as built, built.database.write() as sql:
        if sends.connection(sql, options.name) is not None:
            raise UserError(f"There is a connection {options.name!r} already.")
        row = Connection(
            name=options.name,
            host=host,
            port=port,
            options={
                "system_id": options.system_id,
                "source": options.source,
                "window": options.window,
                "rate": options.rate,
                "tls": options.tls,
            },
            created_at=app.now(),
        )
        sends.add_connection(sql, built.database.vault, row, {"password": password})
    sys.stdout.write(f"Kept {options.name}. Plan a test in the chat with: test\n")
    return 0


def address(text: str) -> tuple[str, int]:
    """`host:port` or `[::1]:port` in two; raises UserError saying what is wrong."""
    host, _, port = text.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise UserError(f"{text!r} is not HOST:PORT.")
    return host.strip("[]"), int(port)


def _password() -> str:
    typed = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
    if len(typed.encode()) > PASSWORD_MOST:
        raise UserError(f"A password has at most {PASSWORD_MOST} octets.")
    return typed
