/* The desk: what the recorder does now, and what it can be told. */
import { get, post, recorderNow } from "./api.js";
import { find, make, setText } from "./dom.js";
import { hours, length } from "./format.js";
import { announce, attempt } from "./say.js";

const WORDS = {
  idle: "Ready", armed: "Listening", recording: "Recording", finalizing: "Closing the take",
};

let state = null;

function tick() {
  const since = state && state.record === "recording" ? Date.parse(state.since) : NaN;
  setText(find("clock"), Number.isFinite(since) ? length((recorderNow() - since) / 1000) : "");
}

export function showState(fresh) {
  state = fresh;
  const recording = state.record === "recording";
  const element = find("state");
  element.dataset.record = state.record;
  setText(element, WORDS[state.record] || state.record);
  document.title = recording ? "● Woodshed" : "Woodshed";
  find("record").disabled = recording || state.record === "finalizing";
  find("stop").disabled = !recording;
  find("save").hidden = recording || state.record === "finalizing";
  find("marker").hidden = !recording;
  showSession(state.session);
  tick();
}

/* ---- health ---- */

export function showHealth(health) {
  const list = find("alerts");
  const said = [...list.children].map((item) => item.textContent);
  if (JSON.stringify(said) !== JSON.stringify(health.alerts))
    list.replaceChildren(...health.alerts.map((text) => make("li", { textContent: text })));
  const facts = [];
  if (health.disk.hours_left !== null) facts.push(`Room for ${hours(health.disk.hours_left)} more`);
  if (health.xruns > 0) facts.push(`${health.xruns} ${health.xruns === 1 ? "gap" : "gaps"} since the start`);
  if (!health.realtime) facts.push("not in real time");
  setText(find("room-left"), facts.join(" · "));
}

/* ---- sessions ---- */

function showSession(name) {
  const select = find("session");
  if (!name || document.activeElement === select) return;
  if (![...select.options].some((option) => option.value === name))
    select.append(make("option", { value: name, textContent: name }));
  select.value = name;
}

export async function loadSessions() {
  const { sessions, session } = await get("/sessions");
  const select = find("session");
  const names = sessions.includes(session) || !session ? sessions : [session, ...sessions];
  select.replaceChildren(...names.map((name) => make("option", { value: name, textContent: name })));
  showSession(session);
  return names;
}

export const sessionNames = () => [...find("session").options].map((option) => option.value);

async function useSession() {
  const select = find("session");
  const chosen = select.value;
  const done = await attempt(() => post("/session", { session: chosen }));
  if (done) announce(`Session ${chosen}`);
  else if (state) select.value = state.session;
}

/* The moment after the moment: what was played before anyone thought of recording. */
async function save() {
  const done = await attempt(() => post("/record/save"));
  if (done) announce("What was just played is saved as a take");
}

async function addMarker(event) {
  event.preventDefault();
  const input = find("marker-label");
  const label = input.value.trim() || "here";
  if (await attempt(() => post("/marker", { label }))) {
    input.value = "";
    announce(`Marker ${label} is set`);
  }
}

/* What the server says of its state comes by itself; a button must not be pressed twice until then. */
function onClick(id, path) {
  find(id).addEventListener("click", async () => {
    find(id).disabled = true;
    if (!await attempt(() => post(path)) && state) showState(state);
  });
}

export function startDesk() {
  onClick("record", "/record/start");
  onClick("stop", "/record/stop");
  find("save").addEventListener("click", save);
  find("marker").addEventListener("submit", addMarker);
  find("session").addEventListener("change", useSession);
  setInterval(tick, 500);
}
