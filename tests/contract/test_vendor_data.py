"""Every file in data/vendors, walked: it loads, and does byte for byte what its example says."""

import json
from pathlib import Path

import pytest
from pydantic import Field

from evaluators.content import Content, read
from evaluators.protocols.http import answer, push, reading, request, status
from evaluators.protocols.http import vendor as vendors
from evaluators.protocols.http.codec import Response
from evaluators.protocols.http.compose import (
    COMMON,
    Composer,
    Settings,
    Writer,
    needed,
    settings_of,
    times,
)
from evaluators.protocols.http.vendor import Vendor

ROOT = Path(__file__).parents[2]
FOLDER, EXAMPLES = ROOT / "data" / "vendors", ROOT / "tests" / "golden" / "vendors"
FILES = sorted(FOLDER.glob("*.yaml"))
SHIPPED = {
    "aliyun", "chuanglan", "huawei", "infobip", "kannel", "luosimao", "sinch", "submail", "tencent",
    "twilio", "volcengine", "vonage", "yunpian",
}  # fmt: skip
MOMENT = request.Moment(1795341600, "3156853299f313e23d1673dc12e1703d")
NUMBER, TEXT = "19800000001", "【测试】您的验证码为1234，请勿泄露。"


class Given(Content):
    credentials: dict[str, str]
    source: str = ""
    signature: str = ""
    template: str = ""
    template_text: str = ""
    callback: str = ""


class Bytes(Content):
    head: list[str]
    body: str

    def bytes(self) -> bytes:
        return ("\r\n".join(self.head) + "\r\n\r\n" + self.body).encode()


class Answered(Content):
    http: int
    code: str
    id: str
    body: str


class Reported(Content):
    id: str
    state: str
    err: str
    number: str
    reference: str
    vendor_ns: int | None

    def report(self) -> reading.Report:
        return reading.Report(
            self.id.encode(), self.state, self.err, self.number, self.reference, self.vendor_ns
        )


class Pushed(Content):
    method: str
    credentials: dict[str, str] = Field(default={})
    query: str = ""
    headers: dict[str, str] = Field(default={})
    body: str = ""
    at: float = 0.0
    reports: list[Reported]


class PullAnswer(Content):
    http: int
    body: str
    reports: list[Reported]


class Pulled(Content):
    credentials: dict[str, str] = Field(default={})
    request: Bytes
    answers: list[PullAnswer]


class Example(Content):
    given: Given
    request: Bytes
    answers: list[Answered]
    pushes: list[Pushed] = Field(default=[])
    pull: Pulled | None = None


def both(path: Path) -> tuple[Vendor, Example]:
    return vendors.load(path), read(EXAMPLES / path.name, Example)


def values(vendor: Vendor, example: Example, host: str, **more: str) -> dict[str, str]:
    common = {name: getattr(example.given, name) for name in COMMON}
    return dict(settings_of(vendor, host, {**example.given.credentials, **common, **more}))


def host_of(vendor: Vendor) -> str:
    return vendor.hosts[0] if vendor.tls else f"{vendor.hosts[0]}:{vendor.port}"


def composer(vendor: Vendor, example: Example) -> Composer:
    host = host_of(vendor)
    settings = Settings(host, values(vendor, example, host), example.given.template_text)
    return Composer(vendor, settings)


def pushed(vendor: Vendor, example: Example, one: Pushed) -> push.Told:
    known = example.given.credentials | one.credentials
    known |= {"callback_token": "word", "callback": example.given.callback}
    return push.read(
        vendor,
        known,
        push.PushRequest(
            one.method, "/receipts/x/y", one.query, one.headers, one.body.encode(), one.at
        ),
    )


