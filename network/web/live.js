/* Server-sent events, for as long as somebody looks: begun again whenever the recorder or the network was away. */
import { eventsPath } from "./api.js";

const KINDS = ["state", "health", "levels", "progress", "take"];
const SILENCE_MS = 15000; /* levels come five times a second */
const RETRY_MS = [500, 1000, 2000, 4000];

/* `on` has a function a kind, and `linked`, `lost` and `refused` (the stream was answered with an error). */
export function makeLive(on) {
  let source = null, retry = null, watch = null, tries = 0, wanted = false;

  function heard() {
    clearTimeout(watch);
    watch = setTimeout(lost, SILENCE_MS);
  }

  function close() {
    clearTimeout(retry);
    clearTimeout(watch);
    if (source) source.close();
    source = null;
  }

  function lost() {
    close();
    on.lost();
    if (wanted) retry = setTimeout(open, RETRY_MS[Math.min(tries++, RETRY_MS.length - 1)]);
  }

  function open() {
    close();
    source = new EventSource(eventsPath);
    source.addEventListener("open", () => {
      tries = 0;
      heard();
      on.linked();
    });
    source.addEventListener("error", () => {
      const refused = source.readyState === EventSource.CLOSED;
      lost();
      if (refused) on.refused();
    });
    for (const kind of KINDS)
      source.addEventListener(kind, (event) => {
        heard();
        on[kind](JSON.parse(event.data));
      });
    heard();
  }

  function look() {
    if (!wanted) return;
    if (document.hidden) {
      close();
    } else if (!source || source.readyState !== EventSource.OPEN) {
      tries = 0;
      open();
    }
  }

  document.addEventListener("visibilitychange", look);
  addEventListener("online", look);
  return {
    start() {
      wanted = true;
      open();
    },
    stop() {
      wanted = false;
      close();
    },
  };
}
