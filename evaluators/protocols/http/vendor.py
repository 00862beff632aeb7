"""One vendor's HTTP API as data: a YAML file in `data/vendors/` each.

Strings hold placeholders in {braces}: the file's own `fields`, and what each message brings (see
`fill`). An item whose whole value is one placeholder that is empty is left out of the request.
A path leads into a decoded document by dots, `messages.0.status`; an empty one is the document.
"""

from datetime import date
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, model_validator

from evaluators.content import Bilingual, Content, read
from evaluators.errors import ContentError

ErrorClass = Literal[
    "throttled",  # too fast for the account: slow down
    "frequency",  # too often to this number
    "number",
    "content",
    "filing",  # signature or template not filed, or not as filed
    "credentials",
    "balance",
    "permission",
    "system",
    "unknown",
]
Scheme = Literal[
    "parameter",  # the key travels as a parameter of the request; nothing is computed
    "basic",
    "bearer",
    "app-key",
    "aliyun-rpc",
    "aliyun-acs3",
    "tencent-tc3",
    "huawei-wsse",
    "huawei-sdk",
    "volcengine",
    "submail",
    "vonage",
]
PushScheme = Literal[
    "token", "parameters", "basic", "twilio", "vonage", "submail", "huawei-sdk"
]  # fmt: skip


class Document(Content):
    """What was read to write the file, and when."""

    what: str
    where: str
    read: date


class FieldSpec(Content):
    """Something whoever sets up the connection fills in; {name} stands for it."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    title: Bilingual
    secret: bool = False
    required: bool = True
    default: str = ""


class Numbers(Content):
    """How a number is written: mainland ones 11 digits long, or with a country code in front.

    `abroad` is how any other number is written after its digits; "none": they cannot be sent to.
    """

    mainland: Literal["national", "86", "+86"]
    abroad: Literal["digits", "+", "none"]


class Signed(Content):
    """The signature scheme, and which fields play which part in it."""

    scheme: Scheme
    uses: dict[str, str] = Field(default={})


class Call(Content):
    """One HTTP request. At most one of `form` and `json`."""

    method: Literal["GET", "POST"]
    path: str
    host: str = ""
    query: dict[str, str] = Field(default={})
    headers: dict[str, str] = Field(default={})
    form: dict[str, str] | None = None
    body: Any = Field(default=None, alias="json")
    signature: Signed

    @model_validator(mode="after")
    def _one_body(self) -> Self:
        if self.form is not None and self.body is not None:
            raise ValueError("a request has a form or json, not both")
        return self


class Success(Content):
    """The answer is a success: HTTP status in `http`, and what is at `at` is in `equals`."""

    http: tuple[int, ...] = (200,)
    at: str = ""
    equals: tuple[str, ...] = ()


class Answer(Content):
    """How the answer to one message is read.

    `results` leads to the list with one entry per number; then `code`, `words`, `id` and
    `success.at` start at its first entry, and `failure_*` are read where there is no such list.
    Without `id` the message goes by our own reference. `pattern` is for a text answer, with the
    groups code and words.
    """

    format: Literal["json", "text"] = "json"
    results: str | None = None
    success: Success
    code: str = ""
    words: str = ""
    id: str = ""
    failure_code: str = ""
    failure_words: str = ""
    pattern: str = ""


class Code(Content):
    """One code of the vendor's, as answered to a request."""

    code: str
    kind: ErrorClass
    zh: str
    en: str


class Time(Content):
    """When the report was made, in the vendor's own way of writing it.

    `format` is strptime's, or "s" / "ms" since 1970; `zone` holds where the text has none.
    """

    at: str
    format: str
    zone: str = "+00:00"


class Only(Content):
    """Entries of other kinds are not delivery reports and are passed over."""

    at: str
    equals: tuple[str, ...]


class Reading(Content):
    """Where delivery reports stand in what the vendor pushes or gives.

    `entries` leads to the list; a single object counts as a list of one. `states` turns the
    vendor's words into DELIVRD, UNDELIV and the like; a word it does not have becomes `other`, or
    stays as it is without it. `field`: the form field that holds the JSON.
    """

    format: Literal["json", "form", "query", "form-json", "query-or-form"]
    field: str = ""
    entries: str = ""
    only: Only | None = None
    id: str
    reference: str = ""
    number: str = ""
    state: str
    states: dict[str, str] = Field(default={})
    other: str = ""
    err: str = ""
    time: Time | None = None


class Reply(Content):
    """What the vendor wants to hear after a push."""

    status: int = 200
    type: str = "text/plain"
    body: str = ""


class PushAuth(Content):
    """How a push is known to be the vendor's.

    "token": the vendor has no way of its own, so the address given to it holds a secret word.
    "parameters": what `uses` names comes as parameters.
    """

    scheme: PushScheme
    uses: dict[str, str] = Field(default={})
    window_s: int | None = None


class Push(Content):
    """The vendor calls us.

    Of the ways in `authentication` the first whose secrets are set up counts, and no other.
    """

    set_up: Bilingual
    authentication: tuple[PushAuth, ...] = Field(min_length=1)
    reading: Reading
    reply: Reply
    most: int | None = None
    again: str = ""


class Pull(Content):
    """We ask the vendor.

    `every_s` is the least time between two questions, `most` what one answer holds; `once`: what
    was given is not given again.
    """

    request: Call
    success: Success
    reading: Reading
    every_s: float = Field(gt=0)
    most: int
    once: bool


class Limit(Content):
    """A documented limit. `per` a number: how often one number may get a kind of message."""

    what: Literal["requests", "messages", "recipients", "connections"]
    per: Literal["account", "number", "request"]
    most: int
    within_s: float | None = None
    kind: Literal["otp", "notice", "marketing"] | None = None
    source: str


class Receipts(Content):
    push: Push | None = None
    pull: Pull | None = None


class Template(Content):
    """Texts are filed beforehand and only their variables are sent.

    `variable` is a regular expression for one variable in the filed text, with the group name.
    """

    variable: str


class Vendor(Content):
    """One HTTP API."""

    name: str = Field(pattern=r"^[a-z0-9-]+$")
    title: Bilingual
    documentation: tuple[Document, ...] = Field(min_length=1)
    checked: Literal["documentation"]
    tried: Bilingual
    unverified: tuple[str, ...] = ()
    hosts: tuple[str, ...]
    port: int = 443
    tls: bool = True
    fields: tuple[FieldSpec, ...]
    numbers: Numbers
    template: Template | None = None
    request: Call
    answer: Answer
    errors: tuple[Code, ...] = ()
    receipts: Receipts
    limits: tuple[Limit, ...] = ()

    @model_validator(mode="after")
    def _no_code_twice(self) -> Self:
        codes = [error.code for error in self.errors]
        if twice := {code for code in codes if codes.count(code) > 1}:
            raise ValueError(f"code {min(twice)!r} stands twice in errors")
        return self


def load(path: Path) -> Vendor:
    """Read one vendor; its file is called as it is."""
    vendor = read(path, Vendor)
    if vendor.name != path.stem:
        raise ContentError(path, 1, f"name: {vendor.name!r} is not the file's name")
    return vendor


def load_all(folder: Path) -> dict[str, Vendor]:
    """All vendors by name."""
    return {path.stem: load(path) for path in sorted(folder.glob("*.yaml"))}
