"""processors: what each processor of a strip costs a sample, in noise and in the digital silence after it."""
from measure import Row, in_turns, run
from places import BUILD

REPETITIONS, QUICK_REPETITIONS = 5, 2
SILENCE_TARGET = 1.1  # nothing decays into numbers that are slow; the rest is the clock's


def costs():
    """{name: (ns a sample in noise, in silence)}"""
    lines = run(BUILD / "bench/processor-cost").output.splitlines()
    return {name: (float(noise), float(silence)) for name, noise, silence in map(str.split, lines)}


def measure(quick):
    """Rows for the table."""
    runs, = in_turns(QUICK_REPETITIONS if quick else REPETITIONS, costs)
    return [Row(f"{name}, silence", "the same in noise", [one[name][1] for one in runs], [one[name][0] for one in runs],
                SILENCE_TARGET, "ns/sample") for name in runs[0]]
