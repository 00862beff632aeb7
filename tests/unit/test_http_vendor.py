"""What stands between a vendor's file and the wire: numbers, templates, codes, reports. Pure."""

import json
from pathlib import Path
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from evaluators.errors import ContentError
from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.http import fill, numbers, push, reading, status
from evaluators.protocols.http import vendor as vendors
from evaluators.protocols.http.answer import Judge, Verdict
from evaluators.protocols.http.codec import Response
from evaluators.protocols.http.compose import Composer, Settings, settings_of
from evaluators.protocols.http.request import Moment, serialise
from evaluators.protocols.http.template import Filed, parted
from evaluators.protocols.http.vendor import Numbers, Vendor

FOLDER = Path(__file__).parents[2] / "data" / "vendors"
ALL = vendors.load_all(FOLDER)
MOMENT = Moment(1795341600, "n")
TEXTS = st.text(st.characters(codec="utf-8"), max_size=80)


def composer(name: str, **more: str) -> Composer:
    vendor = ALL[name]
    known = {spec.name: spec.default or "x" for spec in vendor.fields}
    values = settings_of(vendor, "h", {**known, **more})
    return Composer(vendor, Settings("h", values, more.get("template_text", "")))


@pytest.mark.parametrize(
    ("number", "mainland", "abroad", "wanted"),
    [
        ("19800000001", "national", "digits", "19800000001"),
        ("+8619800000001", "national", "none", "19800000001"),
        ("008619800000001", "+86", "none", "+8619800000001"),
        ("8619800000001", "86", "none", "8619800000001"),
        ("+12025550100", "national", "+", "+12025550100"),
        ("0012025550100", "86", "digits", "12025550100"),
        ("+447700900001", "+86", "digits", "447700900001"),
    ],
)
def test_numbers_are_written_as_the_vendor_wants(
    number: str, mainland: str, abroad: str, wanted: str
) -> None:
    """Mainland numbers lose or gain their 86; an American one is not taken for a mainland one."""
    form = Numbers.model_validate({"mainland": mainland, "abroad": abroad})
    assert wanted == numbers.write(number, form)


@pytest.mark.parametrize(
    "number", ["", "+", "1980000000a", "１９８００００００００１", "+12025550100"]
)
def test_a_number_that_cannot_be_sent_to_is_a_value_error(number: str) -> None:
    """No digits, other digits, or abroad where the interface does not go there."""
    with pytest.raises(ValueError, match="number"):
        numbers.write(number, Numbers(mainland="national", abroad="none"))


def test_a_filed_text_gives_its_variables() -> None:
    """Values come by name and in order; numbered ones in the order of their numbers."""
    named = Filed("您的${what}是${code}。", r"\$\{(?P<name>[^}]+)\}")
    told = named.read('您的"码"是1。')
    assert json.loads(told.named) == {"what": '"码"', "code": "1"}
    assert json.loads(told.listed) == ['"码"', "1"]
    numbered = Filed("{2}的码是{1},{2}。", r"\{(?P<name>[0-9]+)\}")
    assert json.loads(numbered.read("甲的码是9,甲。").listed) == ["9", "甲"]
    with pytest.raises(ValueError, match="filed"):
        named.read("别的")


@given(TEXTS, TEXTS)
def test_any_value_goes_through_a_template_and_json_unharmed(before: str, value: str) -> None:
    """Quotes, backslashes, line breaks and all: JSON holds what was put in."""
    filed = Filed(before.replace("{", "(") + "{1}", r"\{(?P<name>1)\}")
    text = before.replace("{", "(") + value
    if value:
        assert json.loads(filed.read(text).listed) == [value]
    write = fill.json_writer({"a": "{text}", "b": ["{number}", {"c": "x{text}y"}]})
    values = dict.fromkeys(fill.PER_MESSAGE, "1") | {"text": value}
    assert json.loads(write(values)) == {"a": value, "b": ["1", {"c": f"x{value}y"}]}


@given(TEXTS)
def test_any_text_arrives_in_forms_json_and_queries_as_it_was(text: str) -> None:
    """Whatever the text is, the vendor decodes the same one, and no header is broken open."""
    form = serialise(composer("yunpian").compose("19800000001", text, "r", MOMENT))
    assert dict(parse_qsl(form.partition(b"\r\n\r\n")[2].decode(), True))["text"] == text
    body = serialise(composer("chuanglan").compose("19800000001", text, "r", MOMENT))
    assert json.loads(body.partition(b"\r\n\r\n")[2])["msg"] == text
    query = serialise(composer("kannel").compose("19800000001", text, "r", MOMENT))
    target = query.split(b" ")[1].decode().partition("?")[2]
    assert dict(parse_qsl(target, True))["text"] == text


