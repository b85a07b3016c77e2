/* What the page says to people: failures to everyone, news to those who listen, and a question before what cannot
 * be undone. */
import { SignedOut } from "./api.js";
import { find } from "./dom.js";

const TOAST_MS = 6000;
let toast = null;
let onSignedOut = () => {};

export function whenSignedOut(action) {
  onSignedOut = action;
}

export function complain(text) {
  const message = find("message");
  message.textContent = text;
  message.hidden = false;
  clearTimeout(toast);
  toast = setTimeout(() => { message.hidden = true; }, TOAST_MS);
}

/* To screen readers alone: what others see anyway. */
export function announce(text) {
  find("said").textContent = text;
}

/* For what a click does: a failure is told, and is no crash. True if it went well. */
export async function attempt(action) {
  try {
    await action();
    return true;
  } catch (error) {
    if (error instanceof SignedOut) onSignedOut();
    else complain(error.message);
    return false;
  }
}

export function confirmed(title, text, yes) {
  const dialog = find("confirm");
  find("confirm-title").textContent = title;
  find("confirm-text").textContent = text;
  find("confirm-yes").textContent = yes;
  dialog.returnValue = "no";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
