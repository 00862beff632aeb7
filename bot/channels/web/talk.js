// The conversation: who said what, in order; buttons, free text, files.

import { t } from "./wire.js";

const one = (id) => document.getElementById(id);
const MOST_FILE = 50 * 1024 * 1024;

export function make(tag, given = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) {
    if (name === "on") element.addEventListener("click", value);
    else if (value !== undefined && value !== false) element.setAttribute(name, value);
  }
  element.append(...children);
  return element;
}

// Plain text with **bold** and addresses; never HTML.
export function rich(text) {
  const pieces = [];
  for (const piece of text.split(/(🔴|\*\*[^*\n]+\*\*|https?:\/\/[^\s<>“”"'，。；）〕]+)/)) {
    if (/^\*\*.+\*\*$/.test(piece)) pieces.push(make("strong", {}, piece.slice(2, -2)));
    else if (/^https?:\/\//.test(piece))
      pieces.push(
        make("a", { href: piece, target: "_blank", rel: "noopener noreferrer" }, piece),
      );
    else if (piece === "🔴") pieces.push(make("strong", { class: "flag" }, `⚑ ${t("web.call.red")}`));
    else pieces.push(piece);
  }
  return pieces;
}

function clock(at) {
  const time = new Date(at);
  const text = time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", hour12: false });
  const sameDay = time.toDateString() === new Date().toDateString();
  const day = sameDay ? "" : `${time.toLocaleDateString([], { month: "numeric", day: "numeric" })} `;
  return make("time", { datetime: at }, day + text);
}

export class Talk {
  constructor({ send }) {
    this.send = send;
    this.files = [];
    this.labels = new Map(); // what was pressed, until the server has said it back
    this.shown = new Set();
    this.asked = 0;
    one("compose").addEventListener("submit", (event) => this.submit(event));
    one("text").addEventListener("keydown", (event) => this.typed(event));
    one("text").addEventListener("input", () => this.grow());
    one("pick").addEventListener("change", (event) => {
      this.add(event.target.files);
      event.target.value = "";
    });
    document.addEventListener("keydown", (event) => this.number(event));
    const talk = one("talk");
    talk.addEventListener("dragover", (event) => {
      event.preventDefault();
      talk.classList.add("dropping");
    });
    talk.addEventListener("dragleave", (event) => {
      if (!talk.contains(event.relatedTarget)) talk.classList.remove("dropping");
    });
    talk.addEventListener("drop", (event) => {
      event.preventDefault();
      talk.classList.remove("dropping");
      this.add(event.dataTransfer.files);
    });
    one("text").addEventListener("paste", (event) => {
      if (event.clipboardData.files.length) this.add(event.clipboardData.files);
    });
  }

  clear() {
    for (const id of ["log", "unsent", "files", "progress"]) one(id).replaceChildren();
    this.shown.clear();
    this.labels.clear();
    this.files = [];
    one("text").value = "";
  }

  opened() {
    this.toEnd();
  }

  toEnd() {
    one("scroll").scrollTop = one("scroll").scrollHeight;
  }

  arrived(news) {
    const scroll = one("scroll");
    const atEnd = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < 80;
    this.asked = news.asked;
    for (const line of news.lines) {
      if (this.shown.has(line.id)) continue;
      this.shown.add(line.id);
      if (line.mine) document.getElementById(`unsent-${line.message}`)?.remove();
      one("log").append(line.mine ? this.own(line) : this.theirs(line));
    }
    if (one("progress").textContent !== news.progress) one("progress").textContent = news.progress;
    this.settle();
    if (atEnd) this.toEnd();
  }

  bubble(who, given, ...children) {
    return make("article", given, make("p", { class: "by" }, ...who), ...children);
  }

  own(line) {
    const files = line.files.map((name) =>
      make("p", { class: "file" }, t("web.file", { name })),
    );
    const text = line.text ? [make("p", { class: "text" }, line.text)] : [];
    const who = [make("strong", { "data-t": "web.me" }, t("web.me")), " ", clock(line.at)];
    return this.bubble(who, { class: "line mine" }, ...text, ...files);
  }

  theirs(line) {
    const who = [make("strong", {}, "smsvet"), " ", clock(line.at)];
    const article = this.bubble(who, { class: "line theirs" });
    if (line.text) article.append(make("p", { class: "text" }, ...rich(line.text)));
    if (line.file) {
      const at = `/file/${line.reply}`;
      article.append(
        make(
          "p",
          { class: "file" },
          make("a", { href: at, target: "_blank" }, t("web.report", { name: line.file })),
          " · ",
          make("a", { href: `${at}?save=1`, download: line.file }, t("web.report.save")),
        ),
      );
    }
    if (line.buttons.length) article.append(this.buttons(line));
    return article;
  }

  buttons(line) {
    const group = make("div", {
      class: "buttons",
      role: "group",
      "aria-label": t("web.choices"),
      "data-keys": line.keys ? "1" : undefined,
    });
    line.buttons.forEach(([label, token], index) => {
      const keyed = line.keys && index < 9;
      const key = make("kbd", { "aria-hidden": "true" }, `${index + 1}`);
      const given = { type: "button", "data-token": token, "data-label-text": label };
      if (keyed) given["aria-keyshortcuts"] = `${index + 1}`;
      const button = make("button", given, ...(keyed ? [key] : []), label);
      button.addEventListener("click", () => this.press(button));
      group.append(button);
    });
    return group;
  }

  press(button) {
    if (button.getAttribute("aria-disabled") === "true") return;
    const { token, labelText } = button.dataset;
    button.classList.add("pressed");
    const isCommand = token.startsWith("0:");
    for (const each of isCommand ? [button] : button.parentElement.children) disable(each);
    if (isCommand) setTimeout(() => enable(button), 1500);
    this.labels.set(token, labelText);
    this.send({ action: token, label: labelText });
    this.toEnd();
  }

  // Only the question that waits can be answered by button; the keyboard passes the others by.
  settle() {
    const groups = [...one("log").querySelectorAll(".buttons")];
    for (const group of groups)
      for (const button of group.children) {
        const [asked] = button.dataset.token.split(":");
        const isCommand = asked === "0";
        const live = isCommand || Number(asked) === this.asked;
        if (!live) disable(button);
        else if (!button.classList.contains("pressed")) enable(button);
      }
    for (const group of groups) group.classList.toggle("newest", group === groups.at(-1));
  }

  number(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    if (one("talk").hidden || !/^[1-9]$/.test(event.key)) return;
    const at = document.activeElement;
    if (at !== one("text") && /^(INPUT|TEXTAREA|SELECT)$/.test(at?.tagName ?? "")) return;
    if (one("text").value || this.files.length) return;
    const group = [...one("log").querySelectorAll(".buttons[data-keys].newest")].at(-1);
    const button = group?.children[Number(event.key) - 1];
    if (!button || button.getAttribute("aria-disabled") === "true") return;
    event.preventDefault();
    this.press(button);
  }

  typed(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.submit(event);
  }

  grow() {
    const text = one("text");
    text.style.height = "auto";
    text.style.height = `${Math.min(text.scrollHeight + 2, 160)}px`;
  }

  submit(event) {
    event.preventDefault();
    const text = one("text").value.trim();
    if (!text && !this.files.length) return one("text").focus();
    const [first, ...more] = this.files;
    this.send(first ? { text, file: first } : { text });
    for (const file of more) this.send({ file });
    this.files = [];
    this.chosen();
    one("text").value = "";
    this.grow();
    one("text").focus();
    this.toEnd();
  }

  add(files) {
    for (const file of files) {
      if (file.size > MOST_FILE) this.problem(t("web.large"));
      else this.files.push(file);
    }
    this.chosen();
    one("text").focus();
  }

  chosen() {
    const chips = this.files.map((file, index) =>
      make(
        "p",
        { class: "chip" },
        file.name,
        " ",
        make(
          "button",
          {
            type: "button",
            "aria-label": t("web.detach", { name: file.name }),
            on: () => {
              this.files.splice(index, 1);
              this.chosen();
              one("text").focus();
            },
          },
          "✕",
        ),
      ),
    );
    one("files").replaceChildren(...chips);
  }

  // What the server has not confirmed yet, after everything it has.
  unsent(waiting) {
    for (const message of waiting) {
      if (document.getElementById(`unsent-${message.id}`) || message.case) continue;
      const text = message.label || message.text;
      const parts = text ? [make("p", { class: "text" }, text)] : [];
      if (message.file)
        parts.push(make("p", { class: "file" }, t("web.file", { name: message.file.name })));
      const who = [make("strong", {}, t("web.me")), " ", t("web.sending")];
      one("unsent").append(
        this.bubble(who, { class: "line mine unsent", id: `unsent-${message.id}` }, ...parts),
      );
    }
  }

  refused(message, why) {
    const bubble = document.getElementById(`unsent-${message.id}`);
    const said = why === "large" ? t("web.large") : t("web.failed");
    bubble?.querySelector(".by").replaceChildren(make("strong", {}, t("web.me")), " ", said);
    bubble?.classList.add("refused");
    this.problem(said);
  }

  problem(text) {
    one("notice").textContent = text;
  }

  reworded() {
    this.chosen();
  }
}

function disable(button) {
  button.setAttribute("aria-disabled", "true");
  button.tabIndex = -1;
}

function enable(button) {
  button.removeAttribute("aria-disabled");
  button.removeAttribute("tabindex");
}
