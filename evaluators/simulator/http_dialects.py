"""How three vendors' HTTP interfaces look from their side: Yunpian's, Alibaba Cloud's, Twilio's.

Nothing here uses what the client of evaluators.protocols.http uses, so that a mistake about the
interfaces made there does not pass here unnoticed. Which one a client speaks its path tells. Pure.
"""

import base64
import hashlib
import hmac
import json
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any, NamedTuple, Protocol
from urllib.parse import parse_qsl, urlencode

from evaluators.simulator.personality import Refusal
from evaluators.simulator.vendor import DELIVERED, ReceiptPlan, Submission

SENDER = "10690001"  # what handsets show where a request does not name a sender
_CHINA = timezone(timedelta(hours=8))
_NONCES = 100_000  # remembered, so that none is used twice
_SKEW_S = 900.0


class Request(NamedTuple):
    """As it came: the query undecoded, header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


class Reply(NamedTuple):
    """An answer: HTTP status and JSON document."""

    status: int
    document: Any


class Given(NamedTuple):
    """A request to send: the message, where its report is wanted, the client's own reference."""

    submission: Submission
    callback: str = ""
    reference: str = ""


class Push(NamedTuple):
    """A report or several, on their way to the client."""

    headers: Mapping[str, str]
    body: bytes


class Dialect(Protocol):
    """One vendor's interface."""

    most: int
    """Reports in one push."""

    def read(self, request: Request, now_s: float) -> Given | Reply:
        """What is to be sent, or why not."""

    def answer(self, refusal: Refusal, number: int, given: Given) -> Reply:
        """The answer to it."""

    def report(self, number: int, plan: ReceiptPlan, given: Given, now_s: float) -> dict[str, Any]:
        """A delivery report; its flaw, if it has one, included."""

    def push(self, url: str, reports: Sequence[Mapping[str, Any]]) -> Push:
        """Reports as they are pushed."""

    def heard(self, status: int, body: bytes) -> bool:
        """Whether the client's answer to a push is the one wanted."""


class Yunpian:
    """Form with an API key; reports as JSON in a form, or asked for."""

    ACCOUNT: Mapping[str, Any] = {
        "vendor": "yunpian",
        "credentials": {"apikey": "simulate"},
        "receipts": "pull",
    }
    PATH = "/v2/sms/single_send.json"
    PULL = "/v2/sms/pull_status.json"
    most = 100
    _REFUSALS: Mapping[Refusal, tuple[int, str]] = {
        "throttled": (-5, "访问频率超限"),
        "bad_number": (2, "请求参数格式错误"),
        "bad_sender": (15, "签名不匹配"),
        "bad_content": (4, "关键词屏蔽"),
        "system": (-50, "未知异常"),
    }

    def read(self, request: Request, now_s: float) -> Given | Reply:
        form = _form(request.body)
        if form.get("apikey") != "simulate":
            return self._no(-1, "非法的apikey")
        if not form.get("mobile") or not form.get("text"):
            return self._no(1, "请求参数缺失")
        if not re.match(r"【[^】]+】", form["text"]):
            return self._no(16, "签名格式不正确")
        message = Submission(form["mobile"], SENDER, form["text"])
        return Given(message, form.get("callback_url", ""), form.get("uid", ""))

    def answer(self, refusal: Refusal, number: int, given: Given) -> Reply:
        if refusal:
            return self._no(*self._REFUSALS[refusal])
        told = {"code": 0, "msg": "发送成功", "count": 1, "fee": 0.05, "unit": "RMB"}
        return Reply(200, told | {"mobile": given.submission.number, "sid": self._sid(number)})

    def report(self, number: int, plan: ReceiptPlan, given: Given, now_s: float) -> dict[str, Any]:
        sid = self._sid(number)
        failed = plan.state != DELIVERED
        status = "FAIL" if failed else "SUCCESS"
        told: dict[str, Any] = {
            "error_detail": None,
            "sid": 7 * sid if plan.flaw == "foreign_id" else sid,
            "uid": given.reference or None,
            "user_receive_time": _local(now_s),
            "error_msg": plan.state if failed else "",
            "mobile": given.submission.number,
            "report_status": plan.state if plan.flaw == "unknown_state" else status,
        }
        return _flawed(told, plan, "report_status")

    def push(self, url: str, reports: Sequence[Mapping[str, Any]]) -> Push:
        return _form_push({"sms_status": json.dumps(reports, ensure_ascii=False)})

    def heard(self, status: int, body: bytes) -> bool:
        return status == 200 and body.strip() in {b"SUCCESS", b"0"}

    def page(self, request: Request) -> int | Reply:
        """How many reports are asked for."""
        form = _form(request.body)
        if form.get("apikey") != "simulate":
            return self._no(-1, "非法的apikey")
        size = form.get("page_size", "20")
        return min(int(size), 100) if size.isdigit() else self._no(2, "请求参数格式错误")

    def _sid(self, number: int) -> int:
        return 3_000_000_000 + number

    def _no(self, code: int, words: str) -> Reply:
        return Reply(400, {"http_status_code": 400, "code": code, "msg": words, "detail": words})


