"""`smsvet panel phone`: real phones on the panel, and what to enter in the app on each."""

import argparse
import getpass
import random
import secrets
import sys
import time
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from sqlmodel import Session, col, select

from bot import app
from bot.digits import masked, normal
from bot.errors import UserError
from bot.inbound.panel import ABOUT_REACH, look_through
from bot.inbound.phones import ABOUT_SECRET
from bot.inbound.reread import Reach
from bot.inbound.smsforwarder import TEMPLATE
from bot.store import handsets, people, sends
from bot.store.tables import Control, Handset, Number
from bot.store.vault import Vault
from bot.wording import Wording
from evaluators.sending.tokens import ALPHABET, TOKEN_LENGTH

PERSON_EVERY_S = 12 * 3600  # a code typed says that the phone was up for hours around it
BACK = timedelta(days=1)  # how far `reread` looks
_ALPHABETS = random.SystemRandom()


def run(options: argparse.Namespace) -> int:
    """List, add, retire, control or reread."""
    if options.phone == "list":
        return _list()
    if options.phone == "add":
        return _add(options)
    if options.phone == "retire":
        return _retire(options.name)
    if options.phone == "control":
        return _control(options.name, options.language)
    return _reread(options.name)


def _list() -> int:
    now = app.now()
    with app.opened() as built, built.database.read() as sql:
        found = handsets.in_use(sql)
        vault = built.database.vault
        lines = [_line(vault, handset, number, now) for handset, number, _ in found]
    sys.stdout.write("".join(lines) or "No phones yet: smsvet panel phone add --help\n")
    return 0


def _line(vault: Vault, handset: Handset, number: Number, now: datetime) -> str:
    shown = masked(vault.unseal(number.number_sealed or b"", "number"))
    beat = "never heard of"
    if handset.beat_at is not None:
        ago = max(0, round((now - handset.beat_at).total_seconds()))
        beat = f"heard of {ago} s ago" + ("" if handsets.is_up(handset, now) else ", silent")
    clock = ""
    if handset.clock_offset_ms is not None:
        off, unsure = -handset.clock_offset_ms / 1000, (handset.clock_unsure_ms or 0) / 1000
        clock = f"clock {off:+.1f} s (within {unsure:.1f} s)"
    trouble = f"refused: {handset.trouble}" if handset.trouble else ""
    parts = (handset.kind, number.carrier, shown, beat, clock, trouble)
    return f"{handset.name:16} " + "  ".join(part for part in parts if part) + "\n"


def _add(options: argparse.Namespace) -> int:
    if options.every < 10:
        raise UserError("--every is at least 10 seconds.")
    token, secret = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
    reach = _reach(options)
    with app.opened() as built, built.database.write() as sql:
        vault, word = built.database.vault, built.wordings[options.language]
        number = _number(sql, vault, options.number)
        if handsets.by_name(sql, options.name) is not None:
            raise UserError(f"There is a phone {options.name!r} already.")
        row = Handset(
            number_id=number.id or 0,
            person_id=_person(sql, options),
            name=options.name,
            kind=options.kind,
            token=vault.index(token),
            secret_sealed=vault.seal(secret, ABOUT_SECRET),
            reach_sealed=vault.seal(reach.to_json(), ABOUT_REACH) if reach else None,
            beat_every_s=PERSON_EVERY_S if options.kind == "person" else options.every,
            created_at=app.now(),
        )
        sql.add(row)
        sql.flush()
        said = steps(word, row, token, secret)
    sys.stdout.write(said + "\n")
    return 0


def steps(word: Wording, handset: Handset, token: str, secret: str) -> str:
    """What to do on the phone, for its app; shown once."""
    return word(
        f"phone.steps.{handset.kind.replace('-', '_')}",
        name=handset.name,
        path=f"/phones/{token}",
        secret=secret,
        every=handset.beat_every_s,
        template=TEMPLATE,
        minutes=max(1, round(handset.beat_every_s / 60)),
    )


def _reach(options: argparse.Namespace) -> Reach | None:
    """How the app's own server is asked; its password is typed unseen, or read from a pipe."""
    if not options.address:
        return None
    parts = urlsplit(options.address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UserError("--address is like http://192.0.2.10:8080")
    asked = "Password or signing key of the app's server: "
    tty = sys.stdin.isatty()
    password = getpass.getpass(asked) if tty else sys.stdin.readline().strip()
    return Reach(options.address, password, options.login)


def _number(sql: Session, vault: Vault, said: str) -> Number:
    number = sends.number(sql, vault, normal(said))
    if number is None or number.retired_at is not None or number.simulated:
        raise UserError(f"{masked(said)} is not listed: smsvet panel add FILE.csv")
    taken = (Handset.number_id == number.id, col(Handset.retired_at).is_(None))
    if sql.exec(select(Handset.id).where(*taken)).first() is not None:
        raise UserError(f"{masked(said)} has a phone already; retire that one first.")
    return number


def _person(sql: Session, options: argparse.Namespace) -> int | None:
    if options.kind != "person":
        return None
    found = people.id_of(sql, options.person or "")
    if found is None:
        raise UserError("--person names somebody who has talked to smsvet before.")
    return found


def _retire(name: str) -> int:
    with app.opened() as built, built.database.write() as sql:
        row = _known(sql, name)
        row.retired_at = app.now()
        sql.add(row)
    sys.stdout.write(f"Nothing more is taken from {name}.\n")
    return 0


def _control(name: str, language: str) -> int:
    """Say whether the last control text came; ask for a new one."""
    code = "".join(_ALPHABETS.choices(ALPHABET, k=TOKEN_LENGTH))
    with app.opened() as built, built.database.write() as sql:
        row, word = _known(sql, name), built.wordings[language]
        asked = select(Control).where(Control.handset_id == row.id)
        last = sql.exec(asked.order_by(col(Control.id).desc())).first()
        sql.add(Control(handset_id=row.id or 0, code=code, asked_at=app.now()))
    if last is not None:
        came = "phone.control.came" if last.seen_at else "phone.control.missing"
        at = (last.seen_at or last.asked_at).astimezone().strftime("%m-%d %H:%M:%S")
        sys.stdout.write(word(came, code=last.code, at=at) + "\n")
    sys.stdout.write(word("phone.control.ask", name=name, code=code) + "\n")
    return 0


def _reread(name: str) -> int:
    now_ns = time.time_ns()
    since_ms = now_ns // 1_000_000 - int(BACK.total_seconds() * 1000)
    with app.opened() as built:
        with built.database.read() as sql:
            row = _known(sql, name)
        asked = row.reach_sealed is not None and look_through(built.database, row, since_ms, now_ns)
    if not asked:
        raise UserError(f"{name} cannot be asked; smsvet.log says why, if it has an --address.")
    sys.stdout.write(f"{name}: its inbox was looked through.\n")
    return 0


def _known(sql: Session, name: str) -> Handset:
    row = handsets.by_name(sql, name)
    if row is None or row.retired_at is not None:
        raise UserError(f"There is no phone {name!r}: smsvet panel phone list")
    return row
