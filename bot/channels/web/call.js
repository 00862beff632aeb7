// The screen for a call: all eight questions, one tap each. What stands is the server's to say;
// elements are made once per call and then only filled, so that focus and half-typed words stay.

import { make, rich } from "./talk.js";
import { t } from "./wire.js";

const one = (id) => document.getElementById(id);
const LEVELS = { red: ["⚑", "web.call.red"], amber: ["⚠", "web.call.amber"], note: ["ℹ", "web.call.info"] };
const FIELDS = {
  price: "web.call.price",
  percent: "web.call.percent",
  duration: "web.call.duration",
  number: "web.call.number",
  date: "web.call.date",
};

export class Call {
  constructor({ send, toTalk }) {
    Object.assign(this, { send, toTalk });
    this.screen = null;
    this.choosing = false; // another call, while one is going on
    this.rows = new Map(); // by question number
    this.sent = new Map(); // by message id: the question it was about
    one("call-form").addEventListener("submit", (event) => this.start(event));
    one("call-back").addEventListener("click", () => this.choose(false));
    one("call-other").addEventListener("click", () => this.choose(true));
    one("call-next").addEventListener("click", () => this.next());
    setInterval(() => this.tick(), 1000);
  }

  clear() {
    this.screen = null;
    this.choosing = false;
    this.rows.clear();
    this.sent.clear();
    this.made = "";
    one("call-steps").replaceChildren();
    one("vendor").value = "";
  }

  start(event) {
    event.preventDefault();
    const vendor = one("vendor").value.trim();
    if (!vendor) return one("vendor").focus();
    one("vendor").value = "";
    this.choosing = false;
    this.focusSoon = true;
    this.send({ text: `/预筛 ${vendor}` });
  }

  choose(other) {
    this.choosing = other;
    this.draw();
    one(other ? "vendor" : "call-other").focus();
  }

  arrived(news) {
    const screen = news.call;
    this.skew = screen.now ? Date.parse(screen.now) - Date.now() : 0;
    const before = this.screen;
    this.screen = screen;
    if (screen.case !== before?.case) this.choosing = false;
    this.draw();
    this.answerFeedback(news.lines);
    if (screen.case && this.focusSoon) {
      this.focusSoon = false;
      one("call-steps").querySelector("button")?.focus();
    }
  }

  reworded() {
    this.made = "";
    if (this.screen) this.draw();
  }

  draw() {
    const { screen } = this;
    const going = Boolean(screen.case) && !this.choosing;
    one("call-start").hidden = going;
    one("call-screen").hidden = !going;
    one("call-back").hidden = !screen.case;
    this.drawOthers(screen);
    if (!going) return;
    // Words of the other language, or another vendor's call: everything is made anew.
    const made = `${screen.case} ${screen.steps[0].ask}`;
    if (made !== this.made) {
      this.made = made;
      this.rows.clear();
      this.steps = screen.steps.map((step, at) => this.step(step, at + 1));
      one("call-steps").replaceChildren(...columns(screen.steps, this.steps));
    }
    one("call-vendor").textContent = screen.vendor;
    screen.steps.forEach((step, at) => this.fillStep(step, this.steps[at]));
    const done = screen.steps.filter((step) => step.items.every((item) => item.done)).length;
    one("call-count").textContent = t("web.call.done", { done, of: screen.steps.length });
    one("call-next").setAttribute("aria-disabled", String(done === screen.steps.length));
    one("call-clock-name").textContent = t(screen.ended ? "web.call.took" : "web.call.elapsed");
    this.drawSummary(screen);
    this.tick();
  }

  drawOthers(screen) {
    const others = [...screen.others];
    one("call-others").hidden = !others.length;
    one("call-others")
      .querySelector("ul")
      .replaceChildren(
        ...others.map(({ id, vendor }) =>
          make(
            "li",
            {},
            make(
              "button",
              {
                type: "button",
                on: () => {
                  this.choosing = false;
                  this.focusSoon = true;
                  this.send({ text: `/切换 ${id}` });
                },
              },
              `${id} · ${vendor}`,
            ),
          ),
        ),
      );
  }

  drawSummary(screen) {
    const box = one("call-summary");
    const wasHidden = box.hidden;
    box.hidden = !screen.summary;
    if (!screen.summary) return;
    const text = box.querySelector(".text");
    if (text.textContent !== screen.summary.text) {
      text.replaceChildren(...rich(screen.summary.text));
      box.querySelector(".buttons").replaceChildren(
        ...screen.summary.buttons.map(([label, action]) =>
          make(
            "button",
            {
              type: "button",
              on: () => {
                this.send({ action, label });
                this.toTalk();
              },
            },
            label,
          ),
        ),
      );
    }
    if (wasHidden) {
      this.say(screen.summary.text);
      box.scrollIntoView({ block: "start" });
    }
  }

