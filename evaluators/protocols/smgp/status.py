"""Status codes of SMGP 3.0 (section 6.2.6 of the specification)."""

OK = 0
BUSY = 1
TOO_MANY_CONNECTIONS = 2
BAD_STRUCTURE = 10
UNKNOWN_COMMAND = 11
REPEATED_SEQUENCE = 12
WRONG_ADDRESS = 20
WRONG_PASSWORD = 21
VERSION_TOO_HIGH = 22
INVALID_FORMAT = 34
INVALID_LENGTH = 36
NO_ROUTE = 39
INVALID_SERVICE = 43
INVALID_SOURCE = 46
INVALID_DESTINATION = 47
DAILY_QUOTA = 75

THROTTLED = frozenset({BUSY})
"""Codes that mean "slow down": the same message may be taken later.

The daily quota (75) and the hours in which nothing may be sent (74) are refusals: no slower pace
within the run makes them go away.
"""

_NAMES = {
    0: "ok",
    1: "system busy",
    2: "too many connections",
    10: "bad message structure",
    11: "unknown command",
    12: "repeated sequence number",
    20: "wrong IP address",
    21: "authentication failed",
    22: "version too high",
    30: "invalid MsgType",
    31: "invalid Priority",
    32: "invalid FeeType",
    33: "invalid FeeCode",
    34: "invalid MsgFormat",
    35: "invalid time format",
    36: "invalid MsgLength",
    37: "validity period is over",
    38: "invalid QueryType",
    39: "routing error",
    40: "invalid FixedFee",
    41: "invalid UpdateType",
    42: "invalid RouteId",
    43: "invalid ServiceId",
    44: "invalid ValidTime",
    45: "invalid AtTime",
    46: "invalid SrcTermId",
    47: "invalid DestTermId",
    48: "invalid ChargeTermId",
    49: "invalid SPCode",
    56: "invalid SrcGatewayID",
    57: "invalid QueryTermID",
    58: "no matching route",
    59: "invalid SPType",
    60: "invalid LastRouteID",
    61: "invalid RouteType",
    62: "invalid DestGatewayID",
    63: "invalid DestGatewayIP",
    64: "invalid DestGatewayPort",
    65: "invalid TermRangeID",
    66: "invalid ProvinceCode",
    67: "invalid UserType",
    68: "this node takes no route updates",
    69: "invalid SPID",
    70: "invalid SPAccessType",
    71: "route update failed",
    72: "invalid Time",
    73: "invalid MServiceID",
    74: "sending is forbidden at this hour",
    75: "daily quota exceeded",
    76: "account has expired",
}


def name(status: int) -> str:
    """What the specification says of it, or just the number for a vendor's own code."""
    return f"{status} ({_NAMES[status]})" if status in _NAMES else str(status)
