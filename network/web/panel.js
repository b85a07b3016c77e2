/* What an opened take shows: its name to change, markers, downloads, another render, its report, and its end. */
import { filePath, getFile, getTake, patchTake, removeTake, renderTake, stemsPath } from "./api.js";
import { sessionNames } from "./desk.js";
import { button, make, newId } from "./dom.js";
import { bytes, length, nameOf } from "./format.js";
import { closePlayerOf, playTake } from "./player.js";
import { makeReport } from "./report.js";
import { announce, attempt, confirmed } from "./say.js";

const FORMATS = { flac: "FLAC", wav: "WAV", mp3: "MP3", ogg: "Ogg Vorbis", opus: "Opus" };

function titleForm(entry, changed) {
  const id = newId("name");
  const input = make("input", { id, value: nameOf(entry), maxLength: 100, autocomplete: "off", required: true });
  const form = make("form", { className: "row" }, make("label", { for: id, textContent: "Title" }), input,
    make("button", { textContent: "Rename" }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      const take = await patchTake(entry.id, { title: input.value.trim() });
      changed({ title: take.title });
      announce(`Renamed to ${take.title}`);
    });
  });
  return form;
}

function keepBox(entry, changed) {
  const box = make("input", { type: "checkbox", checked: entry.keep });
  box.addEventListener("change", async () => {
    const done = await attempt(async () => {
      const take = await patchTake(entry.id, { keep: box.checked });
      changed({ keep: take.keep });
    });
    if (!done) box.checked = !box.checked;
  });
  return make("label", { className: "check" }, box, "Keep: never removed to make room");
}

function removeButton(entry, removed) {
  return button("Remove", () => attempt(async () => {
    const sure = await confirmed(`Remove ${nameOf(entry)}?`, "All its files are deleted, raw tracks too.", "Remove");
    if (!sure) return;
    closePlayerOf(entry.id);
    await removeTake(entry.id);
    removed(entry.id);
    announce("Removed");
  }), { className: "danger quiet-button" });
}

function markers(entry, take) {
  if (take.markers.length === 0) return null;
  const items = take.markers.map((marker) => {
    const at = marker.frame / take.rate;
    return make("li", {}, button(`${length(at)} ${marker.label}`, () => attempt(() => playTake(entry, at)),
      { className: "chip", "aria-label": `Hear from ${length(at)}, ${marker.label}` }));
  });
  return make("section", {}, make("h4", { textContent: "Markers" }), make("ul", { className: "chips" }, ...items));
}

function link(text, size, href) {
  return make("li", {}, make("a", { className: "chip", href, download: "" }, text,
    size ? make("span", { className: "quiet", textContent: ` ${bytes(size)}` }) : null));
}

function downloads(take) {
  const file = (name, text, size) => link(text, size, filePath(take.id, name));
  const masters = take.renders.filter((render) => render.file.startsWith("master."))
    .map((render) => file(render.file, FORMATS[render.file.split(".")[1]] || render.file, render.bytes));
  const mixes = take.renders.filter((render) => render.file === "mix.flac").map((render) => file(render.file, "Mix", render.bytes));
  const tracks = take.tracks.map((track) => file(track.file, track.name, track.bytes));
  const all = take.tracks.reduce((sum, track) => sum + track.bytes, 0);
  return make("section", {},
    masters.length > 0 ? make("h4", { textContent: "Download the master" }) : null,
    make("ul", { className: "chips" }, ...masters),
    make("h4", { className: "next", textContent: "Download what it is made of" }),
    make("ul", { className: "chips" }, ...mixes, link("Stems, ZIP", all, stemsPath(take.id))),
    make("details", {}, make("summary", { textContent: `${take.tracks.length} raw tracks` }),
      make("ul", { className: "chips" }, ...tracks)));
}

function renderForm(entry, take) {
  const id = newId("session");
  const options = [make("option", { value: "", textContent: `as it was (${take.session})` }),
    ...sessionNames().map((name) => make("option", { value: name, textContent: name }))];
  const select = make("select", { id }, ...options);
  const form = make("form", { className: "row" }, make("label", { for: id, textContent: "Session" }), select,
    make("button", { textContent: "Mix again" }));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    attempt(async () => {
      await renderTake(entry.id, select.value);
      announce("It is mixed again");
    });
  });
  return make("section", {}, make("h4", { textContent: "Mix again with another session" }), form);
}

function problems(take) {
  const said = [];
  if (take.error) said.push(take.error);
  const lost = take.interfaces.reduce((sum, one) => sum + one.gaps.reduce((all, gap) => all + gap.frames, 0), 0);
  if (lost > 0) said.push(`${length(lost / take.rate)} of it were lost and are silent (${lost} frames).`);
  const clipped = take.tracks.filter((track) => track.clipped > 0).map((track) => track.name);
  if (clipped.length > 0) said.push(`Clipped: ${clipped.join(", ")}.`);
  return said.length > 0 ? make("p", { className: "problem", textContent: said.join(" ") }) : null;
}

/* What only tells: it may be made anew at any time, and what somebody fills in stays. */
function tellings(entry, take, report) {
  const parts = [problems(take), markers(entry, take)];
  if (take.state !== "recording") parts.push(downloads(take), report ? makeReport(report) : null);
  return parts.filter(Boolean);
}

/* `on`: removed(id), changed({ title or keep }). Gives { element, update(entry) }. */
export function makePanel(entry, on) {
  const told = make("div", { className: "panel" }, make("p", { className: "quiet", textContent: "…" }));
  const element = make("div", { className: "panel" }, told);
  let shown = null, cared = false;

  function care(take) {
    cared = true;
    told.before(titleForm(entry, on.changed));
    told.after(renderForm(entry, take),
      make("div", { className: "row between" }, keepBox(entry, on.changed), removeButton(entry, on.removed)));
  }

  async function load() {
    const [take, report] = await Promise.all([getTake(entry.id), getFile(entry.id, "report.json")]);
    const text = JSON.stringify([take, report]);
    if (text === shown) return;
    shown = text;
    told.replaceChildren(...tellings(entry, take, report));
    if (!cared && take.state !== "recording") care(take);
  }

  attempt(load);
  return {
    element,
    update(fresh) {
      entry = fresh;
      attempt(load);
    },
  };
}
