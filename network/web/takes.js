/* The list of takes, newest first, a page at a time as somebody scrolls; and the search in it. */
import { get } from "./api.js";
import { find } from "./dom.js";
import { nameOf } from "./format.js";
import { attempt } from "./say.js";
import { makeTake } from "./take.js";

const PAGE = 50, PAGE_MOST = 200;

let entries = []; /* what the recorder told, newest first */
let items = new Map(); /* id → take.js's */
let cursor = null; /* of what is older; null: there is nothing */
let loading = null;
let wanted = ""; /* searched for, in lower case */

export const entryOf = (id) => entries.find((entry) => entry.id === id);
export const newest = () => entries[0];

const fits = (entry) => !wanted || [nameOf(entry), entry.artist, entry.session, entry.id].some((text) => text?.toLowerCase().includes(wanted));

function itemOf(entry) {
  let item = items.get(entry.id);
  if (!item) {
    item = makeTake(entry, { removed: forget });
    items.set(entry.id, item);
  } else {
    item.update(entry);
  }
  return item;
}

function say(shown) {
  const more = cursor ? " so far" : "";
  const said = find("takes-said");
  if (wanted) said.textContent = `${shown} of ${entries.length}${more}`;
  else if (entries.length === 0) said.textContent = "None yet. Play, and there will be one.";
  else said.textContent = "";
}

/* Only what differs is moved, so that what is open, focused or read stays as it is. */
function show() {
  const list = find("takes"), shown = entries.filter(fits).map(itemOf);
  const keep = new Set(shown.map((item) => item.element));
  for (const element of [...list.children]) if (!keep.has(element)) element.remove();
  shown.forEach(({ element }, index) => {
    if (list.children[index] !== element) list.insertBefore(element, list.children[index] || null);
  });
  find("more").hidden = cursor === null;
  say(shown.length);
}

function forget(id) {
  entries = entries.filter((entry) => entry.id !== id);
  items.delete(id);
  show();
  find("takes-heading").focus();
}

async function load(limit) {
  const page = await get(`/takes?limit=${limit}${cursor ? `&cursor=${cursor}` : ""}`);
  const known = new Set(entries.map((entry) => entry.id));
  entries.push(...page.takes.filter((entry) => !known.has(entry.id)));
  cursor = page.cursor;
}

/* One after the other, whoever asks. */
function loadMore(limit = PAGE) {
  loading ??= load(limit).then(show).finally(() => { loading = null; });
  return loading;
}

/* The newest again, with what is older left as it is. */
export async function refreshTakes() {
  const page = await get(`/takes?limit=${PAGE}`);
  const last = page.takes.at(-1)?.id;
  const from = page.cursor === null ? entries.length : entries.findIndex((entry) => entry.id === last) + 1;
  const older = from > 0 ? entries.slice(from) : [];
  if (from === 0 || page.cursor === null) cursor = page.cursor;
  entries = [...page.takes, ...older];
  for (const id of [...items.keys()]) if (!entryOf(id)) items.delete(id);
  show();
  for (const item of items.values()) item.reload();
}

async function search() {
  wanted = find("search").value.trim().toLowerCase();
  show();
  const asked = wanted;
  while (asked && asked === wanted && cursor) await loadMore(PAGE_MOST);
}

export function startTakes() {
  find("more").addEventListener("click", () => attempt(() => loadMore()));
  find("search").addEventListener("input", () => attempt(search));
  new IntersectionObserver((seen) => {
    if (seen.some((one) => one.isIntersecting) && cursor) attempt(() => loadMore());
  }, { rootMargin: "600px" }).observe(find("more"));
}

/* Something began or ended to be heard. */
export function showHeard() {
  for (const item of items.values()) item.showHeard();
}
