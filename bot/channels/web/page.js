// The page: signing in, two views, one language.

import { Call } from "./call.js";
import { Talk } from "./talk.js";
import { News, Sending, loadWords, post, speak, spoken, t } from "./wire.js";

const one = (id) => document.getElementById(id);
const views = ["enter", "talk", "call"];
let view = "";
let person = null;
let away = false;

const sending = new Sending({
  changed: (waiting) => talk.unsent(waiting),
  refused: (message, why) => {
    if (message.case) call.refused(message, why);
    else talk.refused(message, why);
  },
  signedOut: gone,
  trouble,
});
const news = new News({ arrived, signedOut: gone, trouble });
const talk = new Talk({ send: (message) => sending.send(message) });
const call = new Call({
  send: (message) => sending.send(message),
  toTalk: () => show("talk", { focus: true }),
});

function show(name, { focus = false } = {}) {
  if (name === view) return;
  view = name;
  for (const each of views) one(each).hidden = each !== name;
  document.body.dataset.view = name;
  const signedIn = name !== "enter";
  document.querySelector("nav").hidden = one("leave").hidden = one("who").hidden = !signedIn;
  for (const button of document.querySelectorAll("nav button")) {
    if (button.dataset.view === name) button.setAttribute("aria-current", "page");
    else button.removeAttribute("aria-current");
  }
  if (!signedIn) return;
  sessionStorage.setItem("view", name);
  if (news.call !== (name === "call")) {
    news.call = name === "call";
    if (person) news.again();
  }
  if (name === "talk") talk.opened();
  if (focus) one("main").focus({ preventScroll: true });
}

function notice(text) {
  if (one("notice").textContent !== text) one("notice").textContent = text;
}

function trouble(isAway) {
  if (isAway === away) return;
  away = isAway;
  document.body.classList.toggle("away", away);
  notice(t(away ? "web.offline" : "web.online"));
  if (!away) setTimeout(() => away || notice(""), 4000);
}

function arrived(found) {
  person = { ...person, name: found.name, language: found.language };
  if (found.language !== spoken()) useLanguage(found.language);
  one("who").textContent = t("web.signed_in", { name: found.name });
  talk.arrived(found);
  if (found.call) call.arrived(found);
}

function useLanguage(language) {
  speak(language);
  localStorage.setItem("language", spoken());
  const other = spoken() === "zh" ? "en" : "zh";
  one("language").textContent = other === "en" ? "English" : "中文";
  one("language").lang = other === "en" ? "en" : "zh-CN";
  if (person) one("who").textContent = t("web.signed_in", { name: person.name });
  talk.reworded();
  call.reworded();
}

async function begin() {
  sending.run();
  news.call = sessionStorage.getItem("view") === "call";
  show(news.call ? "call" : "talk");
  news.start();
}

function gone() {
  news.stop();
  sending.forget();
  person = null;
  talk.clear();
  call.clear();
  sessionStorage.clear();
  notice(t("web.gone"));
  show("enter");
  one("code").focus();
}

async function enter(event) {
  event.preventDefault();
  one("enter-bad").textContent = "";
  let answer;
  try {
    answer = await post("/enter", { code: one("code").value });
  } catch {
    return trouble(true);
  }
  const said = await answer.json().catch(() => ({}));
  if (!answer.ok) {
    one("enter-bad").textContent = t(said.why === "often" ? "web.enter.often" : "web.enter.bad");
    return one("code").focus();
  }
  one("code").value = "";
  sending.forget();
  trouble(false);
  person = said;
  useLanguage(said.language);
  const done = t("web.enter.done", { name: said.name });
  notice(done);
  setTimeout(() => one("notice").textContent === done && notice(""), 6000);
  await post("/open", {});
  await begin();
  one("main").focus();
}

async function leave() {
  try {
    await post("/leave", {});
  } catch {
    return trouble(true);
  }
  gone();
  notice("");
}

function switchLanguage() {
  const other = spoken() === "zh" ? "en" : "zh";
  if (person) sending.send({ text: `/lang ${other}`, label: other });
  else useLanguage(other);
}

async function start() {
  await loadWords();
  const liked = localStorage.getItem("language") || navigator.language.slice(0, 2);
  useLanguage(liked === "zh" ? "zh" : "en");
  one("enter-form").addEventListener("submit", enter);
  one("leave").addEventListener("click", leave);
  one("language").addEventListener("click", switchLanguage);
  for (const button of document.querySelectorAll("nav button"))
    button.addEventListener("click", () => show(button.dataset.view));
  addEventListener("offline", () => trouble(true));

  addEventListener("hashchange", invited);
  if (invited()) return;
  const answer = await reached(() => post("/open", {}));
  if (!answer.ok) return show("enter");
  person = await answer.json();
  useLanguage(person.language);
  await begin();
}

// Opened by a link. The code never leaves the browser before the button is pressed, nor does it
// stay in its history.
function invited() {
  const code = decodeURIComponent(location.hash.slice(1));
  if (!/^[A-Za-z0-9-]{10,14}$/.test(code)) return false;
  history.replaceState(null, "", "/");
  news.stop();
  one("code").value = code;
  show("enter");
  document.querySelector("#enter-form button").focus();
  return true;
}

async function reached(ask) {
  for (;;) {
    try {
      const answer = await ask();
      trouble(false);
      if (answer.ok || answer.status === 401) return answer;
    } catch {
      trouble(true);
    }
    await new Promise((done) => setTimeout(done, 1000));
  }
}

start();
