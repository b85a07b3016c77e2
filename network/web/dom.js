/* Elements by id, and new ones. */

export const find = (id) => document.getElementById(id);

/* Properties by their names in JavaScript; those with a dash, and role and for, are attributes. */
export function make(tag, properties = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null) continue;
    if (name.includes("-") || name === "role" || name === "for") made.setAttribute(name, value);
    else made[name] = value;
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

export function makeSvg(tag, attributes = {}, ...children) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

export function button(text, action, properties = {}) {
  const made = make("button", { type: "button", textContent: text, ...properties });
  made.addEventListener("click", action);
  return made;
}

/* So that what changes many times a second touches the page only when it differs. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

let unique = 0;
export const newId = (prefix) => `${prefix}-${++unique}`;
