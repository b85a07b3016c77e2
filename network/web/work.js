/* Renders under way. */
import { find, make, setText } from "./dom.js";

const STAGES = { edit: "Editing", mix: "Mixing", master: "Mastering" };
const jobs = new Map(); /* take → { row, text, bar } */
let nameOfTake = (id) => id;

export function whenNaming(naming) {
  nameOfTake = naming;
}

function makeJob(take) {
  const text = make("span", { className: "work-what" });
  const percent = make("span", { className: "quiet" });
  const bar = make("progress", { max: 1, "aria-label": `Progress of ${nameOfTake(take)}` });
  const job = { text, percent, bar, row: make("li", {}, text, bar, percent) };
  jobs.set(take, job);
  find("work-list").append(job.row);
  find("work").hidden = false;
  return job;
}

/* True if it has only just begun. */
export function showProgress({ take, stage, done }) {
  const fresh = !jobs.has(take), job = jobs.get(take) || makeJob(take);
  setText(job.text, `${STAGES[stage] || stage} ${nameOfTake(take)}`);
  job.bar.value = done;
  setText(job.percent, `${Math.round(done * 100)} %`);
  return fresh;
}

export function endWork(take) {
  jobs.get(take)?.row.remove();
  jobs.delete(take);
  find("work").hidden = jobs.size === 0;
}

/* Of those that ended while nobody was told. */
export function showWorkCount(rendering) {
  if (rendering === 0)
    for (const take of [...jobs.keys()]) endWork(take);
}
