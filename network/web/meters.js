/* A meter a channel: a bar for the eyes, a figure for everyone, and a light that stays when a sample clipped. */
import { find, make, setText } from "./dom.js";
import { number } from "./format.js";

const FLOOR_DB = -60;
const HOLD_TICKS = 8, FALL_DB = 3; /* five times a second */

const meters = new Map(); /* "xr18/1" */
let labels = new Map(); /* the same, to a track's name */
let layout = "";

const share = (db) => Math.max(0, Math.min(1, (db - FLOOR_DB) / -FLOOR_DB));

function makeMeter(input, channel) {
  const bar = make("span", { className: "bar" });
  const rms = make("span", { className: "bar rms" });
  const mark = make("span", { className: "mark" });
  const track = make("div", { className: "scale", role: "meter", "aria-valuemin": FLOOR_DB, "aria-valuemax": 0,
    "aria-valuenow": FLOOR_DB }, bar, rms, mark);
  const name = make("span", { className: "meter-name" });
  const value = make("span", { className: "meter-value", "aria-hidden": "true" });
  const clip = make("span", { className: "clip", role: "img", "aria-label": "no clipping" });
  const row = make("li", { className: "meter" }, name, track, value, clip);
  const meter = { input, channel, row, bar, rms, mark, track, name, value, clip, held: FLOOR_DB, age: 0 };
  nameMeter(meter);
  return meter;
}

function nameMeter(meter) {
  const label = labels.get(meter.input);
  meter.name.replaceChildren(make("span", { className: "meter-number", textContent: meter.channel }), label || "");
  meter.track.setAttribute("aria-label", `${meter.input}${label ? ` ${label}` : ""}`);
}

function showMeter(meter, level) {
  const peak = level.peak ?? -Infinity, rms = level.rms ?? -Infinity;
  if (peak >= meter.held) meter.age = 0;
  meter.held = peak >= meter.held ? peak : ++meter.age > HOLD_TICKS ? Math.max(peak, meter.held - FALL_DB) : meter.held;
  meter.bar.style.transform = `scaleX(${share(peak)})`;
  meter.rms.style.transform = `scaleX(${share(rms)})`;
  meter.mark.hidden = meter.held <= FLOOR_DB;
  meter.mark.style.transform = `translateX(${share(meter.held) * 100}%)`;
  meter.bar.classList.toggle("hot", peak > -6);
  const text = meter.held > FLOOR_DB ? number(meter.held, 0) : "–";
  setText(meter.value, text);
  meter.track.setAttribute("aria-valuenow", Math.round(Math.max(FLOOR_DB, Math.min(0, meter.held))));
  meter.track.setAttribute("aria-valuetext", meter.held > FLOOR_DB ? `${text} dB` : "silence");
  const clipped = level.clipped > 0;
  if (clipped !== meter.clip.classList.contains("lit")) {
    meter.clip.classList.toggle("lit", clipped);
    meter.clip.textContent = clipped ? "clip" : "";
    meter.clip.setAttribute("aria-label", clipped ? "clipped" : "no clipping");
  }
}

function lay(interfaces) {
  meters.clear();
  const groups = interfaces.map((one) => {
    const rows = one.channels.map((_, index) => {
      const meter = makeMeter(`${one.name}/${index + 1}`, index + 1);
      meters.set(meter.input, meter);
      return meter.row;
    });
    return make("section", { className: "interface", "aria-label": one.name },
      make("h3", { textContent: one.name }), make("ul", { className: "meter-list" }, ...rows));
  });
  find("meters").replaceChildren(...groups);
  find("meters-none").hidden = groups.length > 0;
}

export function showLevels({ interfaces }) {
  const wanted = JSON.stringify(interfaces.map((one) => [one.name, one.channels.length]));
  if (wanted !== layout) {
    layout = wanted;
    lay(interfaces);
  }
  for (const one of interfaces)
    one.channels.forEach((level, index) => showMeter(meters.get(`${one.name}/${index + 1}`), level));
}

/* Channels go by the names of the tracks that a take made of them. */
export function nameChannels(take) {
  labels = new Map();
  for (const track of take.tracks)
    track.inputs.forEach((input) => labels.set(input, track.name));
  for (const meter of meters.values()) nameMeter(meter);
}

/* On a phone many channels are in the way of the takes; whoever folds them up wants that next time too. */
export function startMeters() {
  const levels = find("levels"), key = "woodshed-levels";
  levels.open = localStorage.getItem(key) !== "closed";
  levels.addEventListener("toggle", () => localStorage.setItem(key, levels.open ? "open" : "closed"));
}

/* Nobody knows what is heard while the recorder is away. */
export function clearLevels() {
  for (const meter of meters.values()) {
    meter.held = FLOOR_DB;
    showMeter(meter, { peak: null, rms: null, clipped: 0 });
  }
}
