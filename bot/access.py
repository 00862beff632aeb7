"""Who may do what. Default deny: a role that is not named here may not."""

ROLES = frozenset({"technical", "legal", "business", "approver"})
DEPARTMENTS = ROLES - {"approver"}
EVERYTHING = ROLES  # the terminal's owner, where no role was named


def may_spend(roles: frozenset[str]) -> bool:
    """Start a send that costs money and rings real phones."""
    return "approver" in roles


def departments(roles: frozenset[str]) -> frozenset[str]:
    """The roles that own questions."""
    return roles - {"approver"}


def of_one_department(roles: frozenset[str]) -> bool:
    """Whose questions are one department's: they are asked only that part, unless they want all."""
    return len(roles) == 1 and roles <= DEPARTMENTS


def read(written: str) -> frozenset[str]:
    """Roles as they are stored, comma-separated; unknown ones give nothing."""
    return frozenset(written.split(",")) & ROLES


def written(roles: frozenset[str]) -> str:
    return ",".join(sorted(roles))
