// The line to the server: words, requests, what is to be sent, and news.

let words = {};
let language = "zh";

export async function loadWords() {
  words = await (await fetch("/page/words.json")).json();
}

export function speak(wanted) {
  language = wanted in words ? wanted : "zh";
  document.documentElement.lang = language === "en" ? "en" : "zh-CN";
  document.title = t("web.title");
  for (const one of document.querySelectorAll("[data-t]")) one.textContent = t(one.dataset.t);
  for (const one of document.querySelectorAll("[data-label]"))
    one.setAttribute("aria-label", t(one.dataset.label));
  for (const one of document.querySelectorAll("[data-hint]")) one.placeholder = t(one.dataset.hint);
}

export const spoken = () => language;

export function t(key, parts = {}) {
  return words[language][key].replace(/\{(\w+)\}/g, (_, name) => parts[name] ?? "");
}

export const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// An id of our own makes a repeated request harmless. crypto.randomUUID needs HTTPS.
export function fresh() {
  const octets = crypto.getRandomValues(new Uint8Array(16));
  return [...octets].map((octet) => octet.toString(16).padStart(2, "0")).join("");
}

export function post(path, given, headers = {}) {
  const isFile = given instanceof Blob;
  return fetch(path, {
    method: "POST",
    headers: { "X-Smsvet": "1", ...headers },
    body: isFile ? given : JSON.stringify(given),
  });
}

const FIRST_MS = 500;
const LONGEST_MS = 5000;
const AGAIN = new Set([408, 429]);

// Messages on their way: one after the other, each until the server has it. Those without a file
// survive a reload of the page.
export class Sending {
  constructor({ changed, refused, signedOut, trouble }) {
    Object.assign(this, { changed, refused, signedOut, trouble });
    this.waiting = JSON.parse(sessionStorage.getItem("waiting") || "[]");
    this.busy = false;
  }

  send(message) {
    const whole = { id: fresh(), text: "", action: "", ...message };
    this.waiting.push(whole);
    this.keep();
    this.changed(this.waiting);
    this.run();
    return whole.id;
  }

  forget() {
    this.waiting = [];
    this.keep();
    this.changed(this.waiting);
  }

  keep() {
    const plain = this.waiting.filter((message) => !message.file);
    sessionStorage.setItem("waiting", JSON.stringify(plain));
  }

  async run() {
    if (this.busy) return;
    this.busy = true;
    let ms = FIRST_MS;
    while (this.waiting.length) {
      const message = this.waiting[0];
      const outcome = await this.attempt(message);
      if (outcome === "out") break;
      if (outcome === "again") {
        this.trouble(true);
        await pause(ms);
        ms = Math.min(LONGEST_MS, 2 * ms);
        continue;
      }
      ms = FIRST_MS;
      this.waiting = this.waiting.filter((one) => one !== message);
      this.keep();
      if (outcome !== "kept") this.refused(message, outcome);
      this.changed(this.waiting);
    }
    this.busy = false;
  }

  // "kept", "again", "out", or why the server will never take it.
  async attempt(message) {
    try {
      const answer = await this.request(message);
      if (answer.ok) return "kept";
      if (answer.status === 401) {
        this.signedOut();
        return "out";
      }
      if (AGAIN.has(answer.status) || answer.status >= 500) return "again";
      return (await answer.json().catch(() => ({}))).why || `${answer.status}`;
    } catch {
      return message.file && message.file.size === 0 ? "empty" : "again";
    }
  }

  request(message) {
    if (!message.file) {
      const { label, ...given } = message;
      return post("/say", given);
    }
    return post("/upload", message.file, {
      "X-Id": message.id,
      "X-Name": encodeURIComponent(message.file.name),
      "X-Text": encodeURIComponent(message.text),
    });
  }
}

// News, as long as somebody is signed in. The server answers as soon as there is anything.
export class News {
  constructor({ arrived, signedOut, trouble }) {
    Object.assign(this, { arrived, signedOut, trouble });
    this.run_ = 0;
    this.call = false;
  }

  start() {
    this.after = "0.0";
    this.shown = [];
    this.state = "";
    this.again();
  }

  stop() {
    this.run_ += 1;
    this.asking?.abort();
  }

  // Ask afresh: something else is wanted now.
  again() {
    this.stop();
    this.follow(this.run_);
  }

  async follow(run) {
    let ms = FIRST_MS;
    while (run === this.run_) {
      const news = await this.ask();
      if (run !== this.run_) return;
      if (news === "out") return this.signedOut();
      if (news) {
        ms = FIRST_MS;
        this.trouble(false);
        this.take(news);
        continue;
      }
      this.trouble(true);
      await pause(ms);
      ms = Math.min(LONGEST_MS, 2 * ms);
    }
  }

  take(news) {
    this.arrived(news);
    this.after = news.after;
    this.state = news.state;
    this.shown = news.lines.filter((line) => line.waiting).map((line) => line.reply);
  }

  async ask() {
    const asked = new URLSearchParams({ after: this.after, state: this.state });
    if (this.shown.length) asked.set("shown", this.shown.join(","));
    if (this.call) asked.set("call", "1");
    this.asking = new AbortController();
    try {
      const answer = await fetch(`/news?${asked}`, { signal: this.asking.signal });
      if (answer.status === 401) return "out";
      return answer.ok ? await answer.json() : null;
    } catch {
      return null;
    }
  }
}
