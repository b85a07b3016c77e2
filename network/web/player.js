/* The player at the foot of the page: a take's master, its mix, or all its tracks, and where it is in them. */
import { filePath, getFile, getTake } from "./api.js";
import { find, make, setText } from "./dom.js";
import { length, lengthSpoken, nameOf } from "./format.js";
import { Media } from "./media.js";
import { audible, drawMixer, mixerPeaks, showMixer } from "./mixer.js";
import { loadPeaks } from "./peaks.js";
import { attempt } from "./say.js";
import { Stems } from "./stems.js";
import { drawWave, mergePeaks, slideOn } from "./wave.js";

const SOURCES = { master: "Master", mix: "Mix", tracks: "Tracks" };
const DRAW_MS = 40; /* many tracks are much to draw, and nobody sees more */
const ICONS = { play: "▶", pause: "❚❚" };

/* entry: the list's; take: the manifest; offset: seconds of the take before the mix begins. */
let now = null;
let frame = null, drawn = 0;
let onChange = () => {};

/* ---- what is shown ---- */

const shift = () => (now.source === "tracks" ? 0 : now.offset);
const time = () => ({ at: now?.engine?.at || 0, seconds: now?.engine?.seconds || now?.entry.seconds || 0 });

function markersHere() {
  if (!now.take) return [];
  return now.take.markers.map((marker) => marker.frame / now.take.rate - shift()).filter((at) => at >= 0);
}

function peaksHere() {
  if (now.source !== "tracks") return now.peaks[now.source];
  const all = mixerPeaks();
  if (all.length > 0 && now.merged?.of !== all.length) now.merged = { of: all.length, peaks: mergePeaks(all) };
  return now.merged?.peaks;
}

function draw() {
  if (!now) return;
  const { at, seconds } = time(), wave = find("wave");
  setText(find("player-time"), `${length(at)} / ${length(seconds)}${now.engine?.waiting ? " · loading" : ""}`);
  wave.setAttribute("aria-valuemax", Math.round(seconds));
  wave.setAttribute("aria-valuenow", Math.round(at));
  wave.setAttribute("aria-valuetext", `${lengthSpoken(at)} of ${lengthSpoken(seconds)}`);
  drawWave(wave, { peaks: peaksHere(), seconds, at, markers: markersHere() });
  if (now.source === "tracks") drawMixer(at, seconds);
}

function animate(time = 0) {
  if (time - drawn >= DRAW_MS) {
    drawn = time;
    draw();
  }
  frame = now?.engine?.playing ? requestAnimationFrame(animate) : null;
}

function show() {
  if (!now) return;
  const playing = Boolean(now.engine?.playing), toggle = find("player-toggle");
  setText(toggle, playing ? ICONS.pause : ICONS.play);
  toggle.setAttribute("aria-label", playing ? "Pause" : "Resume");
  draw();
  if (playing && frame === null) animate();
  onChange();
}

function showSources() {
  const files = (now.take?.renders || []).map((render) => render.file);
  const offered = { master: Boolean(now.entry.master), mix: files.includes("mix.flac"), tracks: Boolean(now.take) };
  const field = find("player-source");
  const focused = field.contains(document.activeElement);
  const choices = Object.entries(SOURCES).filter(([name]) => offered[name]).map(([name, text]) => {
    const input = make("input", { type: "radio", name: "source", value: name, checked: name === now.source });
    input.addEventListener("change", () => attempt(() => useSource(name, true)));
    return make("label", {}, input, make("span", { textContent: text }));
  });
  field.replaceChildren(field.querySelector("legend"), ...choices);
  if (focused) field.querySelector("input:checked")?.focus();
}

/* ---- what is heard ---- */

const reactions = {
  change: show,
  ended: show,
  failed: (error) => {
    attempt(() => { throw error; });
    show();
  },
};

function hear() {
  if (now?.engine instanceof Stems) now.engine.hear(audible);
  draw();
}

