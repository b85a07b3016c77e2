/* One file, played by the browser's own audio element. */

export class Media {
  /* `on`: change, ended, failed. */
  constructor(element, path, on) {
    this.element = element;
    this.on = on;
    this.stopped = new AbortController();
    const listen = (name, action) => element.addEventListener(name, action, { signal: this.stopped.signal });
    for (const name of ["play", "pause", "seeked", "durationchange", "waiting", "playing"]) listen(name, on.change);
    listen("ended", on.ended);
    listen("error", () => on.failed(new Error("The file cannot be played.")));
    element.src = path;
  }

  get playing() {
    return !this.element.paused;
  }

  get at() {
    return this.element.currentTime;
  }

  get seconds() {
    return Number.isFinite(this.element.duration) ? this.element.duration : 0;
  }

  get waiting() {
    return this.playing && this.element.readyState < HTMLMediaElement.HAVE_FUTURE_DATA;
  }

  play() {
    if (this.element.error) this.again();
    this.element.play().catch((error) => {
      if (error.name !== "AbortError") this.on.change();
    });
  }

  /* The recorder was away; it may be back. */
  again() {
    const at = this.element.currentTime;
    this.element.load();
    this.element.currentTime = at;
  }

  pause() {
    this.element.pause();
  }

  seek(seconds) {
    this.element.currentTime = seconds;
  }

  destroy() {
    this.stopped.abort();
    this.element.pause();
    this.element.removeAttribute("src");
    this.element.load();
  }
}
