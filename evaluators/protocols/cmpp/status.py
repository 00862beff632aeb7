"""What CMPP answers: Status of a login (section 8.4.1.2), Result of a message (8.4.3.2).

Codes 0 to 99 belong to the protocol, 100 to 199 to the vendor, who must explain them (8.7.2).
"""

OK = 0
MALFORMED = 1
UNKNOWN_COMMAND = 2
BAD_LENGTH = 4
TOO_LONG = 6
BAD_SERVICE = 7
FLOW_CONTROL = 8
BAD_SOURCE = 10
BAD_ACCOUNT = 11
BAD_DESTINATION = 13

LOGIN_BAD_SOURCE = 2
LOGIN_WRONG_SECRET = 3
LOGIN_VERSION_TOO_HIGH = 4
LOGIN_OTHER = 5

THROTTLED = frozenset({FLOW_CONTROL})
"""Results that mean "slow down", not "no"."""

_RESULTS = {
    0: "正确 accepted",
    1: "消息结构错 malformed message",
    2: "命令字错 unknown command",
    3: "消息序号重复 repeated sequence number",
    4: "消息长度错 wrong message length",
    5: "资费错 wrong fee",
    6: "超过最大信息长 text too long",
    7: "业务代码错 wrong service code",
    8: "流量控制错 flow control",
    9: "本网关不负责服务此计费号码 gateway does not serve the charged number",
    10: "Src_Id 错误 wrong sender number",
    11: "Msg_src 错误 wrong content source",
    12: "Fee_terminal_Id 错误 wrong charged number",
    13: "Dest_terminal_Id 错误 wrong destination number",
}
_LOGINS = {
    0: "正确 accepted",
    1: "消息结构错 malformed message",
    2: "非法源地址 unknown account",
    3: "认证错 wrong password",
    4: "版本太高 version too high",
}
_VENDORS = range(100, 200)


def name(status: int) -> str:
    """What a Result says, in Chinese and English."""
    if status in _RESULTS:
        return _RESULTS[status]
    if status in _VENDORS:
        return f"厂家自定义错误 {status} vendor's own code {status}"
    return f"其他错误 {status} other error {status}"


def login_name(status: int) -> str:
    """What the Status of a login says, in Chinese and English."""
    return _LOGINS.get(status, f"其他错误 {status} other error {status}")
