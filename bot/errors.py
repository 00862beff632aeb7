"""Errors meant for the person at the keyboard: the whole message, no traceback."""

import errno


class UserError(Exception):
    """Something the person can put right; the text says what and how."""


def why(error: OSError) -> str:
    """What the system would not do, in words: `[Errno 2] …` means nothing to a person."""
    return _WHY.get(error.errno or 0, error.strerror or type(error).__name__)


_WHY = {
    errno.ENOENT: "there is no such file or folder",
    errno.EISDIR: "it is a folder, not a file",
    errno.ENOTDIR: "a part of the path is a file, not a folder",
    errno.EACCES: "you have no permission for it",
    errno.EPERM: "you have no permission for it",
    errno.EROFS: "the disk is read-only",
    errno.ENOSPC: "the disk is full",
    errno.ENAMETOOLONG: "the name is too long",
    errno.EADDRINUSE: "the port is in use by another program",
    errno.EADDRNOTAVAIL: "this machine has no such address",
}
