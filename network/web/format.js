/* Figures as people read them. */

const MINUS = "\u2212";

export function number(value, digits = 1) {
  if (!Number.isFinite(value)) return "–";
  const text = value.toFixed(digits);
  const zero = Number(text) === 0;
  return zero ? text.replace("-", "") : text.replace("-", MINUS);
}

export const signed = (value, digits = 1) => (value > 0 && Number(value.toFixed(digits)) > 0 ? "+" : "") + number(value, digits);

export function length(seconds) {
  if (!Number.isFinite(seconds)) return "";
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value) => String(value).padStart(2, "0");
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes}:${two(whole % 60)}`
    : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(whole % 60)}`;
}

const spoken = (count, unit) => `${count} ${unit}${count === 1 ? "" : "s"}`;

export function lengthSpoken(seconds) {
  const whole = Math.max(0, Math.floor(seconds || 0));
  const parts = [[Math.floor(whole / 3600), "hour"], [Math.floor(whole / 60) % 60, "minute"], [whole % 60, "second"]];
  return parts.filter(([count], index) => count > 0 || index === 2).map(([count, unit]) => spoken(count, unit)).join(" ");
}

export function date(text) {
  const then = new Date(text);
  const sameYear = then.getFullYear() === new Date().getFullYear();
  const day = then.toLocaleDateString([], { weekday: "short", day: "numeric", month: "short",
    year: sameYear ? undefined : "numeric" });
  return `${day}, ${then.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" })}`;
}

export function bytes(count) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let unit = 0;
  for (; count >= 1000 && unit < units.length - 1; unit++) count /= 1000;
  return `${unit === 0 || count >= 100 ? Math.round(count) : count.toFixed(1)} ${units[unit]}`;
}

export function hours(value) {
  if (value >= 48) return `${Math.round(value / 24)} days`;
  if (value >= 10) return `${Math.round(value)} hours`;
  if (value >= 1) return `${value.toFixed(1)} hours`;
  return `${Math.max(0, Math.round(value * 60))} minutes`;
}

export const loudness = (lufs) => (Number.isFinite(lufs) ? `${number(lufs)}\u00a0LUFS` : "");

export const nameOf = (take) => take.title || take.session;
