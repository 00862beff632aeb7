"""Frames of a real bot kept as fixtures: what the platform truly sends, without its secrets."""

import json
import time
from collections.abc import Callable
from pathlib import Path

from bot.channels.wecom import frames

_SECRET = {"secret", "aeskey", "url", "response_url", "base64_data", "bot_id", "aibotid", "md5"}
_NAMED = {
    "userid": "user",
    "userids": "user",
    "chatid": "chat",
    "corpid": "corp",
    "media_id": "media",
}


class Recorder:
    """Writes one line of JSON for each frame: seconds since the start, direction, frame.

    People and chats get numbers instead of names. What was said stays: say nothing private while
    recording.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path, self._clock, self._start = path, clock, clock()
        self._numbers: dict[tuple[str, str], str] = {}

    def __call__(self, direction: str, text: str | bytes) -> None:
        """Keep one frame; `direction`: in or out."""
        try:
            frame = self._clean(json.loads(text), "")
        except ValueError:
            frame = {"no frame": len(text)}
        line = {"s": round(self._clock() - self._start, 3), "way": direction, "frame": frame}
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")

    def _clean(self, value: object, name: str) -> object:
        if isinstance(value, dict):
            return {key: self._clean(inner, key) for key, inner in value.items()}
        if isinstance(value, list):
            return [self._clean(inner, name) for inner in value]
        if name in _SECRET:
            return f"<{name}>"
        if name in _NAMED and value:
            return self._number(_NAMED[name], str(value))
        return value

    def _number(self, kind: str, value: str) -> str:
        count = sum(1 for known, _ in self._numbers if known == kind)
        return self._numbers.setdefault((kind, value), f"<{kind} {count + 1}>")


def replayed(path: Path, way: str = "in") -> list[frames.Frame]:
    """The frames of a recording that went one way."""
    lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    read = [frames.read(json.dumps(line["frame"])) for line in lines if line["way"] == way]
    return [frame for frame in read if frame is not None]