class Aliyun:
    """Parameters in the query, ACS3-HMAC-SHA256; reports as a JSON array."""

    ACCOUNT: Mapping[str, Any] = {
        "vendor": "aliyun",
        "credentials": {"key_id": "simulate", "key_secret": "simulate"},
        "signature": "到达测试",
        "template": "SMS_100001",
        "template_text": "您的验证码为${code},请勿泄露。",
    }
    most = 100
    _REFUSALS: Mapping[Refusal, tuple[int, str]] = {
        "throttled": (400, "Throttling.User"),
        "bad_number": (200, "isv.MOBILE_NUMBER_ILLEGAL"),
        "bad_sender": (200, "isv.SMS_SIGNATURE_ILLEGAL"),
        "bad_content": (200, "isv.BLACK_KEY_CONTROL_LIMIT"),
        "system": (200, "isp.SYSTEM_ERROR"),
    }

    def __init__(self) -> None:
        self.filed = {"SMS_100001": str(self.ACCOUNT["template_text"])}
        """Template code to text."""
        self._nonces: OrderedDict[str, None] = OrderedDict()

    def read(self, request: Request, now_s: float) -> Given | Reply:
        wrong = self._doubt(request, now_s)
        if wrong:
            return Reply(400, {"Code": wrong, "Message": wrong, "RequestId": "simulated"})
        asked = dict(parse_qsl(request.query, keep_blank_values=True))
        filed = self.filed.get(asked.get("TemplateCode", ""))
        if filed is None:
            return self._no("isv.SMS_TEMPLATE_ILLEGAL")
        try:
            values = json.loads(asked.get("TemplateParam", "{}"))
            text = re.sub(r"\$\{([^}]+)\}", lambda found: values[found[1]], filed)
        except (ValueError, KeyError, TypeError):
            return self._no("isv.TEMPLATE_MISSING_PARAMETERS")
        text = f"【{asked.get('SignName', '')}】{text}"
        message = Submission(asked.get("PhoneNumbers", ""), SENDER, text)
        return Given(message, "", asked.get("OutId", ""))

    def answer(self, refusal: Refusal, number: int, given: Given) -> Reply:
        if refusal:
            status, code = self._REFUSALS[refusal]
            return self._no(code, status)
        told = {"Message": "OK", "RequestId": "simulated", "BizId": self._id(number), "Code": "OK"}
        return Reply(200, told)

    def report(self, number: int, plan: ReceiptPlan, given: Given, now_s: float) -> dict[str, Any]:
        delivered = plan.state == DELIVERED
        told: dict[str, Any] = {
            "phone_number": given.submission.number,
            "send_time": _local(now_s),
            "report_time": _local(now_s),
            "success": delivered,
            "err_code": "DELIVERED" if delivered else plan.state,
            "err_msg": "用户接收成功" if delivered else "",
            "sms_size": "1",
            "biz_id": self._id(number)[::-1] if plan.flaw == "foreign_id" else self._id(number),
            "out_id": given.reference,
        }
        return _flawed(told, plan, "success")

    def push(self, url: str, reports: Sequence[Mapping[str, Any]]) -> Push:
        body = json.dumps(reports, ensure_ascii=False).encode()
        return Push({"Content-Type": "application/json"}, body)

    def heard(self, status: int, body: bytes) -> bool:
        try:
            return status == 200 and json.loads(body)["code"] == 0
        except (ValueError, KeyError, TypeError):
            return False

    def _doubt(self, request: Request, now_s: float) -> str:
        """Why the request may not be the account's; empty if it is."""
        said = request.headers.get("authorization", "")
        parts = dict(re.findall(r"(\w+)=([^,\s]+)", said))
        if not said.startswith("ACS3-HMAC-SHA256 ") or parts.get("Credential") != "simulate":
            return "InvalidAccessKeyId.NotFound"
        names = parts.get("SignedHeaders", "").split(";")
        must = {"host"} | {name for name in request.headers if name.startswith("x-acs-")}
        if not must <= set(names) or names != sorted(names):
            return "SignatureDoesNotMatch"
        lines = [f"{name}:{request.headers.get(name, '').strip()}" for name in names]
        content = hashlib.sha256(request.body).hexdigest()
        # the query is already encoded as the signature wants it, if the client did it right
        query = "&".join(sorted(request.query.split("&")))
        canonical = [request.method, request.path, query, *lines, "", ";".join(names), content]
        told = hashlib.sha256("\n".join(canonical).encode()).hexdigest()
        wanted = hmac.new(b"simulate", f"ACS3-HMAC-SHA256\n{told}".encode(), "sha256").hexdigest()
        if content != request.headers.get("x-acs-content-sha256"):
            return "SignatureDoesNotMatch"
        if not hmac.compare_digest(wanted, parts.get("Signature", "")):
            return "SignatureDoesNotMatch"
        return self._old(request.headers, now_s)

    def _old(self, headers: Mapping[str, str], now_s: float) -> str:
        try:
            told = datetime.strptime(f"{headers['x-acs-date']}+0000", "%Y-%m-%dT%H:%M:%SZ%z")
        except (KeyError, ValueError):
            return "InvalidTimeStamp.Format"
        if abs(told.timestamp() - now_s) > _SKEW_S:
            return "InvalidTimeStamp.Expired"
        nonce = headers.get("x-acs-signature-nonce", "")
        if not nonce or nonce in self._nonces:
            return "SignatureNonceUsed"
        self._nonces[nonce] = None
        if len(self._nonces) > _NONCES:
            self._nonces.popitem(last=False)
        return ""

    def _id(self, number: int) -> str:
        return f"{number:018d}^0"

    def _no(self, code: str, status: int = 200) -> Reply:
        return Reply(status, {"Message": code, "RequestId": "simulated", "Code": code})


