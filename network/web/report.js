/* The report of a render: what was asked for, what was reached, and what was done for it. */
import { loudnessRuler, trackTable, translationTable } from "./charts.js";
import { make } from "./dom.js";
import { number } from "./format.js";

const LIMITS = {
  reduction: "the limiter takes off no more than that", silence: "there is nothing but silence",
  short: "it is too short to be measured", gating: "too little of it is loud enough to be measured",
};

function fact(name, value, unit, more = "") {
  if (!Number.isFinite(value)) return null;
  return make("div", {}, make("dt", { textContent: name }),
    make("dd", {}, number(value), make("span", { className: "unit", textContent: ` ${unit}` }),
      more ? make("span", { className: "quiet", textContent: more }) : null));
}

const asked = (value, unit) => (Number.isFinite(value) ? `asked ${number(value)} ${unit}` : "");

function facts(report) {
  const { requested = {}, achieved = {}, master = {} } = report;
  const list = [
    fact("Loudness", achieved.lufs, "LUFS", asked(requested.lufs, "LUFS")),
    fact("True peak", achieved.dbtp, "dBTP", asked(requested.dbtp, "dBTP")),
    fact("Range", report.lra_lu, "LU"),
    fact("Peak to loudness", report.plr_lu, "LU"),
    fact("Peak to short term", report.psr_lu, "LU"),
    fact("Correlation", report.correlation, ""),
    fact("Tilt", report.tilt_db_per_octave, "dB/octave"),
    fact("Limiter at most", master.most_reduction_db, "dB"),
  ];
  return make("dl", { className: "facts-grid" }, ...list);
}

function notes(report) {
  const said = [];
  if (report.limited_by) said.push(`Not what was asked for: ${LIMITS[report.limited_by] || report.limited_by}.`);
  if (report.mix?.clipped > 0) said.push("mix.flac clips; the master does not.");
  for (const file of report.files || [])
    if (file.lowered_db > 0) said.push(`${file.file} is ${number(file.lowered_db)} dB lower, for its codec's peaks.`);
  said.push(`Made in ${number(report.seconds)} s by Woodshed ${report.version} from session ${report.session}.`);
  return make("p", { className: "quiet", textContent: said.join(" ") });
}

export function makeReport(report) {
  return make("section", { className: "report" }, make("h4", { textContent: "Report" }),
    report.achieved ? facts(report) : null,
    loudnessRuler({ mix: report.mix?.lufs, achieved: report.achieved?.lufs, requested: report.requested?.lufs }),
    report.translation ? translationTable(report.translation) : null,
    report.tracks.length > 0 ? make("div", { className: "wide", tabIndex: 0, role: "region", "aria-label": "Tracks" },
      trackTable(report.tracks)) : null,
    notes(report));
}
