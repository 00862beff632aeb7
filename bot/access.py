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
