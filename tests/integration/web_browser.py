"""A browser of the web page as the server sees it: requests, a cookie, and what was answered."""

import http.client
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.integration.web_stage import Office

PUBLIC = "vet.example.com"


@contextmanager
def public(home: Path) -> Iterator[Office]:
    """An office that is also known by a name of its own, behind HTTPS."""
    office = Office(home, more={"SMSVET_PUBLIC_URL": f"https://{PUBLIC}"})
    office.start()
    yield office
    office.stop()


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Browser:
    """What a browser would send, as far as a test does not say otherwise."""

    office: Office
    address: str = "192.0.2.1"
    cookie: str = ""
    last: dict[str, str] = field(default_factory=dict)

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str | None
    ) -> Answer:
        usual = {"Host": f"127.0.0.1:{self.office.port}", "X-Forwarded-For": self.address}
        if method == "POST":
            usual |= {"Origin": self.office.url, "X-Smsvet": "1"}
        if self.cookie:
            usual["Cookie"] = self.cookie
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        line = http.client.HTTPConnection("127.0.0.1", self.office.port, timeout=40)
        try:
            sent = {name: value for name, value in (usual | given).items() if value is not None}
            line.request(method, path, body, sent)
            got = line.getresponse()
            return Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
        finally:
            line.close()

    def post(self, path: str, given: object, **headers: str | None) -> Answer:
        return self.ask("POST", path, json.dumps(given).encode(), **headers)

    def enter(self, code: str, **headers: str | None) -> Answer:
        answer = self.post("/enter", {"code": code}, **headers)
        if answer.status == 200:
            self.cookie = answer.headers["set-cookie"].partition(";")[0]
        return answer

    def say(self, text: str, id: str = "m1") -> Answer:
        return self.post("/say", {"id": id, "text": text})

    def news(self, after: str = "0.0", **more: str) -> Any:
        asked = "&".join(f"{name}={value}" for name, value in {"after": after, **more}.items())
        return self.ask("GET", f"/news?{asked}").json


def signed_in(office: Office, name: str) -> Browser:
    browser = Browser(office)
    browser.address = f"198.51.100.{sum(name.encode()) % 250}"
    assert 200 == browser.enter(office.invite(name)).status
    assert 200 == browser.post("/open", {}).status
    return browser


def own_lines(news: Any) -> list[str]:
    return [line["text"] for line in news["lines"] if line["mine"]]
