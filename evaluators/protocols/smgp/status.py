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
    0: "正确 accepted",
    1: "系统忙 system busy",
    2: "超过最大连接数 too many connections",
    10: "消息结构错 malformed message",
    11: "命令字错 unknown command",
    12: "消息序号重复 repeated sequence number",
    20: "IP 地址错 wrong IP address",
    21: "认证错 wrong password",
    22: "版本太高 version too high",
    30: "短消息类型错 invalid MsgType",
    31: "优先级错 invalid Priority",
    32: "资费类型错 invalid FeeType",
    33: "资费代码错 invalid FeeCode",
    34: "短消息格式错 invalid MsgFormat",
    35: "时间格式错 invalid time format",
    36: "短消息长度错 invalid MsgLength",
    37: "有效期已过 validity period is over",
    38: "查询类别错 invalid QueryType",
    39: "路由错误 routing error",
    40: "包月费/封顶费错 invalid FixedFee",
    41: "更新类型错 invalid UpdateType",
    42: "路由编号错 invalid RouteId",
    43: "业务代码错 invalid ServiceId",
    44: "有效期错 invalid ValidTime",
    45: "定时发送时间错 invalid AtTime",
    46: "发送号码错 wrong sender number",
    47: "接收号码错 wrong destination number",
    48: "计费号码错 wrong charged number",
    49: "SP 服务代码错 invalid SPCode",
    56: "源网关代码错 invalid SrcGatewayID",
    57: "查询号码错 invalid QueryTermID",
    58: "没有匹配的路由 no matching route",
    59: "SP 类型错 invalid SPType",
    60: "上一条路由编号错 invalid LastRouteID",
    61: "路由类型错 invalid RouteType",
    62: "目标网关代码错 invalid DestGatewayID",
    63: "目标网关 IP 错 invalid DestGatewayIP",
    64: "目标网关端口错 invalid DestGatewayPort",
    65: "路由号码段错 invalid TermRangeID",
    66: "省代码错 invalid ProvinceCode",
    67: "用户类型错 invalid UserType",
    68: "本节点不接受路由更新 this node takes no route updates",
    69: "SP 企业代码错 invalid SPID",
    70: "SP 接入类型错 invalid SPAccessType",
    71: "路由更新失败 route update failed",
    72: "时间戳错 invalid Time",
    73: "业务代码 MServiceID 错 invalid MServiceID",
    74: "该时段禁止下发 sending is forbidden at this hour",
    75: "超过日流量 daily quota exceeded",
    76: "账号过有效期 account has expired",
}
_VENDORS = range(128, 256)


def name(status: int) -> str:
    """What a code says, in Chinese and English."""
    if status in _NAMES:
        return _NAMES[status]
    if status in _VENDORS:
        return f"厂家自定义错误 {status} vendor's own code {status}"
    return f"其他错误 {status} other error {status}"
