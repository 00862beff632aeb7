"""The Bot API's methods that write, change and delete messages."""

from typing import Any

from bot.fakes.telegram import entities
from bot.fakes.telegram.attached import TYPES, attach
from bot.fakes.telegram.params import Params, RefusalError, Upload
from bot.fakes.telegram.world import Fake, Room

JSON = dict[str, Any]
LONGEST_TEXT = 4096  # UTF-16 units
LONGEST_CAPTION = 1024
LONGEST_TOKEN = 64  # octets
BIGGEST_UPLOAD = 50 * 1024 * 1024
SAME = (
    "message is not modified: specified new message content and reply markup are exactly "
    "the same as a current content and reply markup of the message"
)


def send_message(fake: Fake, params: Params) -> JSON:
    """Method sendMessage."""
    room = fake.writable(params.text("chat_id"))
    more = {**_text(fake, params), **_reply(room, params), **_markup(params)}
    return fake.post(room, fake.me, more)


def edit_message_text(fake: Fake, params: Params) -> JSON:
    """Method editMessageText."""
    return _edit(fake, params, _text(fake, params))


def edit_message_reply_markup(fake: Fake, params: Params) -> JSON:
    """Method editMessageReplyMarkup."""
    return _edit(fake, params, {})


def send_document(fake: Fake, params: Params) -> JSON:
    """Method sendDocument."""
    return _send_file(fake, params, "document")


def send_photo(fake: Fake, params: Params) -> JSON:
    """Method sendPhoto."""
    return _send_file(fake, params, "photo")


def send_media_group(fake: Fake, params: Params) -> list[JSON]:
    """Method sendMediaGroup."""
    room = fake.writable(params.text("chat_id"))
    media = params.thing("media")
    if not isinstance(media, list) or not 2 <= len(media) <= 10:
        raise RefusalError("wrong number of items in the album: it must be 2-10")
    album, ready = str(fake.count("albums")), []
    for one in media:
        kind = str(one.get("type"))
        if kind not in TYPES:
            raise RefusalError("can't parse InputMedia: type is invalid")
        shown = _file(fake, kind, _source(params, str(one.get("media", ""))))
        caption = Params({**one, "parse_mode": one.get("parse_mode", "")})
        ready.append({**shown, **_caption(fake, caption), "media_group_id": album})
    return [fake.post(room, fake.me, more) for more in ready]


def delete_message(fake: Fake, params: Params) -> bool:
    """Method deleteMessage."""
    room = fake.writable(params.text("chat_id"))
    if room.messages.pop(params.number("message_id"), None) is None:
        raise RefusalError("message to delete not found")
    return True


def _edit(fake: Fake, params: Params, news: JSON) -> JSON:
    room = fake.writable(params.text("chat_id"))
    message = room.messages.get(params.number("message_id"))
    if message is None:
        raise RefusalError("message to edit not found")
    if message["from"]["id"] != fake.me["id"]:
        raise RefusalError("message can't be edited")
    if news and "text" not in message:
        raise RefusalError("there is no text in the message to edit")
    news = {**news, **_markup(params, inline=True)}
    before = {key: message.get(key) for key in ("text", "entities", "reply_markup")}
    after = {**before, "reply_markup": None, **({"entities": None} if "text" in news else {})}
    after |= news
    if before == after:
        raise RefusalError(SAME)
    for key, value in after.items():
        message.pop(key, None)
        if value is not None:
            message[key] = value
    message["edit_date"] = fake.now()
    fake.check_object("message", message)
    return message


def _send_file(fake: Fake, params: Params, kind: str) -> JSON:
    room = fake.writable(params.text("chat_id"))
    source = params.files.get(kind) or _source(params, params.text(kind))
    if source is None:
        raise RefusalError(f"there is no {kind} in the request")
    more = {**_file(fake, kind, source), **_caption(fake, params)}
    return fake.post(room, fake.me, {**more, **_reply(room, params), **_markup(params)})


