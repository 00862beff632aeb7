// One run of node-smpp, for send.py: PORT COUNT WINDOW RECEIPTS.
// Needs the npm package `smpp`, in a node_modules folder beside this file or where NODE_PATH says.
"use strict";
const smpp = require("smpp");

const [port, count, window, receipts] = process.argv.slice(2).map(Number);
const text = (i) =>
  `【测试】您的验证码为${String(i % 1000000).padStart(6, "0")}，五分钟内有效，请勿告知他人。如非本人操作请忽略。`;
const messages = Array.from({ length: count }, (_, i) => [
  `198${String(i).padStart(8, "0")}`,
  text(i),
]);

let sent = 0, accepted = 0, reported = 0, started, cpu;
const session = smpp.connect({ url: `smpp://127.0.0.1:${port}`, auto_enquire_link_period: 0 });

function end() {
  if (accepted < count || reported < count * receipts) return;
  const took_s = Number(process.hrtime.bigint() - started) / 1e9;
  const used = process.cpuUsage(cpu);
  const told = { took_s, cpu_s: (used.user + used.system) / 1e6, accepted, reported };
  process.stdout.write(JSON.stringify(told), () => process.exit(0));
}

function send() {
  const [destination_addr, words] = messages[sent++];
  session.submit_sm(
    {
      source_addr: "10690001",
      destination_addr,
      short_message: words,
      data_coding: 8,
      registered_delivery: receipts,
    },
    (answer) => {
      if (answer.command_status !== 0) process.exit(1);
      accepted++;
      if (sent < count) send();
      else end();
    },
  );
}

session.on("deliver_sm", (pdu) => {
  if (/stat:DELIVRD/.test(pdu.short_message.message)) reported++;
  session.send(pdu.response());
  end();
});
session.on("error", (error) => {
  process.stderr.write(String(error));
  process.exit(1);
});
session.bind_transceiver({ system_id: "bench", password: "bench" }, (answer) => {
  if (answer.command_status !== 0) process.exit(1);
  started = process.hrtime.bigint();
  cpu = process.cpuUsage();
  while (sent < Math.min(window, count)) send();
});
