"""How a file looks in a message, by its kind. Names of kinds are the Bot API's own."""

from typing import Any

from bot.fakes.telegram.params import Upload
from bot.fakes.telegram.world import Fake

JSON = dict[str, Any]
TYPES = {
    "document": ("application/octet-stream", "documents"),
    "photo": ("image/jpeg", "photos"),
    "video": ("video/mp4", "videos"),
    "voice": ("audio/ogg", "voice"),
    "audio": ("audio/mpeg", "music"),
}


def attach(fake: Fake, kind: str, file: Upload) -> JSON:
    """Keep a file, typed or not; gives the field of the message that speaks of it."""
    usual, folder = TYPES[kind]
    if kind == "photo":
        small = fake.keep(file.data[:64] or b"-", folder)
        whole = fake.keep(file.data, folder)
        sizes = [{**small, "width": 90, "height": 60}, {**whole, "width": 1280, "height": 853}]
        return {"photo": sizes}
    about = {**fake.keep(file.data, folder), "mime_type": file.kind or usual}
    if kind != "document":
        about["duration"] = 3
    if kind == "video":
        about |= {"width": 640, "height": 480}
    if kind in {"document", "video", "audio"} and file.name:
        about["file_name"] = file.name
    return {kind: about}
