"""The scorecard page, opened in a real browser."""

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot import wording
from bot.dialogue.case import Case, FileKept, Given, Profile
from bot.dialogue.showing import Speaker
from bot.report import findings, page
from bot.settings import CONTENT
from evaluators import checklist, policy
from evaluators.evidence import Level
from evaluators.scoring import score
from tests.conftest import missing

NOW = datetime(2026, 11, 22, 2, 0, tzinfo=UTC)
HOSTILE = "<script>document.title='owned'</script>"


def given(item: str, choice: str | None, value: float | None = None, **more: object) -> Given:
    facts = {"level": Level.CLAIMED, "at": NOW, "by": "lin", "id": 1} | more
    return Given(item=item, choice=choice, value=value, **facts)  # type: ignore[arg-type]


@pytest.fixture
def html() -> str:
    """A small evaluation with a hostile answer, rendered in Chinese."""
    items = checklist.load(CONTENT / "checklist")
    case = Case(
        1,
        "蓝海通信",
        "full",
        NOW,
        Profile(("otp",), international=False, multilingual=False),
        answers=(
            given("price-vs-market", None, 0.025, words=HOSTILE),
            given("cost-breakdown", "na", note="自建网关", id=2),
            given("licence-original", "no", id=3),
        ),
        files=(("price-vs-market", FileKept("ab" * 32, "text/plain", 10, HOSTILE)),),
    )
    rules = policy.load(CONTENT / "checklist/policy.yaml")
    card = score(items, findings.of(case, items.by_id), rules, profile=case.profile, now=NOW)
    speak = Speaker(wording.load(CONTENT / "wording")["zh"], items)
    return page.render(speak, case, card, {})


def test_what_people_typed_is_text_on_the_page(html: str) -> None:
    """Words and file names appear as text; none of them becomes part of the page."""
    assert HOSTILE not in html
    assert 2 == html.count("&lt;script&gt;")


def test_a_failed_gate_and_a_reason_are_shown(html: str) -> None:
    """The failed knock-out decides, and what was left out is printed with its reason."""
    assert "淘汰" in html
    assert "自建网关" in html
    assert 'href="#answer-3"' in html
    assert 'id="answer-3"' in html


def test_the_page_opens_in_a_browser_on_its_own(html: str, tmp_path: Path) -> None:
    """A real browser shows the whole page without asking for anything from outside."""
    browser = shutil.which("chromium")
    if browser is None:
        missing("chromium")
    path = tmp_path / "report.html"
    path.write_text(html, encoding="utf-8")
    options = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --dump-dom "
        "--disable-background-networking --disable-component-update --disable-sync"
    )
    done = subprocess.run(
        [str(browser), *options.split(), f"--user-data-dir={tmp_path / 'b'}", path.as_uri()],
        capture_output=True,
        text=True,
        timeout=90,
        check=True,
    )
    assert "owned" not in done.stdout.split("</title>")[0]
    assert done.stdout.rstrip().endswith("</html>")
    assert "http://" not in html.replace("http://www.w3.org", "")
    assert "https://" not in html
