/* One take of the list: what it is in a line, and all that can be done with it when it is opened. */
import { filePath } from "./api.js";
import { button, make, newId, setText } from "./dom.js";
import { date, length, loudness, nameOf } from "./format.js";
import { isPlaying, pausePlayer, playTake } from "./player.js";
import { attempt } from "./say.js";
import { makePanel } from "./panel.js";

const STATES = {
  recording: "being recorded", recorded: "not mixed yet", rendering: "being mixed", failed: "failed",
};

function facts(entry) {
  return [date(entry.started), entry.state === "recording" ? "" : length(entry.seconds), loudness(entry.lufs)]
    .filter(Boolean).join(" · ");
}

function badges(entry) {
  const words = [];
  if (STATES[entry.state]) words.push([STATES[entry.state], entry.state]);
  if (entry.keep) words.push(["kept", "kept"]);
  if (entry.recovered) words.push(["recovered", "recovered"]);
  return words.map(([text, kind]) => make("span", { className: `badge ${kind}`, textContent: text }));
}

/* `on.removed(id)`. Gives { element, update(entry), reload(), showHeard() }. */
export function makeTake(entry, on) {
  const title = make("span", { className: "title", id: newId("title") });
  const toggle = button("", () => open(body.hidden), { className: "plain toggle-take", "aria-expanded": "false" });
  toggle.append(make("span", { className: "chevron", "aria-hidden": "true" }), title);
  const line = make("p", { className: "facts quiet" });
  const play = button("Play", () => (isPlaying(entry.id) ? pausePlayer() : attempt(() => playTake(entry))),
    { className: "play", "aria-describedby": title.id });
  const master = make("a", { className: "button master", textContent: "Master", download: "", "aria-describedby": title.id });
  const body = make("div", { className: "take-body", id: newId("take"), hidden: true });
  toggle.setAttribute("aria-controls", body.id);
  const element = make("li", { className: "card take" },
    make("div", { className: "take-head" }, make("div", { className: "take-what" }, make("h3", {}, toggle), line),
      make("div", { className: "take-actions" }, play, master)), body);
  let panel = null, shown = "";

  function open(wanted) {
    body.hidden = !wanted;
    toggle.setAttribute("aria-expanded", wanted);
    panel = wanted ? makePanel(entry, { removed: on.removed, changed }) : null;
    body.replaceChildren(...(panel ? [panel.element] : []));
  }

  function changed(fresh) {
    update({ ...entry, ...fresh });
    reload();
  }

  /* What is opened tells more than the line does, so the line may be as it was. */
  function reload() {
    panel?.update(entry);
  }

  function showHeard() {
    setText(play, isPlaying(entry.id) ? "Pause" : "Play");
  }

  function update(fresh) {
    const text = JSON.stringify(fresh);
    if (text === shown) return;
    shown = text;
    entry = fresh;
    setText(title, nameOf(entry));
    line.replaceChildren(facts(entry), ...badges(entry));
    play.hidden = entry.state === "recording" || !entry.seconds;
    master.hidden = !entry.master;
    if (entry.master) master.href = filePath(entry.id, entry.master);
    element.classList.toggle("running", entry.state === "recording");
    showHeard();
  }

  update(entry);
  return { element, update, reload, showHeard };
}