def test_the_signature_is_taken_off_the_front() -> None:
    """Only a 【…】 in front is a signature."""
    assert parted("【甲】乙【丙】") == ("【甲】", "乙【丙】")
    assert parted("乙【丙】") == ("", "乙【丙】")


def test_settings_cannot_break_out_or_stand_for_something_else() -> None:
    """Line breaks and placeholders in what people enter are refused before anything is sent."""
    for value in ("a\r\nX: y", "a\nb", "a\0", "{number}"):
        with pytest.raises(ProtocolError):
            settings_of(ALL["twilio"], "h", {"account_sid": "AC", "auth_token": value})
    odd = composer("yunpian", apikey="{braces}&=%")
    assert b"apikey=%7Bbraces%7D%26%3D%25" in serialise(
        odd.compose("19800000001", "x", "r", MOMENT)
    )


def test_a_path_with_a_setting_in_it_stays_one_path() -> None:
    """A setting in a path is encoded."""
    made = composer("sinch", service_plan_id="a/../b?c").compose("19800000001", "x", "r", MOMENT)
    assert made.path == "/xms/v1/a%2F..%2Fb%3Fc/batches"


def test_codes_are_integers_that_give_the_code_back() -> None:
    """Decimal codes are themselves; others are large; unknown ones show as what they are."""
    yunpian = ALL["yunpian"]
    assert status.number("22") == 22
    assert status.number("-5") >= 1 << 30
    assert status.number("000000") >= 1 << 30
    assert status.name(yunpian, status.number("-5")) == "-5"
    assert status.name(yunpian, 4711) == "4711"
    assert status.name(yunpian, status.number("news")).startswith("#")
    assert status.kind(yunpian, 22) == "frequency"
    assert status.kind(yunpian, 4711) == "unknown"
    meaning = status.meaning(yunpian, 22)
    assert meaning is not None
    assert "1小时" in meaning.zh
    assert status.meaning(yunpian, 4711) is None
    assert status.throttled(yunpian) >= {status.number("-5"), status.number("HTTP 429")}


@given(st.binary(max_size=300), st.integers(100, 599), st.sampled_from(sorted(ALL)))
def test_any_answer_is_judged(body: bytes, http: int, name: str) -> None:
    """Whatever comes back is a verdict; only what passes the vendor's own test is a success."""
    verdict = Judge(ALL[name].answer).judge(Response(http, body, True, ""))
    assert verdict.code or http in ALL[name].answer.success.http


@given(
    st.sampled_from(sorted(ALL)),
    st.one_of(st.binary(max_size=300), st.recursive(st.none(), st.lists).map(str).map(str.encode)),
    st.text(max_size=60),
    st.sampled_from(["GET", "POST"]),
)
def test_any_push_is_read_or_refused(name: str, body: bytes, query: str, method: str) -> None:
    """Nothing a stranger sends raises; what lacks the proof is refused."""
    known = {spec.name: "x" for spec in ALL[name].fields} | {
        "callback_token": "word",
        "callback": "https://example.com/r",
    }
    headers = {"authorization": query, "x-sdk-date": query, "x-twilio-signature": query}
    request = push.PushRequest(method, "/r", query, headers, body, 1e9)
    told = push.read(ALL[name], known, request)
    assert isinstance(told, push.Refused)
    with_word = push.PushRequest(method, "/r", f"{query}&token=word", headers, body, 1e9)
    assert isinstance(push.read(ALL[name], known, with_word), push.Refused | push.Reports)


def test_a_push_cannot_be_proved_without_a_secret() -> None:
    """Where nothing is set up that would prove it, nobody is believed."""
    body = b'[{"biz_id":"1","success":true}]'
    request = push.PushRequest("POST", "/r", "token=", {}, body)
    told = push.read(ALL["aliyun"], {"callback_token": ""}, request)
    assert isinstance(told, push.Refused)


