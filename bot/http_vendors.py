"""A connection to a vendor's HTTP interface: what its file asks for, the person is asked."""

import argparse
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

from bot.app import App
from bot.errors import UserError
from bot.settings import CONTENT
from bot.store.tables import Connection

FOLDER = CONTENT / "vendors"
MORE = ("signature", "template", "template_text", "callback", "receipts", "host")
"""What `--set` takes beside the vendor's own fields."""
RECEIPTS = ("push", "pull", "none")


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
    name, _, port = host.partition(":")
    row = Connection(
        name=options.name,
        protocol="http",
        host=name,
        port=int(port) if port.isdigit() else described.port,
        options=given
        | {
            "vendor": options.http,
            "source": options.source,
            "window": min(options.window or 16, 64),
            "rate": options.rate,
            "tls": described.tls,
        },
        created_at=datetime.now(UTC),
    )
    return row, secret


def address(built: App, name: str) -> str:
    """Where this vendor is to push its receipts."""
    from bot.inbound import receipts

    base = (built.settings.public_url or "https://…").rstrip("/")
    return base + receipts.path(built.database, name)


def advice(built: App, name: str, vendor_name: str) -> Iterator[str]:
    """What is left to do in the vendor's console, and how far this interface has been tried."""
    from evaluators.protocols.http import vendor

    described = vendor.load(FOLDER / f"{vendor_name}.yaml")
    yield described.tried.zh
    yield described.tried.en
    if described.receipts.push:
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
