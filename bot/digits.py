"""Phone numbers as digits: in one form to compare, masked to show. Pure."""


def normal(number: str) -> str:
    """As a number is kept: eleven digits at home, abroad + and the country code in front.

    Without its + a number abroad could be read as one at home: somebody else's.
    """
    digits = "".join(char for char in number if char.isdigit())
    for prefix in ("0086", "86"):
        if digits.startswith(prefix) and len(digits) == len(prefix) + 11:
            return digits[len(prefix) :]
    if number.strip().startswith("+"):
        return f"+{digits}"
    return f"+{digits[2:]}" if digits.startswith("00") else digits


def masked(number: str) -> str:
    """A number as it may be shown."""
    digits = normal(number)
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 11 else "****"