def test_an_old_signed_push_is_refused() -> None:
    """A signature with a time is good only for a while: a copy sent again later is refused."""
    vendor = ALL["vonage"]
    known = {"signature_secret": "secret", "signature_method": "md5hash"}
    query = "a=1&b=2&timestamp=1461605396&sig=6af838ef94998832dbfc29020b564830"
    fresh = push.PushRequest("GET", "/r", query, at=1461605396 + 299)
    old = push.PushRequest("GET", "/r", query, at=1461605396 + 301)
    reasons = [push.read(vendor, known, one) for one in (fresh, old)]
    assert "not a report" in str(reasons[0])
    assert "too old" in str(reasons[1])


def test_a_signed_huawei_push_is_believed_once_its_keys_are_set_up() -> None:
    """With keys set up the signature decides, and the word in the address no longer helps."""
    from evaluators.protocols.http.request import Request
    from evaluators.protocols.http.signatures import huawei_sdk

    vendor = ALL["huawei"]
    body = b"smsMsgId=m1&status=DELIVRD&to=%2B8619800000001"
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    made = Request("POST", "example.com", "/r", {}, dict(kind), None, body)
    huawei_sdk(made, {"key": "ak", "secret": "sk"}, MOMENT)
    headers = {name.lower(): value for name, value in made.headers.items()}
    headers["host"] = "example.com"
    known = {"push_key": "ak", "push_secret": "sk", "callback_token": "word"}
    request = push.PushRequest("POST", "/r", "token=word", headers, body, MOMENT.unix + 5)
    told = push.read(vendor, known, request)
    assert isinstance(told, push.Reports)
    assert told.reports[0].message_id == b"m1"
    for wrong in (
        push.PushRequest("POST", "/r", "token=word", headers, body + b"&x=1", MOMENT.unix),
        push.PushRequest("POST", "/r", "token=word", headers, body, MOMENT.unix + 901.0),
        push.PushRequest("POST", "/r", "token=word", {}, body, MOMENT.unix),
    ):
        assert isinstance(push.read(vendor, known, wrong), push.Refused)


def test_states_that_a_vendor_does_not_document_stay_as_they_are() -> None:
    """An unknown word is kept; with `other` it is a failure; a time that makes no sense is none."""
    reader = reading.Reader(_push(ALL["huawei"]).reading)
    told = reader.read("", b"smsMsgId=1&status=E200027&to=1&updateTime=never")
    assert [(b"1", "E200027", None)] == [(one.message_id, one.state, one.vendor_ns) for one in told]
    infobip = reading.Reader(_push(ALL["infobip"]).reading)
    body = b'{"results":[{"messageId":"1","status":{"name":"NEW_WORD"}}]}'
    assert infobip.read("", body)[0].state == "UNDELIV"


def test_blanks_around_an_answer_mean_nothing_and_more_after_it_makes_no_sense() -> None:
    """JSON is read as the standard has it, however the vendor lays it out."""
    body, judge = '{"code":0,"sid":"a"}', Judge(ALL["yunpian"].answer).judge
    for laid_out in (body, f" {body}\r\n", f"{body}\n", body.replace(":", " :\n")):
        assert Verdict("", "", b"a") == judge(Response(200, laid_out.encode(), True, ""))
    for odd in (body + body, f"{body} x", f"[{body}", body[:-1], f"\ufeff{body}", "{" * 100_000):
        assert Verdict(status.UNREADABLE) == judge(Response(200, odd.encode(), True, ""))


def test_an_id_with_a_space_in_it_is_kept_without() -> None:
    """Records join the ids of a long text by spaces, so none may hold one."""
    body = b'{"code":0,"sid":"a b"}'
    verdict = Judge(ALL["yunpian"].answer).judge(Response(200, body, True, ""))
    assert verdict.id == b"a%20b"


def test_a_file_that_is_not_right_says_where(tmp_path: Path) -> None:
    """An unknown key, two bodies, a code twice or another name is an error with its line."""
    text = (FOLDER / "yunpian.yaml").read_text(encoding="utf-8")
    wrong = {
        "yunpian": text + "surprise: 1\n",
        "other": text,
        "twice": text.replace('{code: "9"', '{code: "8"').replace("name: yunpian", "name: twice"),
    }
    for name, content in wrong.items():
        path = tmp_path / f"{name}.yaml"
        path.write_text(content, encoding="utf-8")
        with pytest.raises(ContentError, match=rf"{name}\.yaml:\d+"):
            vendors.load(path)


def _push(vendor: Vendor) -> vendors.Push:
    assert vendor.receipts.push is not None
    return vendor.receipts.push
