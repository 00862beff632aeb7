"""`smsvet serve` as a process of its own, people who are invited, and a real browser."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.settings import load
from bot.store import invitations
from bot.store.database import Database
from tests.conftest import ROOT, missing

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
AXE = ROOT / "tests" / "node" / "node_modules" / "axe-core" / "axe.min.js"
EXPECTED = re.compile(
    r"status of (401|403|409|413|429)"
    r"|ERR_(CONNECTION_REFUSED|CONNECTION_RESET|EMPTY|FAILED|INCOMPLETE)"
)
DESKTOP, PHONE = {"width": 1280, "height": 800}, {"width": 390, "height": 844}


@dataclass
class Office:
    """A state directory, the server on it, and its people."""

    home: Path
    port: int = 0
    process: subprocess.Popen[str] | None = None
    more: dict[str, str] = field(default_factory=dict)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bot", "serve", "--port", str(self.port)],
            env=os.environ | {"SMSVET_HOME": str(self.home)} | self.more,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self.process.stdout is not None
        said = json.loads(self.process.stdout.readline())
        self.port = int(said["listening"].rpartition(":")[2])

    def stop(self) -> None:
        """As a power cut would."""
        assert self.process is not None
        self.process.kill()
        self.process.communicate()

    @contextmanager
    def database(self) -> Iterator[Database]:
        opened = Database.open(load({"SMSVET_HOME": str(self.home)}))
        try:
            yield opened
        finally:
            opened.close()

    def invite(self, name: str, *roles: str) -> str:
        """A one-time code."""
        asked = frozenset(roles or ("business", "approver"))
        with self.database() as database, database.write() as sql:
            now = datetime.now(UTC)
            return invitations.invite(sql, database.vault, name, roles=asked, now=now)


@contextmanager
def chromium() -> Iterator[Any]:
    """A real browser; skipped, with the reason, where there is none."""
    if not CHROMIUM:
        missing("Chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@contextmanager
def window(
    browser: Any, office: Office, size: dict[str, int] = DESKTOP, **settings: Any
) -> Iterator[Any]:
    """A browser of its own, with no cookies; what goes wrong in its page fails the test."""
    context = browser.new_context(viewport=size, locale="zh-CN", **settings)
    page = context.new_page()
    page.set_default_timeout(15_000)
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("console", lambda said: troubles.append(said.text) if said.type == "error" else None)
    page.on("request", lambda asked: _own(asked.url, office, troubles))
    try:
        yield page
        wrong = [text for text in troubles if not _expected(text)]
        assert [] == wrong
    finally:
        context.close()


def _own(url: str, office: Office, troubles: list[str]) -> None:
    if not url.startswith(office.url):
        troubles.append(f"external request: {url}")


def _expected(text: str) -> bool:
    """A browser reports every refused request as an error: those are what some tests are about."""
    return bool(EXPECTED.search(text))


def enter(page: Any, office: Office, name: str, *roles: str) -> None:
    """Sign in by a fresh link."""
    page.goto(f"{office.url}/#{office.invite(name, *roles)}")
    page.locator("#enter-form button").click()
    page.locator("#talk, #call").locator("visible=true").first.wait_for()


def say(page: Any, text: str) -> None:
    page.locator("#text").fill(text)
    page.locator("#text").press("Enter")


def axe(page: Any) -> list[str]:
    """What axe finds that is serious or critical."""
    if not AXE.exists():
        missing("axe-core")
    # Handed over by the debugging protocol: the page's own policy would not let it in.
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("() => axe.run(document)")
    return [
        f"{each['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for each in found["violations"]
        if each["impact"] in {"serious", "critical"}
        for node in each["nodes"]
    ]
