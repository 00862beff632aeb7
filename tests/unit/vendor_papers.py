"""Papers of a vendor that does not exist: a contract, a brochure, a price list; made by code."""

from collections.abc import Sequence
from pathlib import Path

CONTRACT = """\
# 短信服务合同
甲方：启明星教育科技有限公司（采购方）；乙方：蓝鲸云通信有限公司（服务方）。合同编号 LJ-2026-0117。
## 第一条 服务内容
1.1 乙方向甲方提供国内验证码、通知和营销短信的发送服务，接口方式为 HTTP 与 CMPP 2.0，签名和模板由乙方代为报备。
1.2 乙方应在收到甲方完整资料之日起 5 个工作日内完成签名报备；因甲方资料不全造成的延误由甲方承担。
## 第二条 价格与计费
2.1 单价以附件报价单为准，含 6% 增值税。合同期内乙方不得单方提价；运营商调价的，乙方应提前 30 日书面通知。
2.2 按运营商返回的成功状态报告计费。状态报告为失败或 72 小时内没有状态报告的，不计费。长短信按每 67 字一条计。
## 第三条 结算与付款
3.1 每月 5 日前乙方出具上月对账单，甲方应在 10 个工作日内核对；双方数据差异超过千分之三的，以双方系统日志共同核查为准。
3.2 甲方在收到增值税专用发票后 30 日内付款。逾期付款的，每逾期一日按未付金额的万分之五支付违约金。
## 第四条 服务水平
4.1 乙方承诺平台月可用率不低于 99.9%。低于 99.9% 但不低于 99% 的，减免当月费用的 10%；低于 99% 的，减免当月费用的 30%。
4.2 验证码短信 95% 应在 10 秒内送达手机；月度到达率不低于 97%，以甲方抽样实测为准。
4.3 乙方提供 7×24 小时技术支持，一级故障 15 分钟内响应，2 小时内恢复；故障报告在恢复后 3 个工作日内提交。
## 第五条 备用通道
5.1 乙方应为验证码业务准备至少两条不同运营商直连通道，主通道故障时 60 秒内自动切换，切换不另收费。
5.2 每季度进行一次切换演练，演练结果由双方签字确认。
## 第六条 数据安全与保密
6.1 乙方对手机号码和短信内容加密存储，保存期限为 6 个月，到期后 15 日内删除并出具销毁证明。
6.2 未经甲方书面同意，乙方不得将短信业务转包给第三方，也不得将甲方数据用于其他目的。
6.3 发生数据泄露的，乙方应在 24 小时内通知甲方，并承担由此造成的直接损失，赔偿上限为合同年度总金额的两倍。
## 第七条 退订与投诉
7.1 营销短信须带退订方式，用户回复退订后乙方应在 24 小时内停止向其发送。
7.2 投诉率超过万分之一的，乙方有权暂停该签名的营销发送，并在 2 小时内告知甲方原因。
## 第八条 期限与解除
8.1 本合同自双方盖章之日起生效，有效期一年，至 2027 年 1 月 16 日止；期满前 30 日无异议的自动续期一年。
8.2 连续两个月到达率低于约定的，甲方可提前 15 日书面通知解除合同，预付款余额在 10 个工作日内退还。
8.3 合同终止后乙方应在 10 个工作日内导出并移交签名、模板和发送记录。
## 第九条 争议解决
9.1 争议由双方协商；协商不成的，提交甲方所在地人民法院诉讼解决。
"""  # noqa: E501  a clause is one paragraph

BROCHURE = (
    """\
蓝鲸云通信产品手册
一、公司简介
蓝鲸云通信成立于 2014 年，总部位于杭州，员工 180 人，服务 3000 多家企业客户，注册资本 5000 万元。
二、资质
持有增值电信业务经营许可证（短信服务），覆盖范围为全国，有效期至 2028 年 6 月。
通过信息系统安全等级保护三级测评和 ISO 27001 认证，证书见官网。
三、平台能力
平台峰值发送能力每秒 8000 条，单客户默认限速每秒 500 条，可申请提高到每秒 2000 条。
直连中国移动、中国联通、中国电信三网共 12 条通道，其中验证码专用通道 4 条。
""",
    """\
四、送达效果
验证码平均到达时间 3.2 秒，历史到达率 99.6%，数据来自本公司 2025 年第四季度统计。
五、控制台与接口
提供 HTTP、CMPP、SMPP 接口和 Java、Python、Go 语言 SDK，控制台可查询 90 天内的发送明细。
支持子账号、IP 白名单、余额预警和发送频率限制，同一号码验证码每分钟 1 条、每天 10 条。
六、国际短信
国际短信覆盖 190 个国家和地区，按目的地计价，美国和印度需要提前注册发送方。
七、客户案例
服务过在线教育、零售、物流等行业客户，双十一当天发送 1.2 亿条无故障。
八、联系我们
工作日 9:00 至 18:00 由专属客户经理接待，技术支持全天值守。
""",
)

