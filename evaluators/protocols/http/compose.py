"""Requests for messages: a vendor's file and a connection's settings, made into bytes. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from evaluators.protocols.errors import ProtocolError
from evaluators.protocols.http import fill, numbers
from evaluators.protocols.http.prepared import Acs3Call
from evaluators.protocols.http.request import Moment, Request, encode, serialise
from evaluators.protocols.http.signatures import SIGNERS
from evaluators.protocols.http.template import Filed, parted
from evaluators.protocols.http.vendor import Call, Vendor


@dataclass(frozen=True, slots=True)
class Settings:
    """What stands behind the connection's placeholders, and the filed text where there is one."""

    host: str
    values: Mapping[str, str]
    filed: str = ""


def settings_of(vendor: Vendor, host: str, given: Mapping[str, str]) -> Mapping[str, str]:
    """The values of the vendor's fields, defaults filled in.

    Raises ProtocolError naming what is missing, and for a value that would break out of a header.
    """
    values = {spec.name: given.get(spec.name) or spec.default for spec in vendor.fields}
    missing = [spec.title.en for spec in vendor.fields if spec.required and not values[spec.name]]
    if missing:
        raise ProtocolError(f"{vendor.title.en} needs: {', '.join(missing)}")
    values |= {name: given.get(name, "") for name in COMMON}
    for name, value in values.items():
        if "\r" in value or "\n" in value or "\0" in value:
            raise ProtocolError(f"{name} holds a line break")
        if fill.later(value):
            raise ProtocolError(f"{name} holds what stands for something else in a vendor's file")
    return values | {"host": host}


COMMON = ("source", "signature", "template", "callback")
"""Placeholders any vendor's file may use beside its own fields."""


class Writer:
    """One of the vendor's calls with everything filled in but what changes each time."""

    def __init__(self, call: Call, host: str, values: Mapping[str, str]) -> None:
        self._call, self._host = call, host
        self._sign = SIGNERS[call.signature.scheme]
        self._keys = fill.items(call.signature.uses, values)
        self._path = fill.settle(call.path, {name: encode(value) for name, value in values.items()})
        query = fill.items(call.query, values)
        self._query = _writers(query)
        self._headers = fill.items(call.headers, values)
        self._form = None if call.form is None else _writers(fill.items(call.form, values))
        self._body = None if call.body is None else fill.json_writer(_document(call.body, values))
        kind = _content_type(call)
        if kind:
            self._headers.setdefault("Content-Type", kind)
        self._prepared = None
        if call.signature.scheme == "aliyun-acs3" and not kind:
            blank = Request(call.method, host, self._path, query, self._headers)
            self._prepared = Acs3Call(blank, self._keys)

    def octets(self, values: Mapping[str, str], at: Moment) -> bytes:
        """The request as it goes over the wire, signed; ValueError as `serialise` says."""
        if self._prepared is not None:
            return self._prepared.write(values, at)
        return serialise(self.write(values, at))

    def write(self, values: Mapping[str, str], at: Moment) -> Request:
        """The request, signed."""
        request = Request(
            self._call.method,
            self._host,
            self._path,
            {name: writer(values) for name, writer in self._query.items()},
            dict(self._headers),
            None
            if self._form is None
            else {name: writer(values) for name, writer in self._form.items()},
            b"" if self._body is None else self._body(values).encode(),
        )
        self._sign(request, self._keys, at)
        return request


_ANY_TIME = Moment(0, "")


class Composer:
    """Makes the request for each message."""

    def __init__(self, vendor: Vendor, settings: Settings) -> None:
        self._numbers = vendor.numbers
        self._timed = bool(fill.names(vendor.request.model_dump_json()) & set(times(_ANY_TIME)))
        self._writer = Writer(vendor.request, settings.host, settings.values)
        self._filed = None
        if vendor.template is not None:
            if not settings.filed:
                raise ProtocolError(f"{vendor.title.en} needs the text of the filed template")
            self._filed = Filed(parted(settings.filed)[1], vendor.template.variable)

    def compose(self, number: str, text: str, reference: str, at: Moment) -> Request:
        """The request for one message; ValueError for a number or text that cannot be sent."""
        return self._writer.write(self._values(number, text, reference, at), at)

    def octets(self, number: str, text: str, reference: str, at: Moment) -> bytes:
        """The same as it goes over the wire."""
        return self._writer.octets(self._values(number, text, reference, at), at)

    def _values(self, number: str, text: str, reference: str, at: Moment) -> dict[str, str]:
        signature, body = parted(text)
        variables = self._filed.read(body) if self._filed is not None else ("", "")
        values = {
            "number": numbers.write(number, self._numbers),
            "text": text,
            "body": body,
            "trailing": body + signature,
            "reference": reference,
            "parameters": variables[0],
            "parameter_list": variables[1],
            "parameter_array": variables[1],
        }
        return values | times(at) if self._timed else values


def needed(vendor: Vendor, call: Call, values: Mapping[str, str]) -> None:
    """Raises ProtocolError where a call uses one of the vendor's fields that is empty."""
    used = fill.names(call.model_dump_json())
    missing = [
        spec.title.en for spec in vendor.fields if spec.name in used and not values[spec.name]
    ]
    if missing:
        raise ProtocolError(f"{vendor.title.en} needs: {', '.join(missing)}")


def times(at: Moment) -> dict[str, str]:
    """The placeholders of the moment."""
    return {**fill.moment(at.unix), "nonce": at.nonce, "unix_ms": f"{at.unix}000"}


def _writers(given: Mapping[str, str]) -> dict[str, fill.Writer]:
    return {name: fill.writer(text) for name, text in given.items()}


def _document(given: Any, values: Mapping[str, str]) -> Any:
    return fill.document(given, values) or {}


def _content_type(call: Call) -> str:
    if call.form is not None:
        return "application/x-www-form-urlencoded"
    return "application/json" if call.body is not None else ""