def test_all_vendors_are_there_and_each_has_its_example() -> None:
    """The vendors that ship are the ones named, each with an example of the same name."""
    assert {path.stem for path in FILES} == SHIPPED
    assert {path.stem for path in EXAMPLES.glob("*.yaml")} == SHIPPED


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_it_says_where_it_comes_from_and_that_it_was_not_tried_live(path: Path) -> None:
    """Each file names its sources and says in both languages that it was not tried live."""
    vendor = vendors.load(path)
    assert vendor.checked == "documentation"
    assert "not tried against the live service" in vendor.tried.en
    assert "未" in vendor.tried.zh
    assert all(document.where.startswith("https://") for document in vendor.documentation)
    assert all(limit.source.startswith("https://") for limit in vendor.limits)
    assert vendor.unverified


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_request_is_made_byte_for_byte(path: Path) -> None:
    """With time and nonce fixed, the example's message becomes exactly the example's bytes."""
    vendor, example = both(path)
    made = composer(vendor, example).compose(NUMBER, TEXT, "r-1", MOMENT)
    assert example.request.bytes() == request.serialise(made)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_answers_are_judged_as_the_example_says(path: Path) -> None:
    """A success gives the vendor's id and a refusal the vendor's own code; there is one of each."""
    vendor, example = both(path)
    judge = answer.Judge(vendor.answer)
    for one in example.answers:
        verdict = judge.judge(Response(one.http, one.body.encode(), True, ""))
        assert (one.code, one.id) == (verdict.code, verdict.id.decode())
        if one.code:
            assert status.name(vendor, status.number(one.code)) == one.code or not vendor.errors
    assert {bool(one.code) for one in example.answers} == {True, False}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_pushes_are_read_and_answered(path: Path) -> None:
    """What the vendor pushes becomes the example's reports, with the answer it expects."""
    vendor, example = both(path)
    assert bool(vendor.receipts.push) == bool(example.pushes)
    for one in example.pushes:
        told = pushed(vendor, example, one)
        assert isinstance(told, push.Reports), told
        assert tuple(report.report() for report in one.reports) == told.reports
        assert vendor.receipts.push is not None
        assert vendor.receipts.push.reply == told.reply


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_push_that_is_not_the_vendors_is_refused(path: Path) -> None:
    """Without the word in the address, or with another secret, nobody is believed."""
    vendor, example = both(path)
    for one in example.pushes:
        named = (
            one.query.replace("token=word", "token=guess")
            .replace("sig=", "sig=0")
            .replace("pswd=pw", "pswd=x")
        )
        body = one.body.replace("signature=", "signature=0")
        headers = {name: f"{value}0" for name, value in one.headers.items()}
        forged = one.model_copy(update={"query": named, "headers": headers, "body": body})
        told = pushed(vendor, example, forged)
        assert isinstance(told, push.Refused)
        assert told.reply.status == 403


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_reports_are_asked_for_and_read(path: Path) -> None:
    """Where the vendor can be asked, the question and the answers are the example's."""
    vendor, example = both(path)
    assert bool(vendor.receipts.pull) == bool(example.pull)
    if vendor.receipts.pull is None or example.pull is None:
        return
    pull = vendor.receipts.pull
    host = pull.request.host or host_of(vendor)
    given = values(vendor, example, host, **example.pull.credentials)
    needed(vendor, pull.request, given)
    made = Writer(pull.request, host, given).write(times(MOMENT), MOMENT)
    assert example.pull.request.bytes() == request.serialise(made)
    for one in example.pull.answers:
        assert answer.test(pull.success)(one.http, json.loads(one.body))
        found = reading.Reader(pull.reading).read("", one.body.encode())
        assert [report.report() for report in one.reports] == found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_integers_of_its_codes_can_be_told_apart(path: Path) -> None:
    """No two codes of a vendor share the integer that records hold, and none is 0 or NO_ANSWER."""
    vendor = vendors.load(path)
    numbers = [status.number(error.code) for error in vendor.errors]
    assert len(numbers) == len(set(numbers))
    assert all(0 < number < 2**31 for number in numbers)
    assert status.throttled(vendor)  # 429 at the least
