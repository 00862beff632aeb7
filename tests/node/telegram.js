// A bot on grammY, for the Bot API fake: node telegram.js <api root> <token>
// Each thing it saw is a line of JSON; the end of standard input ends it.
"use strict";
const { Bot, InlineKeyboard, InputFile, GrammyError } = require("grammy");

const [, , root, token] = process.argv;
const bot = new Bot(token, { client: { apiRoot: root } });
const say = (what, more = {}) => console.log(JSON.stringify({ what, ...more }));

bot.command("start", async (ctx) => {
  const reply_markup = new InlineKeyboard().text("Yes", "1:1:yes").text("No", "1:1:no");
  const sent = await ctx.reply("<b>TLS</b> &amp; more?", { parse_mode: "HTML", reply_markup });
  say("command", { match: ctx.match, text: sent.text, entities: sent.entities });
});

bot.callbackQuery(/^1:1:/, async (ctx) => {
  await ctx.answerCallbackQuery({ text: "noted" });
  const edited = await ctx.editMessageText("Noted: " + ctx.callbackQuery.data);
  const again = await ctx
    .editMessageText("Noted: " + ctx.callbackQuery.data)
    .catch((error) => error.description);
  say("press", { text: edited.text, again });
});

bot.on("edited_message:text", async (ctx) => {
  say("edit", { id: ctx.editedMessage.message_id, text: ctx.editedMessage.text });
});

bot.on("message:document", async (ctx) => {
  const file = await ctx.getFile();
  const got = await fetch(`${root}/file/bot${token}/${file.file_path}`);
  const data = Buffer.from(await got.arrayBuffer());
  await ctx.replyWithDocument(new InputFile(data, "back " + ctx.message.document.file_name), {
    caption: "here",
  });
  const album = await ctx.replyWithMediaGroup([
    { type: "photo", media: new InputFile(data, "a.jpg"), caption: "album" },
    { type: "photo", media: new InputFile(data, "b.jpg") },
  ]);
  await ctx.replyWithPhoto(ctx.message.document.file_id).catch(() => {});
  say("document", { size: data.length, album: album.map((one) => one.media_group_id) });
});

bot.on("message:migrate_to_chat_id", async (ctx) => {
  const refused = await ctx.reply("?").catch((error) => error.parameters);
  say("migrate", { to: ctx.message.migrate_to_chat_id, refused });
});

bot.on("my_chat_member", async (ctx) => {
  const error = await bot.api.sendMessage(ctx.chat.id, "?").catch((problem) => problem);
  const code = error instanceof GrammyError ? error.error_code : 0;
  say("member", { status: ctx.myChatMember.new_chat_member.status, code });
});

bot.on("message:text", async (ctx) => {
  const flood = await ctx.reply("heard", { reply_parameters: { message_id: ctx.message.message_id } })
    .then(() => 0, (error) => error.parameters.retry_after);
  say("text", { text: ctx.message.text, type: ctx.chat.type, flood });
});

bot.catch((error) => say("trouble", { text: String(error.error || error) }));

async function main() {
  await bot.api.setMyCommands([{ command: "start", description: "Begin" }]);
  const chat = await bot.api.getChat(Number(process.env.CHAT));
  const member = await bot.api.getChatMember(chat.id, Number(token.split(":")[0]));
  await bot.api.sendChatAction(chat.id, "typing").catch((error) => say("early", { text: error.description }));
  await bot.start({ timeout: 1, onStart: (me) => say("started", { me: me.username, status: member.status }) });
}

process.stdin.on("end", () => bot.stop().finally(() => process.exit(0)));
process.stdin.resume();
main().catch((error) => {
  say("trouble", { text: String(error) });
  process.exit(1);
});
