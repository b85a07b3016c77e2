"""Sound files that tests make, and what programs that are not ours say of others."""
import array
import json
import random
import re
import subprocess
import wave

DEADLINE = 120


def ffmpeg(*options):
    """What it says on standard error."""
    done = subprocess.run(["ffmpeg", "-nostdin", "-hide_banner", "-y", *map(str, options)], capture_output=True,
                          text=True, check=True, timeout=DEADLINE)
    return done.stderr


def pink(path, seconds=10, rate=48000, level=0.2, seed=1, options=()):
    """Stereo pink noise of two sides that share a middle, swelling."""
    middle, sides = (f"anoisesrc=color=pink:d={seconds}:a={level}:r={rate}:seed={n}" for n in (seed, seed + 50))
    ffmpeg("-v", "error", "-f", "lavfi", "-i", middle, "-f", "lavfi", "-i", sides, "-filter_complex",
           "[1]volume=0.3,asplit[a][b];[0]volume='0.4+0.6*abs(sin(t))':eval=frame,asplit[c][d];"
           "[c][a]amix=normalize=0[l];[b]aeval=-val(0)[e];[d][e]amix=normalize=0[r];"
           "[l][r]join=inputs=2:channel_layout=stereo", *options, path)
    return path


def write_wav(path, channels, rate=48000):
    """16 bit, of a list of channels in ±1."""
    frames = array.array("h", (round(32767 * sample) for frame in zip(*channels) for sample in frame))
    with wave.open(str(path), "wb") as out:
        out.setnchannels(len(channels))
        out.setsampwidth(2)
        out.setframerate(rate)
        out.writeframes(frames.tobytes())
    return path


def noise(count, level, seed=1):
    of = random.Random(seed)
    return [of.uniform(-level, level) for _ in range(count)]


def loudness(path):
    """Integrated loudness, range and true peak after ffmpeg."""
    said = ffmpeg("-i", path, "-af", "ebur128=peak=true", "-f", "null", "-")
    summary = said[said.rindex("Summary:"):]
    return tuple(float(re.search(rf"{name}:\s+(-?[\d.]+|-inf)", summary)[1]) for name in ("I", "LRA", "Peak"))


def probe(path):
    """{codec, rate, seconds, tags} after ffprobe; names of tags are in capitals."""
    done = subprocess.run(["ffprobe", "-v", "error", "-of", "json", "-show_format", "-show_streams", "-show_chapters",
                           path], capture_output=True, text=True, check=True, timeout=DEADLINE)
    told = json.loads(done.stdout)
    sound, = (stream for stream in told["streams"] if stream["codec_type"] == "audio")
    tags = told["format"].get("tags", {}) | sound.get("tags", {})
    return {"codec": sound["codec_name"], "rate": int(sound["sample_rate"]), "channels": sound["channels"],
            "bits": sound.get("bits_per_raw_sample") or sound.get("bits_per_sample"),
            "seconds": float(told["format"]["duration"]), "tags": {name.upper(): value for name, value in tags.items()},
            "cover": any(stream["codec_type"] == "video" for stream in told["streams"]),
            "chapters": [(float(one["start_time"]), one.get("tags", {}).get("title")) for one in told["chapters"]]}
