"""`smsvet invite` and `smsvet people`: who is let in, and who can be reached."""

import json
import sys
from datetime import UTC, datetime
from typing import Any

from bot import access, app
from bot import settings as settings_
from bot.errors import UserError
from bot.store import invitations, outbox, people
from bot.store.database import Database

SHOWN = 20  # dead letters


def invite(name: str, roles: list[str] | None, *, as_json: bool) -> int:
    """Print a one-time code; the person is made where nobody of the name is known."""
    settings = settings_.load()
    name = name.strip()
    if not name or len(name) > people.LONGEST_NAME or not name.isprintable():
        raise UserError(f"A name has 1 to {people.LONGEST_NAME} printable characters.")
    database = Database.open(settings)
    try:
        with database.write() as sql:
            known = people.known_as(sql, name)
            if known is None and not roles:
                raise UserError(f"{name} is not known yet: say their role with --role.")
            asked = frozenset(roles) if roles else None
            code = invitations.invite(sql, database.vault, name, roles=asked, now=app.now())
            held = known.roles if known is not None else access.written(asked or frozenset())
    finally:
        database.close()
    found = {
        "name": name,
        "roles": held.split(","),
        "code": code,
        "good_for_days": invitations.GOOD_FOR.days,
        "link": settings.sign_in_link(code),
    }
    if as_json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
    else:
        sys.stdout.write(_invitation(found))
    return 0


def _invitation(found: dict[str, Any]) -> str:
    code = found["code"]
    return (
        f"{found['name']} ({', '.join(found['roles'])}): {code}\n"
        f"Good for {found['good_for_days']} days, once, on one channel:\n"
        f"  Telegram  send the bot: /start {code}\n"
        f"  WeCom     send the bot: {code}\n"
        f"  Web page  open {found['link']}\n"
        f"{found['good_for_days']} 天内有效，只能用一次：Telegram 给机器人发 /start {code}；"
        f"企业微信给机器人发 {code}；网页打开上面的链接。\n"
    )


def remove(name: str) -> int:
    """Nobody who has left is answered or told anything; what they said stays."""
    database = Database.open(settings_.load())
    try:
        with database.write() as sql:
            if not people.leave(sql, name, app.now()):
                raise UserError(f"Nobody of the name {name} is known.")
    finally:
        database.close()
    sys.stdout.write(f"{name} is no longer known on any channel.\n")
    return 0


def show(*, as_json: bool) -> int:
    """Everybody, and everything that did not reach somebody."""
    database = Database.open(settings_.load())
    try:
        with database.read() as sql:
            everybody = people.everybody(sql)
            unreached = outbox.unreached(sql)
            dead = outbox.dead(sql)[:SHOWN]
    finally:
        database.close()
    found = {
        "people": everybody,
        "unreachable": [
            {
                "name": each.name,
                "conversation": each.conversation,
                "since": each.since.astimezone(UTC).isoformat(),
                "why": each.why,
                "group": each.grouped,
                "waiting": each.waiting,
            }
            for each in unreached
        ],
        "undeliverable": [
            {"conversation": row.conversation_id, "at": _iso(row.dead_at), "why": row.problem}
            for row in dead
        ],
    }
    if as_json:
        sys.stdout.write(json.dumps(found, ensure_ascii=False, indent=2) + "\n")
        return 0
    sys.stdout.write("\n".join(_lines(found)) + "\n")
    return 0


def _lines(found: dict[str, Any]) -> list[str]:
    lines = [
        f"{each['name']}  {', '.join(each['roles']) or 'no role'}  "
        f"{', '.join(each['channels']) or 'not on any channel yet'}"
        for each in found["people"]
    ] or ["Nobody is known yet: smsvet invite NAME --role ROLE"]
    if found["unreachable"]:
        lines += ["", "Cannot be reached:"]
        lines += [
            f"  {_whose(each)}  {each['conversation']}  since {each['since'][:16]}  "
            f"{each['why']}  {each['waiting']} waiting"
            for each in found["unreachable"]
        ]
    if found["undeliverable"]:
        lines += ["", "Refused for good by the platform:"]
        lines += [
            f"  {each['conversation']}  {each['at'][:16]}  {each['why']}"
            for each in found["undeliverable"]
        ]
    return lines


def _whose(unreached: dict[str, Any]) -> str:
    name = str(unreached["name"])
    return f"a group ({name} spoke there last)" if unreached["group"] else name


def _iso(at: datetime | None) -> str:
    return at.astimezone(UTC).isoformat() if at is not None else ""
