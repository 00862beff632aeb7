"""Whether it was the storage that failed: a full or broken disk, a database that is away."""

import errno

from sqlalchemy import exc

_ERRNOS = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EROFS}
_ERRORS = (exc.OperationalError, exc.InterfaceError, exc.InternalError, exc.TimeoutError)


class StuckError(BaseException):
    """A step cannot go on in this process. No Exception: nobody retries it or writes it down."""


def failed(error: BaseException) -> bool:
    """Whether this error, or one of a group, is the storage's and nobody else's."""
    if isinstance(error, BaseExceptionGroup):
        return any(failed(each) for each in error.exceptions)
    if isinstance(error, OSError):
        return error.errno in _ERRNOS
    return isinstance(error, _ERRORS)