PRICES: dict[str, list[list[object]]] = {
    "国内报价": [
        ["月发送量", "验证码（元/条）", "通知（元/条）", "营销（元/条）"],
        ["10 万条以下", 0.048, 0.048, 0.052],
        ["10 万至 100 万条", 0.042, 0.043, 0.047],
        ["100 万至 500 万条", 0.038, 0.039, 0.043],
        ["500 万条以上", 0.034, 0.035, 0.04],
        ["备注", "以上含税；最低月消费 2000 元；首次充值 5 万元起", None, None],
    ],
    "其他费用": [
        ["项目", "价格", "说明"],
        ["签名报备费", "免费", "每个账户 20 个以内，超出每个 100 元"],
        ["短链接服务", "0.01 元/次", "按点击计"],
        ["上行短信", "0.05 元/条", "用户回复，含退订"],
        ["专属通道", "3000 元/月", "独享每秒 300 条"],
        ["数据导出", "免费", "两年内的发送记录"],
    ],
    "国际报价": [
        ["国家或地区", "单价（元/条）", "是否需要注册"],
        ["中国香港", 0.35, "否"],
        ["美国", 0.09, "是"],
        ["新加坡", 0.28, "是"],
        ["印度", 0.15, "是"],
    ],
}

C, B, P = "合同.docx", "产品手册.pdf", "报价单.xlsx"

# Each question with its paper and words of the section that answers it.
QUESTIONS: tuple[tuple[str, str, str], ...] = (
    ("合同里可用率承诺多少", C, "99.9%"),
    ("平台挂了赔多少钱", C, "减免当月费用"),
    ("验证码几秒能到", C, "10 秒内送达"),
    ("发失败了还收钱吗", C, "不计费"),
    ("长短信怎么算条数", C, "67 字"),
    ("他们能自己涨价吗", C, "单方提价"),
    ("账对不上怎么办", C, "千分之三"),
    ("我们晚付款有什么后果", C, "万分之五"),
    ("多久内要付钱", C, "30 日内付款"),
    ("出故障多长时间有人管", C, "15 分钟内响应"),
    ("主通道坏了多快切过去", C, "60 秒内自动切换"),
    ("演练多久做一次", C, "切换演练"),
    ("他们会存我们的号码多久", C, "保存期限为 6 个月"),
    ("能不能转包给别人", C, "转包"),
    ("数据泄漏了赔偿上限是多少", C, "赔偿上限"),
    ("用户退订后多久停发", C, "24 小时内停止"),
    ("投诉太多会不会被停", C, "万分之一"),
    ("合同什么时候到期", C, "2027 年 1 月 16 日"),
    ("会自动续约吗", C, "自动续期"),
    ("想提前解约要什么条件", C, "提前 15 日书面通知解除"),
    ("预付的钱能退吗", C, "预付款余额"),
    ("打官司在哪里打", C, "人民法院"),
    ("签名报备要几天", C, "5 个工作日"),
    ("合同終止後資料怎麼移交", C, "移交签名"),
    ("who may the vendor subcontract to", C, "转包"),
    ("when does the contract end", C, "2027 年 1 月 16 日"),
    ("注册资本多少", B, "5000 万元"),
    ("公司什么时候成立的", B, "2014"),
    ("许可证有效期到哪天", B, "2028 年 6 月"),
    ("等保几级", B, "等级保护三级"),
    ("一秒能发多少条", B, "8000"),
    ("直连几条通道", B, "12 条通道"),
    ("手册说到达率多少", B, "99.6%"),
    ("明细能查多少天", B, "90 天"),
    ("有没有python的sdk", B, "SDK"),
    ("发美国要注册吗", B, "美国和印度"),
    ("每月发 200 万条验证码多少钱", P, "0.038"),
    ("最低消费是多少", P, "最低月消费"),
    ("短链接怎么收费", P, "短链接服务"),
    ("香港一条多少钱", P, "0.35"),
    ("专属通道一个月多少钱", P, "3000 元/月"),
    ("用户回复的短信收费吗", P, "上行短信"),
)

