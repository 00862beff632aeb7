"""What a verdict says of itself, in both languages."""

from evaluators.sending.reasons import both

WORDINGS = {
    "window_open": both(
        "观察窗口还没结束，进行中，现在不下结论。",
        "The observation window is still open; in progress, no verdict yet.",
    ),
    "interrupted": both(
        "运行中途被打断：已提交 {submitted} 条，手机收到 {arrived} 条，回执送达 {delivered} 条，"
        "只作参考。",
        "The run was broken off: {submitted} message{submitted:|s} submitted, {arrived} seen on"
        " handsets, {delivered} reported delivered until then, for information only.",
    ),
    "interrupted_by": both(
        "运行由{who}停止：已提交 {submitted} 条，手机收到 {arrived} 条，回执送达 {delivered} 条，"
        "只作参考。",
        "The run was stopped by {who}: {submitted} message{submitted:|s} submitted, {arrived} seen"
        " on handsets, {delivered} reported delivered until then, for information only.",
    ),
    "away": both(
        "我方程序中断 {lasted_s:.0f} 秒，当时有 {messages} 条在途：恢复后随即补到的 {held_back} 条"
        "回执按送达与否照算，不算迟到；另有 {untold} 条没有回执，可能是我方错过，不算服务商的。",
        "Our own program was away for {lasted_s:.0f} s with {messages} message{messages:|s} under"
        " way: {held_back} whose receipt came as soon as we were back {held_back:counts|count} as"
        " in time, and {untold} without one {untold:is|are} not held against the vendor, as we may"
        " have missed it.",
    ),
    "still_awaited": both(
        "{count} 条既没到手机也没有回执，可能还在路上：只观察了 {window:g} 秒，"
        "这类短信通常看 {usual:g} 秒。",
        "{count} message{count:|s} {count:is|are} on no handset and without a receipt and may still"
        " be on {count:its|their} way: the window was {window:g} s, and {usual:g} s is usual for"
        " this kind.",
    ),
    "stopped_unsent": both(
        "一条都没有发就停了，没有数据。", "Stopped before anything was sent: there is no data."
    ),
    "nothing_sent": both("没有可以计算的短信。", "There are no messages to judge by."),
    "receipts_only": both(
        "没有手机端数据。回执由被测方提供，只能参考，不能据此下到达结论。",
        "There is no handset data. Receipts come from the party being tested and prove no arrival.",
    ),
    "stop_rule": both(
        "按事先声明的规则提前停止，因此区间按随时可停的方法计算，会宽一些。",
        "Stopped early by the declared rule, so the interval allows for that and is wider.",
    ),
    "few_handsets": both(
        "{n} 条发到 {handsets} 部手机，同一部手机的结果相关，"
        "只相当于约 {effective:.0f} 条独立短信。",
        "{n} messages went to {handsets} handset{handsets:|s}; results on one handset go"
        " together, so they count as about {effective:.0f}.",
    ),
    "more_needed": both(
        "区间跨过所称的 {claim:.1%}。照目前的到达率，还需约 {more} 条才能判定。",
        "The interval straddles the claimed {claim:.1%}; at this rate about {more} more"
        " {more:decides|decide}.",
    ),
    "no_number_decides": both(
        "实测与所称的 {claim:.1%} 太接近，再多发也难以判定。",
        "What was seen is too close to the claimed {claim:.1%} for more messages to decide.",
    ),
    "disagree": both(
        "回执报已送达 {of} 条，其中 {count} 条手机上没有见到（{share:.1%}）。"
        "回执与终端不符，原因待服务商说明。",
        "Of {of} message{of:|s} reported delivered, {count} {count:was|were} not seen on the"
        " handset ({share:.1%}). Receipts and handsets disagree; the vendor is asked to explain.",
    ),
    "receipts_outside": both(
        "回执到达率 {receipts:.1%} 不在手机端的 95% 区间内。",
        "The receipts' rate of {receipts:.1%} lies outside the handsets' 95 % interval.",
    ),
    "controls_delivered": both(
        "{of} 条发往已知不可达的对照号码，{count} 条回执为已送达。",
        "Of {of} message{of:|s} to numbers known to be dead, {count} {count:was|were} reported as"
        " delivered.",
    ),
    "throttled": both(
        "{count} 条受限流拒绝，不计入到达率。",
        "{count} message{count:|s} {count:was|were} refused by throttling and {count:is|are} not"
        " counted.",
    ),
    "left_unknown": both(
        "{count} 条不能确定是否发出，未补发，也不计入。",
        "{count} message{count:|s} may or may not have left; {count:it was|they were} not sent"
        " again and {count:is|are} not counted.",
    ),
    "late_arrivals": both(
        "{count} 条在观察窗口之后才到，按未到计。",
        "{count} message{count:|s} came after {count:its|their} observation window and"
        " {count:counts|count} as not arrived.",
    ),
    "sender_behind": both(
        "我方发送落后于计划（p99 {p99_ms:.0f} 毫秒），没有达到计划的负载，不下结论，请重测。",
        "Our sender fell behind (p99 {p99_ms:.0f} ms), so the planned load was not reached: no"
        " verdict, please test again.",
    ),
    "clock_stepped": both(
        "测试期间本机时钟被改动或机器休眠过（相差 {step_s:+.1f} 秒），发出和收到的时刻对不上，"
        "不下结论，请重测。",
        "During the test our clock was set or the machine slept ({step_s:+.1f} s), so the times of"
        " sending and arriving do not compare: no verdict, please test again.",
    ),
    "p95_beyond_sample": both(
        "样本 {n} 条，不足以给出 p95（至少 {least} 条）。",
        "{n} message{n:|s} {n:is|are} too few to state p95 (at least {least}).",
    ),
}  # fmt: skip