class Twilio:
    """Form with HTTP Basic, 201; each change of state is a signed form of its own."""

    ACCOUNT: Mapping[str, Any] = {
        "vendor": "twilio",
        "credentials": {"account_sid": "ACsimulate", "auth_token": "simulate"},
        "source": "+12025550100",
    }
    PATH = "/2010-04-01/Accounts/ACsimulate/Messages.json"
    most = 1
    _REFUSALS: Mapping[Refusal, tuple[int, int]] = {
        "throttled": (429, 20429),
        "bad_number": (400, 21211),
        "bad_sender": (400, 21606),
        "bad_content": (400, 21617),
        "system": (500, 20500),
    }

    def read(self, request: Request, now_s: float) -> Given | Reply:
        wanted = base64.b64encode(b"ACsimulate:simulate").decode()
        if request.headers.get("authorization") != f"Basic {wanted}":
            return self._no(401, 20003)
        form = _form(request.body)
        if not form.get("To", "").startswith("+"):
            return self._no(400, 21211)
        if not form.get("From") or not form.get("Body"):
            return self._no(400, 21606)
        message = Submission(form["To"], form["From"], form["Body"])
        return Given(message, form.get("StatusCallback", ""))

    def answer(self, refusal: Refusal, number: int, given: Given) -> Reply:
        if refusal:
            return self._no(*self._REFUSALS[refusal])
        told = {"sid": self._sid(number), "status": "queued", "error_code": None}
        return Reply(201, told | {"num_segments": "1", "to": given.submission.number})

    def report(self, number: int, plan: ReceiptPlan, given: Given, now_s: float) -> dict[str, Any]:
        delivered = plan.state == DELIVERED
        status = "delivered" if delivered else "undelivered"
        sid = self._sid(number)
        told: dict[str, Any] = {
            "MessageSid": sid[:2] + sid[:1:-1] if plan.flaw == "foreign_id" else sid,
            "MessageStatus": plan.state if plan.flaw == "unknown_state" else status,
            "To": given.submission.number,
            "From": given.submission.source,
            "AccountSid": "ACsimulate",
        }
        if not delivered:
            told["ErrorCode"] = "30003"
        return _flawed(told, plan, "MessageStatus")

    def push(self, url: str, reports: Sequence[Mapping[str, Any]]) -> Push:
        report = {name: str(value) for name, value in reports[0].items()}
        told = url + "".join(name + report[name] for name in sorted(report))
        signature = hmac.new(b"simulate", told.encode(), "sha1").digest()
        push = _form_push(report)
        return push._replace(
            headers={
                **push.headers,
                "X-Twilio-Signature": base64.b64encode(signature).decode(),
            }
        )

    def heard(self, status: int, body: bytes) -> bool:
        return 200 <= status < 300

    def _sid(self, number: int) -> str:
        return f"SM{number:032x}"

    def _no(self, status: int, code: int) -> Reply:
        where = f"https://www.twilio.com/docs/errors/{code}"
        return Reply(status, {"code": code, "message": "", "more_info": where, "status": status})


def _flawed(told: dict[str, Any], plan: ReceiptPlan, state: str) -> dict[str, Any]:
    """The report with what is wrong with it: no state left, or what nobody asked for in it."""
    if plan.flaw == "truncated":
        del told[state]
    elif plan.flaw == "garbage":
        told["\u0014garbage"] = "\ufffd\u0000"
    return told


def _form(body: bytes) -> dict[str, str]:
    return dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))


def _form_push(fields: Mapping[str, str]) -> Push:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    return Push(kind, urlencode(fields).encode())


def _local(now_s: float) -> str:
    return datetime.fromtimestamp(now_s, _CHINA).strftime("%Y-%m-%d %H:%M:%S")
