/* The tracks of the take that is heard: a waveform each, solo and mute. */
import { button, find, make } from "./dom.js";
import { loadPeaks, peaksOf } from "./peaks.js";
import { drawWave, slideOn } from "./wave.js";

let rows = [];
let changed = () => {};

function toggle(text, title, name, row) {
  const made = button(text, () => {
    row[name] = !row[name];
    made.setAttribute("aria-pressed", row[name]);
    changed();
  }, { className: `toggle ${name}`, "aria-pressed": "false", "aria-label": `${title} ${row.track.name}` });
  return made;
}

function makeRow(take, track, seek, time) {
  const row = { track, solo: false, mute: false, peaks: null };
  row.canvas = make("canvas", { className: "wave small", "aria-hidden": "true" });
  slideOn(row.canvas, time, seek);
  row.element = make("li", { className: "strip" }, make("span", { className: "strip-name", textContent: track.name }),
    toggle("S", "Solo", "solo", row), toggle("M", "Mute", "mute", row), row.canvas);
  loadPeaks(take.id, peaksOf(take, track)).then((peaks) => {
    row.peaks = peaks;
    changed();
  });
  return row;
}

/* `onChange` when what is to be heard, or what is to be drawn, is another. */
export function showMixer(take, { seek, time, onChange }) {
  changed = onChange;
  rows = take.tracks.map((track) => makeRow(take, track, seek, time));
  find("mixer-list").replaceChildren(...rows.map((row) => row.element));
}

export const mixerPeaks = () => rows.map((row) => row.peaks).filter(Boolean);

export function audible(index) {
  const solo = rows.some((row) => row.solo);
  return !rows[index].mute && (!solo || rows[index].solo);
}

export function drawMixer(at, seconds) {
  rows.forEach((row, index) => {
    row.element.classList.toggle("silent", !audible(index));
    drawWave(row.canvas, { peaks: row.peaks, seconds, at });
  });
}
