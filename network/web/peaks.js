/* Which waveform belongs to what. */
import { getFile } from "./api.js";
import { readPeaks } from "./wave.js";

const stem = (track, numbered) => {
  const name = track.file.replace(/^.*\//, "").replace(/\..*$/, "");
  return numbered ? name : name.replace(/^\d+-/, "");
};

/* As docs/formats.md has it: without the number, unless another has the same name. */
export function peaksOf(take, track) {
  const name = stem(track, false);
  const taken = name === "mix" || name === "master" ||
    take.tracks.some((other) => other !== track && stem(other, false) === name);
  return `peaks/${taken ? stem(track, true) : name}.json`;
}

export async function loadPeaks(id, file) {
  const json = await getFile(id, file).catch(() => null);
  return json ? readPeaks(json) : null;
}
