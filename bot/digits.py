"""Phone numbers as digits: in one form to compare, masked to show. Pure."""


def normal(number: str) -> str:
    """Digits only, without +86 or 0086."""
    digits = "".join(char for char in number if char.isdigit())
    for prefix in ("0086", "86"):
        if digits.startswith(prefix) and len(digits) == len(prefix) + 11:
            return digits[len(prefix) :]
    return digits


def masked(number: str) -> str:
    """A number as it may be shown."""
    digits = normal(number)
    return f"{digits[:3]}****{digits[-4:]}" if len(digits) >= 11 else "****"
