"""A connection to a vendor's HTTP interface: what its file asks for, the person is asked."""

import argparse
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from bot.app import App
from bot.errors import UserError
from bot.settings import CONTENT
from bot.store.tables import Connection

FOLDER = CONTENT / "vendors"
MORE = ("signature", "template", "template_text", "callback", "receipts", "host", "tls")
"""What `--set` takes beside the vendor's own fields."""
RECEIPTS = ("push", "pull", "none")
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
PLAIN = "--set tls=false (this machine only)"
MOST_PORTS = 65_536


def connection(
    options: argparse.Namespace, unseen: Callable[[str], str]
) -> tuple[Connection, dict[str, Any]]:
    """The row and its secrets; those that were not given are asked for, unseen."""
    from evaluators.protocols.http import vendor

    known = sorted(path.stem for path in FOLDER.glob("*.yaml"))
    if options.http not in known:
        raise UserError(f"--http is one of: {', '.join(known)}.")
    described = vendor.load(FOLDER / f"{options.http}.yaml")
    given = _given(options.more, {field.name for field in described.fields} | set(MORE))
    secret = {}
    for field in described.fields:
        value = given.pop(field.name, "") or field.default or ""
        if not value and field.required:
            value = unseen(f"{field.title.en} / {field.title.zh}: ")
        if field.required and not value:
            raise UserError(f"This vendor wants {field.name}.")
        secret[field.name] = value
    if given.get("receipts", "push") not in RECEIPTS:
        raise UserError(f"receipts is one of: {', '.join(RECEIPTS)}.")
    if described.template is not None and not given.get("template"):
        raise UserError("This vendor wants --set template=… and --set template_text=….")
    host = given.pop("host", "") or described.hosts[0]
    if not host:
        raise UserError("Where is it? Give --set host=….")
    name, port = _place(host, described.port)
    tls = _tls(given.pop("tls", ""), name, described.tls)
    row = Connection(
        name=options.name,
        protocol="http",
        host=name,
        port=port,
        options=given
        | {
            "vendor": options.http,
            "source": options.source,
            "window": min(options.window or 16, 64),
            "rate": options.rate,
            "tls": tls,
        },
        created_at=datetime.now(UTC),
    )
    return row, secret


def _place(said: str, usual: int) -> tuple[str, int]:
    """`host` or `host:port`; whoever copies an address from a browser is told what to write."""
    if "/" in said or "@" in said:
        bare = re.sub(r"^[a-z]+:/*", "", said.strip().lower()).partition("/")[0].rpartition("@")[2]
        more = f", and for http:// {PLAIN}" if said.lower().startswith("http:") else ""
        raise UserError(f"host is a name, not {said!r}: write --set host={bare}{more}.")
    if said.startswith("[") or said.count(":") > 1:
        name, _, port = said.removeprefix("[").partition("]")
        port = port.removeprefix(":")
    else:
        name, _, port = said.partition(":")
    if not name or (port and not (port.isdecimal() and 0 < int(port) < MOST_PORTS)):
        raise UserError(f"host is HOST or HOST:PORT, not {said!r}.")
    return name, int(port) if port else usual


def _tls(said: str, host: str, usual: bool) -> bool:
    """Credentials travel with every request: unencrypted only to this machine itself."""
    if not said:
        return usual
    if said.lower() not in {"true", "false", "yes", "no"}:
        raise UserError(f"tls is true or false, not {said!r}.")
    wanted = said.lower() in {"true", "yes"}
    if usual and not wanted and host.lower() not in LOOPBACK:
        raise UserError(
            f"tls=false is for {', '.join(sorted(LOOPBACK))} only: to {host} the credentials"
            " would travel unencrypted."
        )
    return wanted


def address(built: App, name: str) -> str:
    """Where this vendor is to push its receipts."""
    from bot.inbound import receipts

    base = (built.settings.public_url or "https://…").rstrip("/")
    return base + receipts.path(built.database, name)


def advice(built: App, name: str, vendor_name: str, receipts: str) -> Iterator[str]:
    """What is left to do in the vendor's console, and how far this interface has been tried."""
    from evaluators.protocols.http import vendor

    described = vendor.load(FOLDER / f"{vendor_name}.yaml")
    yield described.tried.zh
    yield described.tried.en
    if described.receipts.push and receipts == "push":
        yield f"回执地址 / Receipts go to: {address(built, name)}"
        yield described.receipts.push.set_up.zh
        yield described.receipts.push.set_up.en
        if not built.settings.public_url:
            yield "（先设 SMSVET_PUBLIC_URL，再添加连接，地址会自动随请求带给需要它的服务商。）"
            yield "(Set SMSVET_PUBLIC_URL first: vendors that want the address get it by itself.)"


def _given(pairs: list[str], names: set[str]) -> dict[str, str]:
    given = {}
    for pair in pairs:
        name, _, text = pair.partition("=")
        if name not in names or text == "?":
            raise UserError(f"Fields that --set takes here: {', '.join(sorted(names))}.")
        given[name] = text
    return given
