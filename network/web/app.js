"use strict";

const element = (id) => document.getElementById(id);
const make = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

let cursor = null;
let shown = "";

class SignedOut extends Error {}

async function ask(method, path, body) {
  const options = { method, credentials: "same-origin" };
  if (body !== undefined) options.body = JSON.stringify(body);
  const response = await fetch(path, options);
  if (response.status === 401 && path !== "/login") throw new SignedOut();
  const text = await response.text();
  const data = text ? JSON.parse(text) : {};
  if (!response.ok) throw new Error(data.detail || response.statusText);
  return data;
}

function show(signedIn) {
  element("login").hidden = signedIn;
  element("main").hidden = !signedIn;
}

async function attempt(action) {
  try {
    await action();
    element("message").textContent = "";
  } catch (error) {
    if (error instanceof SignedOut) show(false);
    else element("message").textContent = error.message;
  }
}

function length(seconds) {
  if (seconds === null) return "";
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

function takeItem(take) {
  const files = `/api/v1/takes/${take.id}/files/`;
  const started = new Date(take.started).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
  const facts = [started, length(take.seconds),
    take.lufs === null ? "" : `${take.lufs.toFixed(1)} LUFS`, take.state === "mastered" ? "" : take.state];
  const item = make("li", {}, make("div", {},
    make("div", { className: "title", textContent: take.title || take.session }),
    make("div", { className: "facts", textContent: facts.filter(Boolean).join(" · ") })));
  if (take.master) {
    const play = make("button", { type: "button", textContent: "Play" });
    play.addEventListener("click", () => {
      const audio = make("audio", { controls: true, src: files + take.master });
      play.replaceWith(audio);
      audio.play();
    });
    item.append(make("div", { className: "actions" }, play,
      make("a", { className: "master", href: files + take.master, download: `${take.id}-${take.master}`, textContent: "Master" })));
  }
  return item;
}

async function loadTakes(more) {
  const page = await ask("GET", "/api/v1/takes" + (more && cursor ? `?cursor=${cursor}` : ""));
  const text = JSON.stringify(page);
  if (!more && text === shown) return;
  if (!more) {
    shown = text;
    element("takes").replaceChildren();
  }
  element("takes").append(...page.takes.map(takeItem));
  cursor = page.cursor;
  element("more").hidden = cursor === null;
}

async function refresh() {
  const state = await ask("GET", "/api/v1/state");
  const recording = state.record === "recording";
  element("state").className = state.record;
  element("state").textContent = state.record + (state.session ? ` · ${state.session}` : "") +
    (state.rendering ? ` · rendering ${state.rendering}` : "");
  element("record").disabled = recording;
  element("stop").disabled = !recording;
  show(true);
  /* A list that somebody listens to stays as it is. */
  if (!document.querySelector("audio")) await loadTakes(false);
}

async function signIn(token) {
  await ask("POST", "/login", { token });
  element("token").value = "";
  await refresh();
}

/* An address that ends in #token=… signs in; the token does not stay in the address bar or the history. */
function tokenOfAddress() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) history.replaceState(null, "", location.pathname);
  return token;
}

async function start() {
  const token = tokenOfAddress();
  if (!token) return refresh();
  show(false);
  return signIn(token);
}

element("login").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(() => signIn(element("token").value.trim()));
});
addEventListener("hashchange", () => attempt(start));
element("record").addEventListener("click", () => attempt(async () => {
  await ask("POST", "/api/v1/record/start", {});
  await refresh();
}));
element("stop").addEventListener("click", () => attempt(async () => {
  await ask("POST", "/api/v1/record/stop", {});
  await refresh();
}));
element("more").addEventListener("click", () => attempt(() => loadTakes(true)));
setInterval(() => {
  if (!document.hidden && element("login").hidden) attempt(refresh);
}, 2000);
attempt(start);
