// A node-smpp server for test_node_smpp.py: buyer/simulate on a free port of 127.0.0.1.
// Says its port in a line of JSON; once its input ends it says what it saw and leaves.
// Receipts come before the answer to every second message, and after the others'.
"use strict";
const smpp = require("smpp");

const seen = { texts: [], parts: {}, enquired: 0, answered: 0, acknowledged: 0, unbound: 0 };
let count = 0;

function receipt(id, pdu) {
  return {
    source_addr: pdu.destination_addr,
    destination_addr: pdu.source_addr,
    esm_class: 4,
    short_message:
      `id:${id} sub:001 dlvrd:001 submit date:2611221900 done date:2611221901 ` +
      "stat:DELIVRD err:000 text:",
  };
}

function note(pdu) {
  const whole = pdu.message_payload || pdu.short_message;
  const [udh] = whole.udh || [];
  if (udh) {
    const [, , reference, total, number] = udh;
    const parts = (seen.parts[reference] ||= Array(total).fill(null));
    parts[number - 1] = whole.message;
  } else if (pdu.sar_total_segments) {
    const parts = (seen.parts[pdu.sar_msg_ref_num] ||= Array(pdu.sar_total_segments).fill(null));
    parts[pdu.sar_segment_seqnum - 1] = whole.message;
  } else {
    seen.texts.push(whole.message);
  }
}

function serve(session) {
  const ask = () =>
    session.enquire_link({}, () => {
      seen.answered += 1;
    });
  let asking;
  session.on("bind_transceiver", (pdu) => {
    if (pdu.password !== "simulate") {
      session.send(pdu.response({ command_status: smpp.ESME_RINVPASWD }));
      return;
    }
    session.send(pdu.response({ system_id: "node" }));
    asking = setInterval(ask, 300);
  });
  session.on("submit_sm", (pdu) => {
    note(pdu);
    const id = `n${count++}`;
    const report = () =>
      session.deliver_sm(receipt(id, pdu), () => {
        seen.acknowledged += 1;
      });
    const early = count % 2 === 0;
    if (early) report();
    session.send(pdu.response({ message_id: id }));
    if (!early) report();
  });
  session.on("enquire_link", (pdu) => {
    seen.enquired += 1;
    session.send(pdu.response());
  });
  session.on("unbind", (pdu) => {
    seen.unbound += 1;
    session.send(pdu.response());
    session.close();
  });
  session.on("close", () => clearInterval(asking));
  session.on("error", () => clearInterval(asking));
}

const server = smpp.createServer(serve);
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(JSON.stringify({ port: server.address().port }) + "\n");
});
process.stdin.resume();
process.stdin.on("end", () => {
  process.stdout.write(JSON.stringify(seen) + "\n", () => process.exit(0));
});
