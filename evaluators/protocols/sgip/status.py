"""Result and ErrorCode values of SGIP 1.2 (section 5.2 of the specification).

Up to 20 they answer commands; from 21 on they are mostly found in reports.
"""

OK = 0
WRONG_LOGIN = 1
REPEATED_LOGIN = 2
TOO_MANY_CONNECTIONS = 3
WRONG_LOGIN_TYPE = 4
BAD_PARAMETER = 5
BAD_NUMBER = 6
BAD_COMMAND = 7
BAD_LENGTH = 8
BAD_SEQUENCE = 9
BUSY = 11
NO_ROUTE = 23
NOT_PROVIDED = 30
SYSTEM_FAILURE = 32
QUEUE_FULL = 33

THROTTLED = frozenset({BUSY, QUEUE_FULL})
"""Codes that mean "slow down": the same message may be taken later."""

_NAMES = {
    0: "正确 accepted",
    1: "非法登录 wrong account or password",
    2: "重复登录 logged in already",
    3: "连接过多 too many connections",
    4: "登录类型错 wrong login type",
    5: "参数格式错 malformed parameter",
    6: "非法手机号码 invalid number",
    7: "消息 ID 错 wrong command",
    8: "信息长度错 wrong message length",
    9: "非法序列号 invalid or repeated sequence number",
    10: "非法操作 GNS illegal GNS operation",
    11: "节点忙 gateway busy",
    21: "目的地址不可达 destination unreachable",
    22: "路由错 misrouted",
    23: "路由不存在 no route",
    24: "计费号码无效 invalid charged number",
    25: "用户不能通信 handset cannot be reached",
    26: "手机内存不足 handset memory full",
    27: "手机不支持短消息 handset takes no messages",
    28: "手机接收短消息出现错误 handset failed to receive",
    29: "不知道的用户 unknown subscriber",
    30: "不提供此功能 function not provided",
    31: "非法设备 illegal device",
    32: "系统失败 system failure",
    33: "短信中心队列满 message centre's queue full",
}


def name(status: int) -> str:
    """What a code says, in Chinese and English."""
    return _NAMES.get(status, f"其他错误 {status} other error {status}")