def _source(params: Params, named: str) -> Upload | str | None:
    if named.startswith("attach://"):
        file = params.files.get(named.removeprefix("attach://"))
        if file is None:
            raise RefusalError("can't parse media: attached file is not found")
        return file
    return named or None


def _file(fake: Fake, kind: str, source: Upload | str | None) -> JSON:
    if isinstance(source, Upload):
        if not source.data:
            raise RefusalError("file must be non-empty")
        if len(source.data) > BIGGEST_UPLOAD:
            raise RefusalError("Request Entity Too Large", 413)
        return attach(fake, kind, source)
    kept = fake.files.get(source or "")
    if kept is None:
        raise RefusalError("wrong remote file identifier specified: Wrong string length")
    return attach(fake, kind, Upload("file", kept.data))


def _text(fake: Fake, params: Params) -> JSON:
    text, marked = entities.read(
        params.text("text"), params.text("parse_mode"), params.thing("entities")
    )
    if not text:
        raise RefusalError("message text is empty")
    if entities.units(text) > LONGEST_TEXT:
        raise RefusalError("message is too long")
    return {"text": text, **_marks(fake, marked, "entities")}


def _caption(fake: Fake, params: Params) -> JSON:
    text, marked = entities.read(
        params.text("caption"), params.text("parse_mode"), params.thing("caption_entities")
    )
    if entities.units(text) > LONGEST_CAPTION:
        raise RefusalError("message caption is too long")
    return {"caption": text, **_marks(fake, marked, "caption_entities")} if text else {}


def _marks(fake: Fake, marked: list[JSON], name: str) -> JSON:
    """Entities as they are shown: whom a person's id means is looked up."""
    shown = []
    for one in marked:
        if one["type"] == "text_mention" and "user_id" in one:
            person = fake.people.get(one["user_id"])
            if person is None:
                continue  # Telegram drops the mention of somebody the bot has never met
            rest = {key: value for key, value in one.items() if key != "user_id"}
            shown.append({**rest, "user": person})
        else:
            shown.append(one)
    return {name: shown} if shown else {}


def _reply(room: Room, params: Params) -> JSON:
    asked = params.thing("reply_parameters") or {}
    number = int(asked.get("message_id") or params.number("reply_to_message_id"))
    if not number:
        return {}
    replied = room.messages.get(number)
    if replied is not None:
        return {"reply_to_message": without_reply(replied)}
    if asked.get("allow_sending_without_reply"):
        return {}
    raise RefusalError("message to be replied not found")


def without_reply(message: JSON) -> JSON:
    """A message as it is quoted: without what it was itself a reply to."""
    return {key: value for key, value in message.items() if key != "reply_to_message"}


def _markup(params: Params, *, inline: bool = False) -> JSON:
    markup = params.thing("reply_markup")
    if not markup:
        return {}
    if not isinstance(markup, dict):
        raise RefusalError("object expected as reply markup")
    rows = markup.get("inline_keyboard")
    if rows is None:
        if inline:
            raise RefusalError("inline keyboard expected")
        return {}  # a keyboard or a prompt is the client's business: it is not in the message
    if not isinstance(rows, list) or not all(isinstance(row, list) for row in rows):
        raise RefusalError(
            'field "inline_keyboard" of the InlineKeyboardMarkup must be an Array of Arrays'
        )
    for button in (one for row in rows for one in row):
        _button(button)
    shown = [row for row in rows if row]
    return {"reply_markup": {"inline_keyboard": shown}} if shown else {}


def _button(button: JSON) -> None:
    if not button.get("text"):
        raise RefusalError("can't parse inline keyboard button: Text must be non-empty")
    data, url = button.get("callback_data"), button.get("url")
    if data is None and url is None:
        raise RefusalError(
            "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard"
        )
    if data is not None and not 1 <= len(str(data).encode()) <= LONGEST_TOKEN:
        raise RefusalError("BUTTON_DATA_INVALID")
