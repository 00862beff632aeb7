"""Errors meant for the person at the keyboard: the whole message, no traceback."""


class UserError(Exception):
    """Something the person can put right; the text says what and how."""
