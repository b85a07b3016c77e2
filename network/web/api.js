/* Requests to the recorder, and its clock. */

export class SignedOut extends Error {}

export class Refused extends Error {
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

const API = "/api/v1";

export const takePath = (id) => `${API}/takes/${encodeURIComponent(id)}`;
export const filePath = (id, file) => `${takePath(id)}/files/${file.split("/").map(encodeURIComponent).join("/")}`;
export const stemsPath = (id) => `${takePath(id)}/stems.zip`;
export const eventsPath = `${API}/events`;

/* The recorder's clock may be off from the phone's by anything. */
let ahead = 0;
export const recorderNow = () => Date.now() + ahead;

async function detail(response) {
  try {
    return (await response.json()).detail || response.statusText;
  } catch {
    return response.statusText;
  }
}

async function request(method, path, body) {
  const options = { method, credentials: "same-origin" };
  if (body !== undefined) options.body = JSON.stringify(body);
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Error("The recorder does not answer.");
  }
  const said = Date.parse(response.headers.get("Date"));
  if (said) ahead = said - Date.now();
  if (response.status === 401 && path !== "/login") throw new SignedOut();
  if (!response.ok) throw new Refused(response.status, await detail(response));
  return response;
}

export async function ask(method, path, body) {
  const text = await (await request(method, path, body)).text();
  return text ? JSON.parse(text) : {};
}

export const get = (path) => ask("GET", API + path);
export const post = (path, body = {}) => ask("POST", API + path, body);
export const signIn = (token) => ask("POST", "/login", { token });

export const getTake = (id) => ask("GET", takePath(id));
export const patchTake = (id, changes) => ask("PATCH", takePath(id), changes);
export const removeTake = (id) => ask("DELETE", takePath(id));
export const renderTake = (id, session) => ask("POST", `${takePath(id)}/render`, session ? { session } : {});

/* JSON files of a take; null where there is none. */
export async function getFile(id, file) {
  try {
    return await ask("GET", filePath(id, file));
  } catch (error) {
    if (error instanceof Refused && error.status === 404) return null;
    throw error;
  }
}

/* Bytes `from` to `to` (not included) of a file. */
export async function getRange(path, from, to) {
  const response = await fetch(path, { credentials: "same-origin", headers: { Range: `bytes=${from}-${to - 1}` } });
  if (response.status === 401) throw new SignedOut();
  if (response.status !== 206 && !(response.status === 200 && from === 0))
    throw new Refused(response.status, await detail(response));
  return new Uint8Array(await response.arrayBuffer());
}
