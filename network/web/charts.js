/* The report's pictures. Every colour is a class, so that they suit dark and light. */
import { make, makeSvg } from "./dom.js";
import { number, signed } from "./format.js";

const RULER = { least: -36, most: 0, width: 400, height: 72 };

/* A figure with a picture of its own; what it shows is said in words as well. */
function figure(caption, picture) {
  return make("figure", {}, make("figcaption", { textContent: caption }), picture);
}

const place = (lufs) => {
  const share = (Math.max(RULER.least, Math.min(RULER.most, lufs)) - RULER.least) / (RULER.most - RULER.least);
  return 10 + share * (RULER.width - 20);
};

function notch(lufs, named) {
  const x = place(lufs), line = makeSvg("line", { x1: x, x2: x, y1: 38, y2: 46, class: "grid" });
  return named ? [line, makeSvg("text", { x, y: 64, class: "dim middle" }, number(lufs, 0))] : [line];
}

function flag(lufs, text, className, above) {
  const x = place(lufs), y = above ? 14 : 66;
  const anchor = x > RULER.width - 110 ? "end" : x < 110 ? "start" : "middle";
  return [makeSvg("line", { x1: x, x2: x, y1: above ? 20 : 42, y2: above ? 42 : 52, class: `flag ${className}` }),
    makeSvg("text", { x, y, class: `${anchor} ${className}` }, text)];
}

/* Where the mix was, and where the master came to lie. */
export function loudnessRuler({ mix, achieved, requested }) {
  const parts = [makeSvg("line", { x1: 10, x2: RULER.width - 10, y1: 42, y2: 42, class: "grid" })];
  for (let lufs = RULER.least; lufs <= RULER.most; lufs += 6) parts.push(...notch(lufs, !(Math.abs(lufs - mix) < 6)));
  if (Number.isFinite(mix) && Number.isFinite(achieved))
    parts.push(makeSvg("line", { x1: place(mix), x2: place(achieved), y1: 42, y2: 42, class: "span" }));
  if (Number.isFinite(mix)) parts.push(...flag(mix, `mix ${number(mix)}`, "mix", false));
  if (Number.isFinite(achieved)) parts.push(...flag(achieved, `master ${number(achieved)}`, "master", true));
  const words = `Loudness: mix ${number(mix)} LUFS, master ${number(achieved)} LUFS` +
    (Number.isFinite(requested) ? `, asked for ${number(requested)} LUFS` : "");
  return figure("Loudness, LUFS", makeSvg("svg", { viewBox: `0 0 ${RULER.width} ${RULER.height}`, class: "ruler",
    role: "img", "aria-label": words }, ...parts));
}

function bar(gain, most) {
  const half = 100 * Math.min(1, Math.abs(gain) / most) / 2;
  return makeSvg("svg", { viewBox: "0 0 100 8", class: "gain", preserveAspectRatio: "none", "aria-hidden": "true" },
    makeSvg("line", { x1: 50, x2: 50, y1: 0, y2: 8, class: "grid" }),
    makeSvg("rect", { x: gain < 0 ? 50 - half : 50, y: 1.5, width: half, height: 5, class: gain < 0 ? "down" : "up" }));
}

/* Of a track's edits those that had something to do. */
function editsOf(track) {
  const done = (track.edits || []).filter((edit) => edit.applied || edit.clicks > 0 || edit.edit === "punch");
  return [...new Set(done.map((edit) => edit.edit))].join(", ");
}

function row(track, most) {
  const cell = (text) => make("td", { className: "figure", textContent: text });
  const edits = editsOf(track);
  return make("tr", {}, make("th", { scope: "row" }, track.name, edits ? make("span", { className: "edits", textContent: edits }) : null), cell(number(track.lufs)),
    cell(number(track.target_lufs)), cell(signed(track.gain_db)),
    make("td", { className: "gain-cell" }, bar(track.gain_db || 0, most)));
}

/* What each track was measured at and given. */
export function trackTable(tracks) {
  const most = Math.max(6, ...tracks.map((track) => Math.abs(track.gain_db || 0)));
  const heads = ["Track", "LUFS", "Target", "Gain, dB"].map((text) => make("th", { scope: "col", textContent: text }));
  return make("table", { className: "tracks-table" },
    make("caption", { textContent: "Tracks: measured, aimed at, and the gain that was given" }),
    make("thead", {}, make("tr", {}, ...heads, make("td"))),
    make("tbody", {}, ...tracks.map((track) => row(track, most))));
}

const PLACES = {
  mono: ["One loudspeaker", (t) => `${number(t.loss_lu)} LU lost`],
  phone: ["Phone", (t) => `voice ${signed(t.voice_change_lu)} LU`],
  car: ["Car", (t) => `${number(t.above_noise_percent, 0)} % above its noise`],
  earbuds: ["Earbuds", (t) => `${number(t.side_only_s)} s on one side only`],
};

/* How it sounds elsewhere. */
export function translationTable(translation) {
  const rows = Object.entries(PLACES).filter(([name]) => translation[name]).map(([name, [text, said]]) => {
    const { result } = translation[name];
    return make("tr", {}, make("th", { scope: "row", textContent: text }),
      make("td", { className: `verdict ${result}`, textContent: result === "pass" ? "✓ good" : "! look" }),
      make("td", { className: "quiet", textContent: said(translation[name]) }));
  });
  return make("table", { className: "translation" }, make("caption", { textContent: "How it translates" }),
    make("tbody", {}, ...rows));
}
