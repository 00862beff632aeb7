"""Numbers as a vendor wants them written. Pure."""

import re

from evaluators.protocols.http.vendor import Numbers

_is_mobile = re.compile("1[0-9]{10}").fullmatch  # on the mainland, without the country code


def write(number: str, wanted: Numbers) -> str:
    """`number`, with + or 00 in front or without; ValueError for one that cannot be sent to."""
    if not _is_mobile(number):
        digits = number.removeprefix("+").removeprefix("00")
        if not digits.isascii() or not digits.isdigit():
            raise ValueError(f"{number!r} is not a telephone number")
        mainland = digits.removeprefix("86")
        if mainland == digits or not _is_mobile(mainland):
            return _abroad(number, digits, wanted)
        number = mainland
    return number if wanted.mainland == "national" else wanted.mainland + number


def _abroad(number: str, digits: str, wanted: Numbers) -> str:
    if wanted.abroad == "none":
        raise ValueError(
            f"{number!r} is not a mainland number, and this interface sends to no other"
        )
    return f"+{digits}" if wanted.abroad == "+" else digits
