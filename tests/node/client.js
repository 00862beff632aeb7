// A node-smpp client for test_node_smpp.py: PORT PASSWORD COUNT.
// Binds, sends COUNT short texts and three long ones (parts with headers, sar_ parameters,
// message_payload), waits for every receipt, unbinds; says what it saw in a line of JSON.
"use strict";
const smpp = require("smpp");

const [port, password, count] = process.argv.slice(2);
const LONG = "长".repeat(100);
const PARTS = [LONG.slice(0, 60), LONG.slice(60)];
const seen = { statuses: [], ids: [], reported: [], enquired: false };
const wanted = Number(count) + 2 * PARTS.length + 1;
const session = smpp.connect({ url: `smpp://127.0.0.1:${port}`, auto_enquire_link_period: 0 });

function leave() {
  process.stdout.write(JSON.stringify(seen) + "\n", () => process.exit(0));
}

function goOn() {
  if (seen.reported.length < wanted || seen.statuses.length < wanted || !seen.enquired) return;
  session.unbind(leave);
}

function submit(number, fields) {
  const common = { source_addr: "1069", destination_addr: number, registered_delivery: 1 };
  session.submit_sm({ ...common, ...fields }, (answer) => {
    seen.statuses.push(answer.command_status);
    seen.ids.push(answer.message_id);
    goOn();
  });
}

function submitAll() {
  for (let i = 0; i < count; i++) {
    const number = `1980000${String(i).padStart(4, "0")}`;
    submit(number, { short_message: i % 2 ? `【测试】编号${i}` : `plain ${i}` });
  }
  PARTS.forEach((message, at) => {
    const udh = Buffer.from([5, 0, 3, 7, PARTS.length, at + 1]);
    submit("19800001000", { data_coding: 8, short_message: { udh, message } });
    submit("19800001001", {
      data_coding: 8,
      short_message: message,
      sar_msg_ref_num: 9,
      sar_total_segments: PARTS.length,
      sar_segment_seqnum: at + 1,
    });
  });
  submit("19800001002", { data_coding: 8, short_message: "", message_payload: LONG });
}

session.on("deliver_sm", (pdu) => {
  session.send(pdu.response());
  seen.reported.push(pdu.short_message.message);
  goOn();
});
session.on("error", (error) => {
  process.stderr.write(String(error) + "\n");
  process.exit(1);
});
session.bind_transceiver({ system_id: "buyer", password }, (answer) => {
  if (answer.command_status !== 0) {
    seen.statuses.push(answer.command_status);
    leave();
    return;
  }
  session.enquire_link({}, (pdu) => {
    seen.enquired = pdu.command_status === 0;
    goOn();
  });
  submitAll();
});