  tick() {
    if (!this.screen?.case) return;
    const until = this.screen.ended ? Date.parse(this.screen.ended) : Date.now() + this.skew;
    const seconds = Math.max(0, Math.floor((until - Date.parse(this.screen.started)) / 1000));
    const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
    const shown = parts[0] ? parts : parts.slice(1);
    one("call-clock").textContent = shown.map((part) => `${part}`.padStart(2, "0")).join(":");
  }

  next() {
    const rows = [...this.rows.values()];
    const open = rows.find((row) => !row.item.done);
    const button = open?.element.querySelector("button");
    if (!button) return;
    button.focus();
    open.element.scrollIntoView({ block: "center" });
  }

  step(step, number) {
    const items = step.items.map((item) => this.row(item));
    const state = make("span", { class: "state" });
    const head = make(
      "h2",
      {},
      make("span", { class: "number" }, `${number}`),
      make("span", { class: "unseen" }, `${t("web.call.aloud")}: `),
      step.ask,
    );
    return make("li", { class: "step" }, head, state, ...items);
  }

  fillStep(step, element) {
    const done = step.items.every((item) => item.done);
    element.classList.toggle("done", done);
    element.querySelector(".state").textContent = done
      ? `✓ ${t("web.call.answered")}`
      : t("web.call.open");
    for (const item of step.items) this.fill(item);
  }

  row(item) {
    const { number } = item;
    const legend = make("legend", {}, item.ask);
    const choices = make("div", { class: "choices" });
    for (const [word, label] of item.choices)
      choices.append(
        make(
          "button",
          {
            type: "button",
            "aria-pressed": "false",
            "data-word": word,
            on: (event) => this.tap(number, word, event.currentTarget),
          },
          label,
        ),
      );
    const row = { item, fields: {} };
    const value = item.takes && this.field(row, "value", t(FIELDS[item.takes] ?? "web.call.words"));
    const note = this.field(row, "note", t("web.call.note.how"));
    note.hidden = true;
    const toggle = make(
      "button",
      { type: "button", class: "quiet", "aria-expanded": "false" },
      t("web.call.note"),
    );
    toggle.addEventListener("click", () => this.openNote(row, note.hidden));
    const result = make("div", { class: "result" });
    const more = make("div", { class: "more" }, ...(value ? [value] : []), toggle);
    row.element = make("fieldset", { id: `item-${number}` }, legend, choices, more, note, result);
    Object.assign(row, { choices, note, toggle, result });
    this.rows.set(number, row);
    return row.element;
  }