# Nothing in these papers answers them.
UNRELATED: tuple[str, ...] = (
    "今天天气怎么样",
    "帮我写一首诗",
    "午饭吃什么",
    "怎么请年假",
    "报销流程是什么",
    "股票今天涨了吗",
    "打印机连不上怎么办",
    "你是谁开发的",
    "会议室怎么预订",
    "给我讲个笑话",
    "什么是 p95",
    "样本量要多大才够",
    "置信区间怎么看",
    "怎么看出状态报告是编的",
    "SMPP 的 bind 有哪几种",
    "号码携号转网后还能收到吗",
    "用安卓手机测怎么不被清后台",
    "怎么给老板写评估报告",
    "RCS 富媒体消息和短信有什么区别",
    "语音验证码怎么接",
    "邮件送达率怎么提高",
    "微信模板消息怎么申请",
    "what is the weather in Paris",
    "how do I reset my laptop password",
    "explain the central limit theorem",
    "who wrote Hamlet",
    "怎么招一个测试工程师",
    "公司年会在哪里办",
    "如何申请商标",
    "空调遥控器没电了",
)


def write(folder: Path) -> dict[str, Path]:
    """The three papers by their names."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = {name: folder / name for name in (C, B, P)}
    word(paths[C], CONTRACT)
    pdf(paths[B], BROCHURE)
    sheet(paths[P], PRICES)
    return paths


def word(path: Path, text: str) -> None:
    """`#` begins a heading of that level."""
    from docx import Document

    document = Document()
    for line in text.splitlines():
        marks = len(line) - len(line.lstrip("#"))
        if marks:
            document.add_heading(line[marks:].strip(), level=marks)
        else:
            document.add_paragraph(line)
    document.save(str(path))


def sheet(path: Path, tables: dict[str, list[list[object]]]) -> None:
    from openpyxl import Workbook

    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in tables.items():
        made = book.create_sheet(name)
        for row in rows:
            made.append(row)
    book.save(path)


def pdf(path: Path, pages: Sequence[str]) -> None:
    """Text in a font that is not there, with a table of what its characters are."""
    used = sorted({char.encode("utf-16-be").hex() for page in pages for char in page})
    known = "".join(
        f"{len(some)} beginbfchar {' '.join(f'<{code}> <{code}>' for code in some)} endbfchar "
        for some in (used[at : at + 100] for at in range(0, len(used), 100))
    )
    kids = " ".join(f"{6 + 2 * n} 0 R" for n in range(len(pages)))
    parts = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Count {len(pages)} /Kids [{kids}] >>",
        (
            "<< /Type /Font /Subtype /Type0 /BaseFont /Song /Encoding /Identity-H"
            " /DescendantFonts [4 0 R] /ToUnicode 5 0 R >>"
        ),
        (
            "<< /Type /Font /Subtype /CIDFontType0 /BaseFont /Song /DW 1000"
            " /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>"
        ),
        _stream(
            "/CIDInit /ProcSet findresource begin 12 dict begin begincmap"
            " 1 begincodespacerange <0000> <FFFF> endcodespacerange"
            f" {known}endcmap end end"
        ),
    ]
    for number, page in enumerate(pages):
        parts.append(
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842]"
            f" /Resources << /Font << /F 3 0 R >> >> /Contents {7 + 2 * number} 0 R >>"
        )
        shown = [f"<{line.encode('utf-16-be').hex()}> Tj T*" for line in page.splitlines()]
        parts.append(_stream("BT /F 10 Tf 14 TL 40 800 Td\n" + "\n".join(shown) + "\nET"))
    path.write_bytes(_whole(parts))


def _stream(text: str) -> str:
    return f"<< /Length {len(text)} >>\nstream\n{text}\nendstream"


def _whole(parts: Sequence[str]) -> bytes:
    out, starts = b"%PDF-1.7\n", []
    for number, part in enumerate(parts, start=1):
        starts.append(len(out))
        out += f"{number} 0 obj\n{part}\nendobj\n".encode("latin-1")
    table = "".join(f"{start:010} 00000 n \n" for start in starts)
    size = len(parts) + 1
    trailer = f"trailer << /Size {size} /Root 1 0 R >>\nstartxref\n{len(out)}\n%%EOF\n"
    return out + f"xref\n0 {size}\n0000000000 65535 f \n{table}{trailer}".encode("latin-1")
