"""What waited for somebody who was away, as one message."""

from bot.store.gathering import together

QUESTION = {"text": "问题5：有资质吗？", "buttons": [["是", "12:5:yes"], ["否", "12:5:no"]]}
NOTICE = {
    "text": "提醒3：演练",
    "buttons": [["完成", "0:remind:3-x-done"], ["推迟", "0:remind:3-x-snooze"]],
    "reminders": [3],
}


def plain(text: str) -> dict[str, object]:
    return {"text": text, "buttons": [], "file": "", "numbered": True}


def test_what_waited_is_said_in_its_order() -> None:
    """Texts follow each other, parted by an empty line."""
    both = together((plain("一"), plain("二"), plain("三"))) or {}
    assert "一\n\n二\n\n三" == both["text"]


def test_what_is_said_again_is_said_once() -> None:
    """A question put once more stands where it was put last."""
    both = (
        together((QUESTION, plain("帮助"), QUESTION | {"text": "回来了\n问题5：有资质吗？"})) or {}
    )
    assert "帮助\n\n回来了\n问题5：有资质吗？" == both["text"]
    assert QUESTION["buttons"] == both["buttons"]


def test_only_buttons_that_still_work_are_kept() -> None:
    """Those of the newest question, then those of notices; the notice is still known as told."""
    newer = {"text": "问题6", "buttons": [["是", "13:6:yes"]]}
    both = together((QUESTION, NOTICE, newer)) or {}
    assert ["13:6:yes", "0:remind:3-x-done", "0:remind:3-x-snooze"] == [
        token for _, token in both["buttons"]
    ]
    assert [3] == both["reminders"]


def test_a_file_stays_a_message_of_its_own() -> None:
    """A caption holds too little to carry what waited."""
    assert together((plain("一"), plain("报告") | {"file": "r.html"})) is None