  field(row, name, label) {
    const id = `${name}-${row.item.number}`;
    const input = make("input", { id, autocomplete: "off", maxlength: "500", enterkeyhint: "done" });
    const caption = make("label", { for: id }, label);
    const form = make(
      "form",
      { class: "field" },
      caption,
      make("div", { class: "row" }, input, make("button", { type: "submit" }, t("web.call.keep"))),
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.keep(row, name);
    });
    row.fields[name] = { input, caption };
    return form;
  }

  openNote(row, open, label = t("web.call.note.how")) {
    this.unfold(row, open);
    row.opened = open;
    row.fields.note.caption.textContent = label;
    if (open) row.fields.note.input.focus();
  }

  unfold(row, open) {
    row.note.hidden = !open;
    row.toggle.setAttribute("aria-expanded", String(open));
  }

  // A tap on a choice; words typed beside it go along.
  tap(number, word, button) {
    const row = this.rows.get(number);
    const { input } = row.fields.note;
    const text = input.value.trim();
    row.na = word === "na" && !text;
    if (row.na) return this.openNote(row, true, t("web.call.reason"));
    button.classList.add("sending");
    input.value = "";
    return this.tell(number, word, text);
  }

  keep(row, name) {
    const { number } = row.item;
    const { input } = row.fields[name];
    const text = input.value.trim();
    if (!text) return input.focus();
    input.value = "";
    if (name === "value") return this.tell(number, "", text);
    if (row.na) {
      row.na = row.opened = false;
      return this.tell(number, "na", text);
    }
    return this.tell(number, row.item.chosen || row.item.said ? "note" : "", text);
  }

  tell(number, word, text) {
    const action = `any:${number}:${word}`;
    const id = this.send({ action, text, case: this.screen.case });
    this.sent.set(id, { number, before: JSON.stringify(this.rows.get(number).item) });
    this.rows.get(number).feedback = "";
  }

  refused(message, why) {
    const about = this.sent.get(message.id);
    this.sent.delete(message.id);
    if (!about) return;
    const said = t(why === "elsewhere" ? "web.call.elsewhere" : "web.failed", {
      vendor: this.screen.vendor,
    });
    for (const button of this.rows.get(about.number)?.choices.children ?? [])
      button.classList.remove("sending");
    this.feedback(about.number, said);
  }

  // Where nothing about the question has changed, what smsvet said instead belongs beside it.
  answerFeedback(lines) {
    let about = null;
    for (const line of lines) {
      if (line.mine) {
        about = this.sent.get(line.message);
        this.sent.delete(line.message);
        continue;
      }
      const row = about && this.rows.get(about.number);
      if (row && JSON.stringify(row.item) === about.before && !line.buttons.length)
        this.feedback(about.number, line.text);
      about = null;
    }
  }

  feedback(number, text) {
    const row = this.rows.get(number);
    if (!row) return this.say(text);
    row.feedback = text;
    this.fillResult(row);
    return this.say(text);
  }

  say(text) {
    one("call-said").textContent = text;
  }

  fill(item) {
    const row = this.rows.get(item.number);
    const changed = JSON.stringify(row.item) !== JSON.stringify(item) || !row.filled;
    const first = !row.filled;
    row.item = item;
    row.filled = true;
    if (!changed) return;
    row.feedback = "";
    row.element.classList.toggle("done", item.done);
    for (const button of row.choices.children) {
      const on = button.dataset.word === item.chosen;
      button.setAttribute("aria-pressed", String(on));
      button.classList.remove("sending");
    }
    const { input, caption } = row.fields.note;
    const asksWords = item.prompt?.kind === "follow_up" || item.prompt?.kind === "reason";
    const inUse = row.na || input.value || document.activeElement === input;
    if (asksWords) this.unfold(row, true);
    else if (!row.opened && !inUse) this.unfold(row, false);
    if (!row.na) caption.textContent = t("web.call.note.how");
    this.fillResult(row);
    if (!first) this.say(row.result.textContent);
  }

  fillResult({ item, result, feedback }) {
    const parts = [];
    if (item.said) {
      const kept = make("p", { class: "kept" }, make("strong", {}, t("web.call.kept", { said: item.said })));
      parts.push(kept);
    }
    if (item.words && item.words !== item.said)
      parts.push(make("p", { class: "soft" }, t("web.call.quoted", { words: item.words })));
    if (item.note) parts.push(make("p", { class: "soft" }, t("web.call.noted", { note: item.note })));
    if (item.warning) parts.push(this.warning(item.warning));
    if (item.prompt) parts.push(this.prompt(item.prompt));
    if (feedback) parts.push(make("p", { class: "feedback text" }, feedback));
    result.replaceChildren(...parts);
  }

  warning({ level, means, ask, source }) {
    const [sign, name] = LEVELS[level];
    return make(
      "div",
      { class: `warning ${level}` },
      make("p", {}, make("strong", {}, `${sign} ${t(name)}`), " ", means),
      make("p", {}, make("strong", {}, t("web.call.ask", { ask }))),
      make("p", { class: "soft" }, t("web.call.source", { source })),
    );
  }

  prompt({ kind, text, buttons }) {
    const box = make("div", { class: "prompt" });
    box.append(make("p", { class: "text" }, kind === "choose" ? t("web.call.choose") : text));
    if (buttons.length) {
      const row = make("div", { class: "buttons" });
      for (const [label, action] of buttons)
        row.append(
          make(
            "button",
            {
              type: "button",
              on: (event) => {
                event.currentTarget.closest("fieldset").querySelector("button").focus();
                this.send({ action, label });
              },
            },
            label,
          ),
        );
      box.append(row);
    }
    return box;
  }
}

// Three columns that stay as they are: what is answered must not move to another place meanwhile.
function columns(steps, elements) {
  const most = Math.ceil(steps.flatMap((step) => step.items).length / 3);
  const lists = [];
  let room = 0;
  steps.forEach((step, at) => {
    room -= step.items.length;
    if (room < 0) {
      lists.push(make("ol", { class: "plain", start: at + 1 }));
      room = most - step.items.length;
    }
    lists.at(-1).append(elements[at]);
  });
  return lists;
}
