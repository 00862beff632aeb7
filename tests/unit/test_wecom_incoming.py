"""What callbacks say, in every shape they are known to have."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.wecom import frames, incoming
from bot.channels.wecom.media import safe_name

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["msgtype", "event", "text", "mixed", "msg_item", "from", "userid",
                         "quote", "file", "content", "eventtype", "selected_items"]),
        inner, max_size=6),
    max_leaves=20,
)  # fmt: skip


def callback(**body: Any) -> dict[str, Any]:
    return {"msgid": "m1", "chattype": "single", "from": {"userid": "alice"}, **body}


@pytest.mark.parametrize(
    ("text", "name", "meant"),
    [
        ("@测评助手 进度", "", "进度"),
        ("@测评助手\u2005进度", "", "进度"),
        ("进度 @测评助手", "", "进度"),
        ("@测评 助手 进度", "测评 助手", "进度"),
        ("请 @测评助手 看 @bob 的", "测评助手", "请 看 @bob 的"),
        ("@测评助手", "", ""),
        ("邮件 a@b.cn", "", "邮件 a@b.cn"),
        ("没有提到", "测评助手", "没有提到"),
    ],
)
def test_the_mention_is_removed(text: str, name: str, meant: str) -> None:
    """What is said in a group is what stands around the mention of the bot."""
    assert meant == incoming.unaddressed(text, name)


@pytest.mark.parametrize(
    "event",
    [
        {"template_card_event": {"event_key": "k", "task_id": "t", "card_type": "x"}},
        {"event_key": "k", "task_id": "t"},
        {"task_id": "t", "template_card_event": {"event_key": "k"}},
    ],
)
def test_presses_are_read_nested_and_flat(event: dict[str, Any]) -> None:
    """Both shapes that are documented give the same."""
    assert ("t", "k") == incoming.pressed(event)


@pytest.mark.parametrize(
    "items",
    [
        {"selected_item": [{"question_key": "q", "option_ids": {"option_id": ["7"]}}]},
        {"selected_item": {"question_key": "q", "option_ids": {"option_id": "7"}}},
        [{"question_key": "q", "option_ids": ["7"]}],
    ],
)
@pytest.mark.parametrize("flat", [True, False])
def test_votes_are_read_however_they_are_wrapped(items: Any, flat: bool) -> None:
    """The chosen option is the token."""
    told = {"event_key": "smsvet-submit", "task_id": "t", "selected_items": items}
    event = told if flat else {"template_card_event": told}
    assert ("t", "7") == incoming.pressed(event)


def test_a_quoted_file_counts_in_groups_only() -> None:
    """Alone the file came by itself before; in a group quoting is how it comes."""
    quote = {"msgtype": "image", "image": {"url": "http://x/1", "aeskey": "k"}}
    body = callback(msgtype="text", text={"content": "7"}, quote=quote)
    alone = incoming.read(body, "r")
    group = incoming.read({**body, "chattype": "group", "chatid": "g"}, "r")
    assert alone is not None
    assert group is not None
    assert ((), 1) == (alone.attachments, len(group.attachments))


@given(JSON)
@settings(max_examples=50)
def test_no_body_breaks_the_reader(body: object) -> None:
    """Whatever shape arrives, reading it says something or nothing."""
    said = incoming.read(callback(**frames.as_dict(body)), "r1")
    assert said is None or said.id


@given(st.text(max_size=300))
def test_names_of_files_are_no_paths(name: str) -> None:
    """No separator, nothing invisible, at most 120 characters and 240 bytes."""
    safe = safe_name(name)
    assert len(safe) <= 120
    assert len(safe.encode("utf-8", "replace")) <= 240
    assert not set("/\\\0") & set(safe)
    assert safe not in {".", ".."}


@pytest.mark.parametrize("text", ["", "x", "[]", "1", '{"headers": []}', b"\xff\xfe"])
def test_what_is_no_frame_is_none_or_empty(text: str) -> None:
    """Noise is no frame, and never an exception."""
    frame = frames.read(text)
    assert frame is None or frame.cmd == ""
