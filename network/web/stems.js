/* All tracks of a take at once, on one clock: passages of each are decoded a few seconds ahead and set against each
 * other to the sample, so that soloing one never moves it. The same calls as media.js. */
import { filePath } from "./api.js";
import { FlacFile } from "./flac.js";

const AHEAD_S = 8, PASSAGE_S = 4, BEGIN_S = 1, LEAST_S = 0.25;
const LEAD_S = 0.1; /* from here to the first sample */
const TICK_MS = 250;

const gainOf = (db) => 10 ** (db / 20);

export class Stems {
  /* `tracks`: the manifest's, each with gain_db and pan (-1 to 1) to begin with. `on`: change, ended, failed. */
  constructor(take, tracks, on) {
    this.on = on;
    this.rate = take.rate;
    this.seconds = take.frames / take.rate;
    this.context = new AudioContext({ sampleRate: take.rate });
    /* Many raw tracks at once are louder than anything may be. */
    this.out = new DynamicsCompressorNode(this.context, { threshold: -4, knee: 4, ratio: 20, attack: 0.002 });
    this.out.connect(this.context.destination);
    this.tracks = tracks.map((track) => this.makeTrack(take, track));
    this.wanted = false; /* to play */
    this.from = 0; /* seconds of the take at `start` of the context's clock */
    this.start = null;
    this.generation = 0;
    this.failed = false;
    this.context.suspend();
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  makeTrack(take, track) {
    const gain = new GainNode(this.context, { gain: gainOf(track.gain_db) });
    const pan = new StereoPannerNode(this.context, { pan: track.pan });
    gain.connect(pan).connect(this.out);
    return { gain, level: gainOf(track.gain_db), file: FlacFile.of(filePath(take.id, track.file), track.bytes),
      sources: new Set(), until: 0, busy: false, ended: false, opened: false };
  }

  get playing() {
    return this.wanted;
  }

  get at() {
    if (this.start === null) return this.from;
    return Math.min(this.seconds, this.from + Math.max(0, this.context.currentTime - this.start));
  }

  get waiting() {
    return this.wanted && this.context.state !== "running";
  }

  play() {
    this.wanted = true;
    if (this.failed) this.seek(this.at); /* the recorder was away; it may be back */
    if (this.at >= this.seconds) this.seek(0);
    this.tick();
    this.on.change();
  }

  pause() {
    this.wanted = false;
    this.context.suspend();
    this.on.change();
  }

  seek(seconds) {
    this.generation++;
    this.from = Math.max(0, Math.min(this.seconds, seconds));
    this.start = null;
    this.failed = false;
    this.context.suspend(); /* until all have something to play */
    for (const track of this.tracks) {
      for (const source of track.sources) source.stop();
      track.sources.clear();
      Object.assign(track, { until: this.from, ended: false, sought: false });
    }
    this.tick();
    this.on.change();
  }

  /* Which are heard: of those that are solo, else all; none that is mute. */
  hear(audible) {
    const now = this.context.currentTime;
    this.tracks.forEach((track, i) => track.gain.gain.setTargetAtTime(audible(i) ? track.level : 0, now, 0.01));
  }

  destroy() {
    this.generation++;
    clearInterval(this.timer);
    this.context.close();
  }

  tick() {
    for (const track of this.tracks)
      if (!track.busy && !track.ended && track.until < this.at + AHEAD_S) this.load(track);
    const ready = Math.min(...this.tracks.map((track) => (track.ended ? Infinity : track.until))) - this.at;
    if (this.at >= this.seconds && this.start !== null && this.wanted) {
      this.pause();
      this.on.ended();
    } else if (this.wanted && this.context.state === "suspended" && ready >= BEGIN_S) {
      this.context.resume();
    } else if (this.context.state === "running" && (!this.wanted || ready < LEAST_S)) {
      this.context.suspend();
    }
  }

  async load(track) {
    const generation = this.generation;
    track.busy = true;
    try {
      if (!track.opened) await track.file.open();
      track.opened = true;
      if (!track.sought) await track.file.seek(Math.round(this.from * this.rate));
      track.sought = true;
      const passage = await track.file.passage(PASSAGE_S * this.rate);
      const buffer = passage && await this.context.decodeAudioData(passage.file.buffer);
      if (generation === this.generation) this.schedule(track, passage, buffer);
    } catch (error) {
      if (generation === this.generation) this.fail(error);
    } finally {
      track.busy = false;
      if (generation !== this.generation) track.sought = false;
    }
  }

  fail(error) {
    this.failed = true;
    for (const track of this.tracks) track.ended = true;
    this.pause();
    this.on.failed(error);
  }

  schedule(track, passage, buffer) {
    if (!passage) {
      track.ended = true;
      return;
    }
    const begin = passage.begin / this.rate;
    track.until = begin + passage.frames / this.rate;
    if (track.until <= this.from) return;
    if (this.start === null)
      this.start = Math.ceil((this.context.currentTime + LEAD_S) * this.context.sampleRate) / this.context.sampleRate;
    const source = new AudioBufferSourceNode(this.context, { buffer });
    source.connect(track.gain);
    const skipped = Math.max(0, this.from - begin, this.at - begin);
    source.start(this.start + (begin + skipped - this.from), skipped);
    track.sources.add(source);
    source.addEventListener("ended", () => track.sources.delete(source));
  }
}
