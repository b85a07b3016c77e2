/* Passages out of a FLAC file on the recorder (RFC 9639), without the rest of it: ranges of bytes, cut where FLAC
 * frames begin, each passage a small FLAC file of its own that every browser decodes. */
import { getRange } from "./api.js";

const HEAD_BYTES = 65536;
const STREAMINFO = 0, STREAMINFO_BYTES = 34;
const HEADER_LEAST = 6, CRC16_BYTES = 2;
const SEARCHES_MOST = 12;

function crcTable(bits, polynomial) {
  const top = 1 << (bits - 1), mask = top * 2 - 1;
  return Uint16Array.from({ length: 256 }, (_, byte) => {
    let crc = byte << (bits - 8);
    for (let i = 0; i < 8; i++) crc = (crc & top ? (crc << 1) ^ polynomial : crc << 1) & mask;
    return crc;
  });
}

const CRC8 = crcTable(8, 0x07), CRC16 = crcTable(16, 0x8005);

export function crc8(data, from, to) {
  let crc = 0;
  for (let i = from; i < to; i++) crc = CRC8[crc ^ data[i]];
  return crc;
}

export function crc16(data, from, to) {
  let crc = 0;
  for (let i = from; i < to; i++) crc = ((crc << 8) ^ CRC16[(crc >> 8) ^ data[i]]) & 0xffff;
  return crc;
}

/* A number as UTF-8 codes a character, up to 36 bits: { value, length }, or null. */
function readCoded(data, at) {
  const first = data[at];
  if (first < 0x80) return { value: first, length: 1 };
  const length = Math.clz32(~(first << 24));
  if (length < 2 || length > 7) return null;
  let value = first & (0x7f >> length);
  for (let i = 1; i < length; i++) {
    if ((data[at + i] & 0xc0) !== 0x80) return null;
    value = value * 64 + (data[at + i] & 0x3f);
  }
  return { value, length };
}

export function codeNumber(value) {
  if (value < 0x80) return [value];
  const bytes = [];
  let first = 0x3f;
  for (; value > first; value = Math.floor(value / 64), first >>= 1) bytes.unshift(0x80 | (value % 64));
  return [((~first << 1) & 0xff) | value, ...bytes];
}

/* The frame header at `at`: { number, numberAt, numberLength, length }, or null where there is none. Only frames of
 * a fixed block size, as our writer makes them. */
export function readHeader(data, at) {
  if (at + HEADER_LEAST > data.length || data[at] !== 0xff || data[at + 1] !== 0xf8 || data[at + 3] & 1) return null;
  const blockCode = data[at + 2] >> 4, rateCode = data[at + 2] & 15;
  if (blockCode === 0 || rateCode === 15 || data[at + 3] >> 4 > 10) return null;
  const coded = readCoded(data, at + 4);
  if (!coded) return null;
  const extra = (blockCode === 6 ? 1 : blockCode === 7 ? 2 : 0) + (rateCode === 12 ? 1 : rateCode > 12 ? 2 : 0);
  const length = 4 + coded.length + extra + 1;
  if (at + length > data.length || crc8(data, at, at + length - 1) !== data[at + length - 1]) return null;
  return { number: coded.value, numberAt: at + 4, numberLength: coded.length, length };
}

/* The first frame header from `at` on, of number `number` if one is given: { at, header }, or null. */
export function findHeader(data, at, number) {
  for (let i = data.indexOf(0xff, at); i >= 0; i = data.indexOf(0xff, i + 1)) {
    const header = readHeader(data, i);
    if (header && (number === undefined || header.number === number)) return { at: i, header };
  }
  return null;
}

/* What STREAMINFO says, and where the frames begin. */
export function readHead(data) {
  if (String.fromCharCode(...data.subarray(0, 4)) !== "fLaC") throw new Error("not a FLAC file");
  let at = 4, info = null, last = false;
  while (!last) {
    if (at + 4 > data.length) throw new Error("more metadata than expected");
    const size = data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3];
    if ((data[at] & 0x7f) === STREAMINFO) info = data.slice(at + 4, at + 4 + STREAMINFO_BYTES);
    last = data[at] >> 7 === 1;
    at += 4 + size;
  }
  const view = new DataView(info.buffer);
  return {
    info, first: at, block: view.getUint16(0), rate: view.getUint32(10) >>> 12,
    frames: (info[13] & 15) * 2 ** 32 + view.getUint32(14),
  };
}

