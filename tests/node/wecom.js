// A bot on the official WeCom SDK for test_wecom_node.py: URL BOT SECRET.
// Answers what people say as the words below tell; a line of JSON for each thing it saw.
"use strict";
const crypto = require("crypto");
const { WSClient } = require("@wecom/aibot-node-sdk");

const [wsUrl, botId, secret] = process.argv.slice(2);
const silent = { debug() {}, info() {}, warn() {}, error() {} };
const bot = new WSClient({
  botId,
  secret,
  wsUrl,
  logger: silent,
  heartbeatInterval: 60,
  reconnectInterval: 20,
});
const FILE = Buffer.alloc(1300000, "file ");

function say(seen) {
  process.stdout.write(JSON.stringify(seen) + "\n");
}

function failed(error) {
  say({ failed: error.errcode || error.message });
}

function buttons(taskId) {
  return {
    card_type: "button_interaction",
    main_title: { title: "有资质吗？" },
    button_list: [
      { text: "是", style: 1, key: "yes" },
      { text: "否", style: 2, key: "no" },
    ],
    task_id: taskId,
  };
}

const WORDS = {
  async stream(frame) {
    await bot.replyStream(frame, "s1", "一", false);
    await bot.replyStream(frame, "s1", "一二", false);
    await bot.replyStream(frame, "s1", "一二三", true);
  },
  card: (frame) => bot.replyTemplateCard(frame, buttons("task-1")),
  both: (frame) =>
    bot.replyStreamWithCard(frame, "s2", "先看这里", true, { templateCard: buttons("task-2") }),
  async push(frame) {
    const to = frame.body.chatid || frame.body.from.userid;
    await bot.sendMessage(to, { msgtype: "markdown", markdown: { content: "**推送**" } });
    const card = buttons(`task-3${frame.body.chatid || ""}`);
    await bot.sendMessage(to, { msgtype: "template_card", template_card: card });
  },
  async file(frame) {
    const up = await bot.uploadMedia(FILE, { type: "file", filename: "报告.txt" });
    await bot.replyMedia(frame, "file", up.media_id);
    await bot.sendMediaMessage(frame.body.from.userid, "file", up.media_id);
  },
  async wrong(frame) {
    const many = { ...buttons("task-4"), button_list: Array(7).fill({ text: "是", key: "k" }) };
    await bot.replyTemplateCard(frame, many).catch(failed);
    const text = { msgtype: "markdown", markdown: { content: "有人吗" } };
    await bot.sendMessage("nobody", text).catch(failed);
    await bot.replyStream(frame, "s3", "长".repeat(7000), true).catch(failed);
  },
};

bot.on("authenticated", () => say({ authenticated: true }));
bot.on("error", failed);
bot.on("message.text", async (frame) => {
  const text = frame.body.text.content.replace(/^@\S+ /, "");
  say({ text, chat: frame.body.chatid || "", quote: frame.body.quote?.text?.content || "" });
  if (WORDS[text]) await Promise.resolve(WORDS[text](frame)).catch(failed);
});
bot.on("message.voice", (frame) => say({ voice: frame.body.voice.content }));
bot.on("message.mixed", (frame) =>
  say({ mixed: frame.body.mixed.msg_item.map((item) => item.msgtype) }),
);
for (const kind of ["file", "image", "video"]) {
  bot.on(`message.${kind}`, async (frame) => {
    const { url, aeskey } = frame.body[kind];
    const { buffer, filename } = await bot.downloadFile(url, aeskey);
    const sha = crypto.createHash("sha256").update(buffer).digest("hex");
    say({ kind, name: filename || "", sha });
  });
}
bot.on("event.enter_chat", (frame) =>
  bot.replyWelcome(frame, { msgtype: "text", text: { content: "欢迎" } }).catch(failed),
);
bot.on("event.template_card_event", async (frame) => {
  const told = frame.body.event.template_card_event || frame.body.event;
  say({ pressed: told.event_key, task: told.task_id });
  const card = {
    card_type: "text_notice",
    main_title: { title: `已选 ${told.event_key}` },
    task_id: told.task_id,
  };
  await bot.updateTemplateCard(frame, card).catch(failed);
});
bot.on("event.feedback_event", () => say({ feedback: true }));
bot.on("event.disconnected_event", () => say({ displaced: true }));
process.stdin.on("end", () => process.exit(0)).resume();
bot.connect();
