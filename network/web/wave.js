/* A waveform on a canvas, from audiowaveform's JSON. */

const tooNarrow = 3; /* pixels of the screen a bar with its gap */

/* { seconds, least: [], most: [] } of -1 to 1, all channels in one. */
export function readPeaks(json) {
  const { channels, length, data } = json;
  const full = json.bits === 16 ? 32768 : 128;
  const least = new Float32Array(length), most = new Float32Array(length);
  for (let i = 0; i < length; i++)
    for (let c = 0; c < channels; c++) {
      const at = 2 * (i * channels + c);
      least[i] = Math.min(least[i], data[at] / full);
      most[i] = Math.max(most[i], data[at + 1] / full);
    }
  return { seconds: length * json.samples_per_pixel / json.sample_rate, least, most };
}

/* What several that run side by side reach together. */
export function mergePeaks(list) {
  const longest = list.reduce((a, b) => (b.most.length > a.most.length ? b : a));
  const least = Float32Array.from(longest.least), most = Float32Array.from(longest.most);
  for (const one of list)
    one.most.forEach((value, i) => {
      most[i] = Math.max(most[i], value);
      least[i] = Math.min(least[i], one.least[i]);
    });
  return { seconds: longest.seconds, least, most };
}

function extremes(peaks, from, to) {
  let least = 0, most = 0;
  for (let i = Math.floor(from); i < Math.max(to, from + 1) && i < peaks.most.length; i++) {
    least = Math.min(least, peaks.least[i]);
    most = Math.max(most, peaks.most[i]);
  }
  return [least, most];
}

/* The canvas' size follows the page's; its colours are --wave, --wave-played and --wave-mark. */
export function drawWave(canvas, { peaks, seconds, at, markers = [] }) {
  const scale = devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * scale), height = Math.round(canvas.clientHeight * scale);
  if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height });
  const paint = canvas.getContext("2d"), style = getComputedStyle(canvas);
  const colour = (name) => style.getPropertyValue(name).trim();
  paint.clearRect(0, 0, width, height);
  if (!width || !seconds) return;
  const step = Math.max(1, Math.round(tooNarrow * scale)), gap = step > 2 ? Math.round(step / 3) : 0;
  const played = at / seconds * width, loudest = peaks ? Math.max(0.05, ...bounds(peaks)) : 1;
  for (let x = 0; x < width; x += step) {
    const perPixel = peaks ? peaks.most.length / peaks.seconds * seconds / width : 0;
    const [least, most] = peaks ? extremes(peaks, x * perPixel, (x + step) * perPixel) : [0, 0];
    const up = Math.max(scale, most / loudest * (height / 2 - scale)), down = Math.max(scale, -least / loudest * (height / 2 - scale));
    paint.fillStyle = colour(x < played ? "--wave-played" : "--wave");
    paint.fillRect(x, height / 2 - up, step - gap, up + down);
  }
  paint.fillStyle = colour("--wave-mark");
  for (const marker of markers)
    paint.fillRect(Math.round(marker / seconds * width), 0, Math.max(1, Math.round(scale)), height);
  paint.fillStyle = colour("--wave-played");
  if (at > 0) paint.fillRect(Math.round(played), 0, Math.max(2, Math.round(1.5 * scale)), height);
}

function bounds(peaks) {
  if (!peaks.bounds) {
    let least = 0, most = 0;
    peaks.most.forEach((value, i) => {
      most = Math.max(most, value);
      least = Math.max(least, -peaks.least[i]);
    });
    peaks.bounds = [least, most];
  }
  return peaks.bounds;
}

const KEYS = { ArrowLeft: -5, ArrowRight: 5, ArrowDown: -5, ArrowUp: 5, PageDown: -30, PageUp: 30 };

/* Makes the canvas a slider of seconds; `time()` is { at, seconds }, `seek(seconds)` what it does. */
export function slideOn(canvas, time, seek) {
  const fromPointer = (event) => {
    const box = canvas.getBoundingClientRect();
    const share = Math.max(0, Math.min(1, (event.clientX - box.left) / box.width));
    seek(share * time().seconds);
  };
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    fromPointer(event);
  });
  canvas.addEventListener("pointermove", (event) => {
    if (canvas.hasPointerCapture(event.pointerId)) fromPointer(event);
  });
  canvas.addEventListener("keydown", (event) => {
    const { at, seconds } = time();
    let to = event.key in KEYS ? at + KEYS[event.key] : NaN;
    if (event.key === "Home") to = 0;
    if (event.key === "End") to = seconds;
    if (Number.isNaN(to)) return;
    event.preventDefault();
    seek(Math.max(0, Math.min(seconds, to)));
  });
}
