"""Numbers as SGIP carries them: with the country code, without a plus sign."""

_HOME = "86"
_NATIONAL = 11  # digits of a mainland mobile number
_LONGEST = 21


def with_country(number: str) -> str:
    """UserNumber for a number as people write it; without a country code it is the mainland's.

    Raises ValueError for what is no number.
    """
    if number.startswith(("+", "00")):
        bare = number.removeprefix("+").removeprefix("00")
    elif len(number) == _NATIONAL + 2 and number.startswith(_HOME):
        bare = number
    else:
        bare = _HOME + number
    if not (bare.isascii() and bare.isdigit() and len(_HOME) < len(bare) <= _LONGEST):
        raise ValueError("a destination number has up to 19 digits, or 21 with its country code")
    return bare


def national(number: str) -> str:
    """The number without the mainland's country code; any other number as it came."""
    bare = number.removeprefix("+").removeprefix("00")
    return bare[2:] if len(bare) == _NATIONAL + 2 and bare.startswith(_HOME) else number
