"""Numbers as a vendor wants them written. Pure."""

from evaluators.protocols.http.vendor import Numbers

_MAINLAND = 11  # digits of a mobile number, which starts with 1


def write(number: str, wanted: Numbers) -> str:
    """`number`, with + or 00 in front or without; ValueError for one that cannot be sent to."""
    digits = number.removeprefix("+").removeprefix("00")
    if not digits.isascii() or not digits.isdigit():
        raise ValueError(f"{number!r} is not a telephone number")
    mainland = digits.removeprefix("86")
    national = len(mainland) == len(digits) and not number.startswith(("+", "00"))
    if len(mainland) == _MAINLAND and mainland.startswith("1") and (national or mainland != digits):
        return mainland if wanted.mainland == "national" else wanted.mainland + mainland
    if wanted.abroad == "none":
        raise ValueError(
            f"{number!r} is not a mainland number, and this interface sends to no other"
        )
    return f"+{digits}" if wanted.abroad == "+" else digits