/* Tracks begin with what automatic balance gave them. */
function balanced(tracks, report) {
  return tracks.map((track) => {
    const said = report?.tracks?.find((one) => one.name === track.name);
    return { ...track, gain_db: said?.gain_db ?? 0, pan: Math.max(-1, Math.min(1, (said?.pan ?? 0) / 100)) };
  });
}

function makeEngine(name) {
  if (name !== "tracks")
    return new Media(find("audio"), filePath(now.entry.id, name === "mix" ? "mix.flac" : now.entry.master), reactions);
  showMixer(now.take, { seek: seekTo, time, onChange: hear });
  return new Stems(now.take, balanced(now.take.tracks, now.report), reactions);
}

/* From the same moment of the music as before. */
async function useSource(name, play) {
  const moment = now.engine ? now.engine.at + shift() : null;
  now.engine?.destroy();
  now.source = name;
  now.engine = makeEngine(name);
  find("mixer").hidden = name !== "tracks";
  showSources();
  if (moment !== null) now.engine.seek(Math.max(0, moment - shift()));
  if (play) now.engine.play();
  show();
  await loadWave();
}

async function loadWave() {
  const { source, entry, peaks } = now;
  if (source === "tracks" || source in peaks) return;
  peaks[source] = await loadPeaks(entry.id, `peaks/${source}.json`);
  draw();
}

function seekTo(seconds) {
  now?.engine?.seek(seconds);
  draw();
}

async function learn(here) {
  const [take, report] = await Promise.all([getTake(here.entry.id), getFile(here.entry.id, "report.json")]);
  if (now !== here) return;
  here.take = take;
  here.report = report;
  here.offset = (report?.edit?.first_frame || 0) / take.rate;
  showSources();
  draw();
}

function tellSystem(entry) {
  if (!("mediaSession" in navigator)) return;
  const session = navigator.mediaSession;
  session.metadata = new MediaMetadata({ title: nameOf(entry), artist: entry.artist || "", album: "Woodshed" });
  session.setActionHandler("play", () => now?.engine?.play());
  session.setActionHandler("pause", () => now?.engine?.pause());
  session.setActionHandler("seekto", (details) => seekTo(details.seekTime));
}

/* ---- for the rest of the page ---- */

export async function playTake(entry, from) {
  if (now?.entry.id === entry.id && now.engine) {
    if (from !== undefined) seekTo(Math.max(0, from - shift()));
    now.engine.play();
    return;
  }
  closePlayer();
  const here = { entry, opener: document.activeElement, take: null, report: null, offset: 0, peaks: {}, source: null, engine: null };
  now = here;
  find("player").hidden = false;
  document.body.classList.add("with-player");
  setText(find("player-title"), nameOf(entry));
  tellSystem(entry);
  if (entry.master) await useSource("master", true);
  await learn(here);
  if (now !== here) return;
  if (!here.engine) await useSource(here.take.renders.some((r) => r.file === "mix.flac") ? "mix" : "tracks", true);
  if (from !== undefined) seekTo(Math.max(0, from - shift()));
}

export function pausePlayer() {
  now?.engine?.pause();
}

export const isPlaying = (id) => Boolean(now && now.entry.id === id && now.engine?.playing);

export function closePlayer() {
  now?.engine?.destroy();
  now = null;
  if (frame !== null) cancelAnimationFrame(frame);
  frame = null;
  find("player").hidden = true;
  find("mixer").hidden = true;
  document.body.classList.remove("with-player");
  onChange();
}

export function closePlayerOf(id) {
  if (now?.entry.id === id) closePlayer();
}

/* `change`: another take is heard, or none. */
export function startPlayer(change) {
  onChange = change;
  find("player-toggle").addEventListener("click", () => (now?.engine?.playing ? now.engine.pause() : now?.engine?.play()));
  find("player-close").addEventListener("click", () => {
    const opener = now?.opener;
    closePlayer();
    opener?.focus();
  });
  slideOn(find("wave"), time, seekTo);
  new ResizeObserver(draw).observe(find("wave"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
}