/* A FLAC file of the frames in `data` between `cuts`, the first of them number 0: some decoders believe the numbers. */
export function makeFile(head, data, cuts, frames) {
  const info = head.info.slice(), view = new DataView(info.buffer);
  info.fill(0, 4, 10); /* frame sizes: unknown */
  info[13] &= 0xf0;
  view.setUint32(14, frames);
  info.fill(0, 18); /* no MD5 */
  const parts = [Uint8Array.of(0x66, 0x4c, 0x61, 0x43, 0x80, 0, 0, STREAMINFO_BYTES), info];
  for (let i = 0; i + 1 < cuts.length; i++) parts.push(renumber(data, cuts[i], cuts[i + 1], i));
  const file = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    file.set(part, at);
    at += part.length;
  }
  return file;
}

function renumber(data, from, to, number) {
  const { numberAt, numberLength, length } = readHeader(data, from), coded = codeNumber(number);
  const frame = new Uint8Array(to - from - numberLength + coded.length);
  frame.set(data.subarray(from, numberAt));
  frame.set(coded, 4);
  frame.set(data.subarray(numberAt + numberLength, to), 4 + coded.length);
  const headerEnd = length - numberLength + coded.length - 1, end = frame.length - CRC16_BYTES;
  frame[headerEnd] = crc8(frame, 0, headerEnd);
  const sum = crc16(frame, 0, end);
  frame[end] = sum >> 8;
  frame[end + 1] = sum & 0xff;
  return frame;
}

/* A file that is read in passages: seek, then passage after passage. `read(from, to)` gives bytes. */
export class FlacFile {
  constructor(read, size) {
    this.read = read;
    this.size = size;
  }

  static of(path, size) {
    return new FlacFile((from, to) => getRange(path, from, Math.min(to, size)), size);
  }

  async open() {
    this.head = readHead(await this.read(0, Math.min(HEAD_BYTES, this.size)));
    this.perFrame = (this.size - this.head.first) / Math.max(1, Math.ceil(this.head.frames / this.head.block));
    this.next = { at: this.head.first, number: 0 };
  }

  /* To the FLAC frame that holds frame `frame` of audio, or one shortly before it. */
  async seek(frame) {
    const { block, first } = this.head;
    const wanted = Math.floor(frame / block), window = Math.ceil(4 * this.perFrame) + 4096;
    let low = { at: first, number: 0 }, high = { at: this.size, number: Math.ceil(this.head.frames / block) };
    for (let i = 0; i < SEARCHES_MOST && wanted - low.number > 4; i++) {
      const share = (wanted - 2 - low.number) / Math.max(1, high.number - low.number);
      const guess = Math.max(low.at, Math.floor(low.at + Math.max(0, share) * (high.at - low.at)));
      const found = findHeader(await this.read(guess, guess + window), 0);
      if (!found) break;
      const place = { at: guess + found.at, number: found.header.number };
      if (place.number > wanted) high = { at: guess, number: place.number };
      else if (place.at <= low.at) break;
      else low = place;
    }
    this.next = low;
  }

  /* About `frames` frames of audio from where it stands: { file, begin, frames }, or null at the end. */
  async passage(frames) {
    const { block } = this.head;
    if (this.next.at >= this.size) return null;
    let bytes = Math.ceil(frames / block * this.perFrame * 1.2) + 16384;
    for (;;) {
      const end = Math.min(this.size, this.next.at + bytes);
      const data = await this.read(this.next.at, end), cuts = [0];
      for (let at = 0; ;) {
        const found = findHeader(data, at + HEADER_LEAST, this.next.number + cuts.length);
        if (!found) break;
        at = found.at;
        cuts.push(at);
      }
      const whole = end === this.size;
      if (whole) cuts.push(data.length);
      if (cuts.length < 2) {
        bytes *= 2;
        continue;
      }
      const begin = this.next.number * block, count = cuts.length - 1;
      const length = Math.min(count * block, this.head.frames ? this.head.frames - begin : Infinity);
      this.next = { at: this.next.at + cuts[count], number: this.next.number + count };
      return { file: makeFile(this.head, data, cuts, length), begin, frames: length };
    }
  }
}
