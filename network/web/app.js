/* The page: signs in, listens to the recorder, and hands what it says to the part that shows it. */
import { SignedOut, get, getTake, signIn } from "./api.js";
import { loadSessions, showHealth, showState, startDesk } from "./desk.js";
import { find, setText } from "./dom.js";
import { nameOf } from "./format.js";
import { makeLive } from "./live.js";
import { clearLevels, nameChannels, showLevels, startMeters } from "./meters.js";
import { closePlayer, startPlayer } from "./player.js";
import { announce, attempt, complain, whenSignedOut } from "./say.js";
import { entryOf, newest, refreshTakes, showHeard, startTakes } from "./takes.js";
import { endWork, showProgress, showWorkCount, whenNaming } from "./work.js";

const RETRY_MS = 2000;
const LOST_MS = 1500; /* a moment's loss is nobody's business */
let lostTimer = null;

function show(signedIn) {
  find("login").hidden = signedIn;
  find("room-view").hidden = !signedIn;
  if (!signedIn) find("token").focus();
}

/* ---- what the recorder says ---- */

const SAID = {
  take_started: () => "A take begins",
  take_stopped: () => "The take is closed",
  take_mastered: (event) => `${nameOfEvent(event)} is mastered`,
  take_failed: (event) => `${nameOfEvent(event)} failed`,
  take_recovered: (event) => `${nameOfEvent(event)} was recovered`,
  interface_found: (event) => `${event.interface} is there`,
  interface_lost: (event) => `${event.interface} is gone`,
  marker: (event) => `Marker ${event.label}`,
};

const LOUD = new Set(["take_failed", "interface_lost"]);
const idOf = (event) => event.take || event.id;

function nameOfEvent(event) {
  const entry = entryOf(idOf(event));
  return event.title || (entry ? nameOf(entry) : "The take");
}

async function nameFromNewest() {
  const take = newest();
  if (take) nameChannels(await getTake(take.id));
}

function onTake(event) {
  const said = SAID[event.event_type]?.(event);
  if (said && LOUD.has(event.event_type)) complain(said);
  else if (said) announce(said);
  if (event.event_type === "take_mastered" || event.event_type === "take_failed") endWork(idOf(event));
  if (event.event_type.startsWith("take_"))
    attempt(async () => {
      await refreshTakes();
      if (event.event_type === "take_started") await nameFromNewest();
    });
}

const live = makeLive({
  state(state) {
    showState(state);
    showWorkCount(state.rendering);
  },
  health: showHealth,
  levels: showLevels,
  progress(progress) {
    if (showProgress(progress)) attempt(refreshTakes);
  },
  take: onTake,
  linked() {
    clearTimeout(lostTimer);
    lostTimer = null;
    setText(find("link"), "");
    attempt(refreshAll);
  },
  lost() {
    lostTimer ??= setTimeout(() => {
      setText(find("link"), "Connection lost. Trying again …");
      clearLevels();
    }, LOST_MS);
  },
  /* The stream says no: a token that is not valid any more, most likely; this tells. */
  refused: () => attempt(() => get("/state")),
});

/* ---- what the page asks for ---- */

async function refreshAll() {
  const [info, state, health] = await Promise.all([get("/info"), get("/state"), get("/health"), loadSessions(), refreshTakes()]);
  setText(find("room"), info.name);
  showState(state);
  showHealth(health);
  await nameFromNewest();
}

async function enter() {
  await get("/state");
  show(true);
  live.start();
}

async function signInWith(token) {
  await signIn(token);
  find("token").value = "";
  await enter();
}

/* An address that ends in #token=… signs in; the token does not stay in the address bar or the history. */
function tokenOfAddress() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) history.replaceState(null, "", location.pathname);
  return token;
}

function signInByAddress() {
  show(false);
  return signInWith(tokenOfAddress());
}

/* A page that is opened while the recorder starts waits for it. */
async function startWhenThere() {
  try {
    await enter();
    setText(find("link"), "");
  } catch (error) {
    if (error instanceof SignedOut) return show(false);
    setText(find("link"), "The recorder does not answer. Trying again …");
    setTimeout(startWhenThere, RETRY_MS);
  }
  return undefined;
}

whenSignedOut(() => {
  live.stop();
  closePlayer();
  show(false);
});
whenNaming((id) => {
  const entry = entryOf(id);
  return entry ? nameOf(entry) : id;
});
find("login").addEventListener("submit", (event) => {
  event.preventDefault();
  attempt(() => signInWith(find("token").value.trim()));
});
addEventListener("hashchange", () => {
  if (location.hash.startsWith("#token=")) attempt(signInByAddress);
});
startDesk();
startMeters();
startTakes();
startPlayer(showHeard);
if (location.hash.startsWith("#token=")) attempt(signInByAddress);
else startWhenThere();
