"""The web page in a real browser, on a real server: a whole journey, two tabs, an outage."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from bot import wording
from bot.settings import CONTENT
from bot.store import chats
from bot.store.tables import Connection, Outbox, Person, Run
from tests.integration.web_stage import (
    DESKTOP,
    PHONE,
    Office,
    axe,
    chromium,
    enter,
    say,
    window,
)

NARROW = {"width": 360, "height": 640}
ZOOMED = {"width": 640, "height": 400}  # 1280 × 800 at 200 %


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    opened = Office(tmp_path_factory.mktemp("web"))
    opened.start()
    yield opened
    opened.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as opened:
        yield opened


def person_of(office: Office, name: str) -> int:
    with office.database() as database, database.read() as sql:
        return sql.exec(select(Person.id).where(Person.name == name)).one() or 0


def lines(page: Any) -> list[str]:
    return [text.strip() for text in page.locator("#log .text").all_inner_texts()]


def newest(page: Any) -> Any:
    return page.locator("#log .buttons").last


def wait_for(page: Any, text: str) -> None:
    page.locator("#log .theirs", has_text=text).last.wait_for()


def in_call(page: Any, vendor: str) -> None:
    page.locator("nav [data-view=call]").click()
    page.locator("#call-start:visible, #call-other:visible").first.wait_for()
    if page.locator("#call-other").is_visible():
        page.locator("#call-other").click()
    page.locator("#vendor").fill(vendor)
    page.locator("#vendor").press("Enter")
    page.locator("#call-vendor", has_text=vendor).wait_for()


def tap(page: Any, number: int, word: str) -> None:
    page.locator(f"#item-{number} [data-word={word}]").click()
    page.locator(f"#item-{number} [data-word={word}][aria-pressed=true]").wait_for()


def test_a_browser_becomes_somebodys_when_they_say_so(office: Office, browser: Any) -> None:
    """The link shows a button; pressing it says whose browser this is, and the code is gone."""
    code = office.invite("林敏")
    with window(browser, office) as page:
        page.goto(f"{office.url}/#{code}")
        page.locator("#enter-form button").wait_for()
        assert code == page.locator("#code").input_value()
        assert f"{office.url}/" == page.url
        page.keyboard.press("Enter")
        page.locator("#notice", has_text="林敏").wait_for()
        wait_for(page, "smsvet")
        page.reload()
        wait_for(page, "smsvet")
        page.locator("#leave").click()
        page.locator("#enter").wait_for()
        page.fill("#code", code)
        page.locator("#enter-form button").click()
        page.locator("#enter-bad", has_text="已经用过").wait_for()


def test_number_keys_press_the_newest_buttons(office: Office, browser: Any) -> None:
    """With an empty field a number chooses; old buttons are out of use; text may hold numbers."""
    with window(browser, office) as page:
        enter(page, office, "阿敏")
        say(page, "蓝海通信")
        page.locator("#log button", has_text="完整评估").wait_for()
        page.locator("#text").press("1")
        wait_for(page, "主要发什么短信")
        assert "完整评估" in lines(page)
        old = page.locator("#log .buttons").first.locator("button")
        assert ["true", "true"] == [one.get_attribute("aria-disabled") for one in old.all()]
        page.locator("#text").press("1")  # several may be named here: it is typed, not pressed
        assert "1" == page.locator("#text").input_value()
        page.locator("#text").press_sequentially(" 2")
        page.locator("#text").press("Enter")
        wait_for(page, "国际")
        page.locator("#text").press("2")
        wait_for(page, "中文以外")


def test_an_old_button_does_nothing(office: Office, browser: Any) -> None:
    """A button of an earlier question can neither be clicked nor reached by keyboard."""
    with window(browser, office) as page:
        enter(page, office, "周衡")
        say(page, "乙通信")
        newest(page).locator("button").first.click()
        wait_for(page, "主要发什么短信")
        before = lines(page)
        old = page.locator("#log .buttons").first.locator("button").last
        old.click(force=True)
        assert "-1" == old.get_attribute("tabindex")
        page.wait_for_timeout(600)
        assert before == lines(page)


def test_the_keyboard_is_enough(office: Office, browser: Any) -> None:
    """Skip link, fields and buttons are reached with Tab, and focus is never lost."""
    focused = "() => document.activeElement.tagName"
    with window(browser, office) as page:
        enter(page, office, "吴桐")
        wait_for(page, "smsvet")
        page.reload()
        wait_for(page, "smsvet")
        page.keyboard.press("Tab")
        assert "A" == page.evaluate(focused)
        page.keyboard.press("Enter")
        for _ in range(4):
            page.keyboard.press("Tab")
            if "text" == page.evaluate("() => document.activeElement.id"):
                break
        page.keyboard.type("丙通信")
        page.keyboard.press("Enter")
        newest(page).wait_for()
        page.keyboard.press("Shift+Tab")
        page.keyboard.press("Shift+Tab")
        assert "BUTTON" == page.evaluate(focused)
        page.keyboard.press("Enter")
        wait_for(page, "丙通信")
        page.locator("#log .mine").nth(1).wait_for()
        assert "BODY" != page.evaluate(focused)


def test_two_tabs_show_the_same(office: Office, browser: Any) -> None:
    """What is said in one tab is in the other within a moment, once, in the same order."""
    with window(browser, office) as page:
        enter(page, office, "钱多")
        wait_for(page, "smsvet")
        other = page.context.new_page()
        other.goto(office.url)
        wait_for(other, "smsvet")
        say(page, "帮助")
        wait_for(other, "逐题回答")
        say(other, "列表")
        wait_for(page, "另开一份")
        say(page, "蓝海")
        wait_for(other, "新建哪一种")
        wait_for(page, "新建哪一种")
        assert lines(page) == lines(other)
        assert ["帮助", "列表", "蓝海"] == page.locator("#log .mine .text").all_inner_texts()


def test_an_outage_loses_and_doubles_nothing(office: Office, browser: Any) -> None:
    """While the server is gone the page says so; what was typed arrives once it is back, once."""
    with window(browser, office) as page:
        enter(page, office, "孙敬")
        wait_for(page, "smsvet")
        say(page, "帮助")
        wait_for(page, "逐题回答")
        office.stop()
        page.locator("#notice", has_text="正在重连").wait_for()
        say(page, "列表")
        say(page, "戊通信")
        page.locator("#unsent article").nth(1).wait_for()
        office.start()
        wait_for(page, "新建哪一种")
        page.locator("#unsent article").first.wait_for(state="detached")
        assert ["帮助", "列表", "戊通信"] == page.locator("#log .mine .text").all_inner_texts()
        shown = lines(page)
        page.reload()
        wait_for(page, "新建哪一种")
        assert shown == lines(page)


def test_a_lost_answer_leads_to_no_second_message(office: Office, browser: Any) -> None:
    """The server kept the message, its answer got lost on the way: the repeat is harmless."""
    with window(browser, office) as page:
        enter(page, office, "李让")
        wait_for(page, "smsvet")
        lost: list[str] = []

        def lose(route: Any) -> None:
            if lost:
                return route.continue_()
            lost.append(route.request.url)
            route.fetch()  # it reaches the server
            return route.abort()

        page.route("**/say", lose)
        say(page, "帮助")
        wait_for(page, "逐题回答")
        page.wait_for_timeout(1500)
        assert 1 == len(lost)
        assert ["帮助"] == page.locator("#log .mine .text").all_inner_texts()


def test_files_go_both_ways(office: Office, browser: Any, tmp_path: Path) -> None:
    """A paper with its caption is filed; the report comes back as a link that opens."""
    paper = tmp_path / "licence.pdf"
    paper.write_bytes(b"%PDF-1.4\n" + b"0" * 3000)
    with window(browser, office) as page:
        enter(page, office, "郑书")
        say(page, "/预筛 己通信")
        wait_for(page, "念给对方")
        page.set_input_files("#pick", str(paper))
        page.locator(".chip", has_text="licence.pdf").wait_for()
        say(page, "51")
        page.locator("#log .mine .file", has_text="licence.pdf").wait_for()
        wait_for(page, "已存：licence.pdf")
        say(page, "报告")
        link = page.locator("#log .theirs .file a").first
        link.wait_for()
        with page.context.expect_page() as opened:
            link.click()
        opened.value.get_by_role("heading", level=1, name="己通信").wait_for()


def test_dropped_files_are_taken(office: Office, browser: Any) -> None:
    """A file dragged onto the conversation waits beside the text field."""
    with window(browser, office) as page:
        enter(page, office, "冯图")
        wait_for(page, "smsvet")
        page.evaluate(
            """() => {
                const held = new DataTransfer();
                held.items.add(new File(["price list"], "prices.txt", { type: "text/plain" }));
                document.getElementById("talk").dispatchEvent(
                    new DragEvent("drop", { dataTransfer: held, bubbles: true, cancelable: true }));
            }"""
        )
        page.locator(".chip", has_text="prices.txt").wait_for()
        page.locator(".chip button").click()
        page.locator(".chip").wait_for(state="detached")


def test_the_call_screen_takes_a_whole_call(office: Office, browser: Any) -> None:
    """Eight questions at once, any order, one tap each; warnings at once, a summary at the end."""
    with window(browser, office, PHONE) as page:
        enter(page, office, "陈拓")
        in_call(page, "云信达")
        assert 8 == page.locator(".step:visible").count()
        page.locator("#value-1").fill("2分5")
        page.locator("#value-1").press("Enter")
        page.locator("#item-1 .warning.red").wait_for()
        assert "0.025" in page.locator("#item-1 .kept").inner_text()
        tap(page, 62, "yes")
        tap(page, 62, "no")  # corrected by one tap
        page.locator("#item-62 .warning.red").wait_for()
        assert "false" == page.locator("#item-62 [data-word=yes]").get_attribute("aria-pressed")
        tap(page, 10, "vague")
        assert "已答 2/8" == page.locator("#call-count").inner_text()
        page.locator("#call-next").click()
        assert "item-51" == page.evaluate("() => document.activeElement.closest('fieldset').id")
        for number in (51, 19, 3, 25, 15, 6, 7, 40):
            tap(page, number, "unknown")
        page.locator("#call-summary").wait_for()
        assert "初判" in page.locator("#call-summary").inner_text()
        assert "00:" == page.locator("#call-clock").inner_text()[:3]
        page.locator("#call-summary button", has_text="报告").click()
        page.locator("#log .file a").first.wait_for()


def test_what_was_not_understood_is_said_beside_the_question(office: Office, browser: Any) -> None:
    """A value that is not taken is explained where it was typed, and nothing is kept."""
    with window(browser, office) as page:
        enter(page, office, "褚严")
        in_call(page, "辛通信")
        page.locator("#value-1").fill("0.02元到0.05元")
        page.locator("#value-1").press("Enter")
        page.locator("#item-1 .feedback").wait_for()
        assert "没有记下" in page.locator("#item-1 .feedback").inner_text()
        page.locator("#item-15 .more button").click()
        page.locator("#note-15").fill("看情况吧")
        tap(page, 15, "partly")
        assert "看情况吧" in page.locator("#item-15 .result").inner_text()


def test_not_applicable_asks_why(office: Office, browser: Any) -> None:
    """It needs a reason, which is asked for beside the question."""
    with window(browser, office) as page:
        enter(page, office, "卫因")
        in_call(page, "壬通信")
        page.locator("#item-6 [data-word=na]").click()
        assert "note-6" == page.evaluate("() => document.activeElement.id")
        page.keyboard.type("只发验证码")
        page.keyboard.press("Enter")
        page.locator("#item-6 [data-word=na][aria-pressed=true]").wait_for()
        assert "只发验证码" in page.locator("#item-6 .result").inner_text()


def test_a_call_goes_on_where_it_was(office: Office, browser: Any) -> None:
    """A reload, another browser, or another vendor in between: the answers are there."""
    with window(browser, office) as page:
        enter(page, office, "蒋续")
        in_call(page, "癸通信")
        tap(page, 15, "yes")
        page.reload()
        page.locator("#item-15 [data-word=yes][aria-pressed=true]").wait_for()
        in_call(page, "子通信")
        page.locator("#item-15 [data-word=yes][aria-pressed=false]").wait_for()
        page.locator("#call-other").click()
        page.locator("#call-others button", has_text="癸通信").click()
        page.locator("#item-15 [data-word=yes][aria-pressed=true]").wait_for()
        assert "癸通信" == page.locator("#call-vendor").inner_text()


def test_the_language_is_the_persons(office: Office, browser: Any) -> None:
    """Switching changes the page, the conversation, and every other place of that person."""
    with window(browser, office) as page:
        enter(page, office, "沈文")
        wait_for(page, "smsvet")
        page.locator("#language").click()
        page.locator("#leave", has_text="Sign out").wait_for()
        assert "en" == page.evaluate("() => document.documentElement.lang")
        say(page, "help")
        wait_for(page, "Answer")
        in_call(page, "Blue Ocean")
        assert "yes" == page.locator("#item-15 [data-word=yes]").inner_text()
        again = page.context.new_page()
        again.goto(office.url)
        again.locator("#leave", has_text="Sign out").wait_for()


def test_a_running_test_is_shown_in_place(office: Office, browser: Any) -> None:
    """One line tells how far a test is, and changes as another process writes."""
    with window(browser, office) as page:
        enter(page, office, "韩进")
        wait_for(page, "smsvet")
        run = _run(office, "韩进")
        _progress(office, run, "sending", {"planned": 40, "sent": 7})
        page.locator("#progress", has_text="7/40").wait_for()
        before = len(lines(page))
        _progress(office, run, "sending", {"planned": 40, "sent": 23})
        page.locator("#progress", has_text="23/40").wait_for()
        _progress(office, run, "judged", {"planned": 40, "sent": 40})
        page.locator("#progress:empty").wait_for(state="attached")
        assert before == len(lines(page))


def _run(office: Office, name: str) -> int:
    now = datetime.now(UTC)
    with office.database() as database, database.write() as sql:
        line = Connection(name=f"line of {name}", created_at=now)
        sql.add(line)
        sql.flush()
        where = f"web:{person_of(office, name)}"
        run = Run(
            connection_id=line.id or 0, conversation_id=where, state="planned", planned_at=now
        )
        sql.add(run)
        sql.flush()
        return run.id or 0


def _progress(office: Office, run_id: int, state: str, counts: dict[str, int]) -> None:
    with office.database() as database, database.write() as sql:
        run = sql.get_one(Run, run_id)
        run.state, run.progress = state, counts


def test_what_a_worker_says_arrives_and_counts_as_delivered(office: Office, browser: Any) -> None:
    """A line of another process is on the page within a moment; then it is no longer waiting."""
    with window(browser, office) as page:
        enter(page, office, "杨声")
        wait_for(page, "smsvet")
        key = f"web:{person_of(office, '杨声')}"
        with office.database() as database, database.write() as sql:
            body = {"text": "结论：<b>达标</b> **好**", "buttons": [], "file": "", "numbered": True}
            chats.queue(sql, key, body, datetime.now(UTC))
        wait_for(page, "结论：<b>达标</b> 好")
        assert 1 == page.locator("#log strong", has_text="好").count()
        page.wait_for_timeout(500)
        with office.database() as database, database.read() as sql:
            rows = sql.exec(select(Outbox).where(Outbox.conversation_id == key)).all()
        assert [] == [row.body["text"] for row in rows if row.delivered_at is None]


@pytest.mark.slow
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [DESKTOP, NARROW], ids=["desktop", "phone"])
def test_no_serious_obstacle(
    office: Office, browser: Any, scheme: str, size: dict[str, int]
) -> None:
    """axe finds nothing serious on any screen, and nothing has to be scrolled sideways."""
    name = f"尤{scheme}{size['width']}"
    with window(browser, office, size, color_scheme=scheme, reduced_motion="reduce") as page:
        page.goto(office.url)
        page.locator("#enter").wait_for()
        assert [] == _obstacles(page)
        enter(page, office, name)
        say(page, f"丑{name}")
        newest(page).locator("button").first.click()
        wait_for(page, "主要发什么短信")
        assert [] == _obstacles(page)
        page.locator("nav [data-view=call]").click()
        page.locator("#vendor").wait_for()
        assert [] == _obstacles(page)
        in_call(page, f"寅{name}")
        assert [] == _obstacles(page)
        page.locator("#value-1").fill("2分5")
        page.locator("#value-1").press("Enter")
        page.locator("#item-1 .warning").wait_for()
        tap(page, 62, "partly")
        tap(page, 10, "vague")
        for number in (51, 19, 3, 25, 15, 6, 7, 40):
            tap(page, number, "later")
        page.locator("#call-summary").wait_for()
        assert [] == _obstacles(page)


def _obstacles(page: Any) -> list[str]:
    found = axe(page)
    wide = page.evaluate("() => document.documentElement.scrollWidth - innerWidth")
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, input:not([type=file]), textarea, .attach")]
            .map((one) => [one, one.getBoundingClientRect()])
            .filter(([one, box]) => box.width && (box.height < 43.5 || box.width < 43.5))
            .map(([one, box]) => `${one.outerHTML.slice(0, 80)} ${box.width}×${box.height}`)"""
    )
    return found + small + ([f"{wide} px too wide"] if wide > 0 else [])


def test_twice_the_size_still_fits(office: Office, browser: Any) -> None:
    """At 200 % on a small laptop everything is there without scrolling sideways."""
    with window(browser, office, ZOOMED) as page:
        enter(page, office, "许大")
        wait_for(page, "smsvet")
        assert page.locator("#text").is_visible()
        assert [] == _obstacles(page)
        in_call(page, "卯通信")
        assert [] == _obstacles(page)


def test_the_words_on_the_page_exist(office: Office) -> None:
    """Every phrase that the page's files name is in the wording, and none is left over."""
    folder = Path(wording.__file__).parent / "channels" / "web"
    text = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("page.*"))
    text += "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.js"))
    named = set(re.findall(r'"(web\.[a-z_.]+)"', text))
    phrases = {key for key in wording.load(CONTENT / "wording")["zh"].phrases if key[:4] == "web."}
    said_by_the_server = {"web.answered", "web.link", "web.private"}
    assert phrases - said_by_the_server == named
