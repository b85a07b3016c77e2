"""What a disk may hold after a power cut: the log of the storage shim, played up to any moment.

Strict POSIX is what a program may rely on, no more:
- What a file held when a completed fsync or fdatasync of it began is there.
- A name made, moved or removed is durable once the folder that holds it was synced; until then any of it may be
  there or not, each name by itself, but a rename happens as a whole.
- Of what was written since, any 512-byte sectors may be there, in any of the versions that they went through, and
  the file may have any of the sizes that it went through. A sector that was never written reads as zeros, or as
  whatever was on the disk before.
"""
import collections
import os
import struct

SECTOR = 512
RECORD = struct.Struct("<IIqQiiII")
CLOCK, OPEN, CLOSE, WRITE, TRUNCATE, SYNC_BEGIN, SYNC_END, RENAME, UNLINK, MKDIR = range(10)
CREATED, TRUNCATED = 1, 2

Record = collections.namedtuple("Record", "kind nsec offset pid fd path data")


def read_log(path):
    """Every record of a shim's log."""
    with open(path, "rb") as log:
        text = log.read()
    records, at = [], 0
    while at < len(text):
        size, kind, nsec, offset, pid, fd, path_size, data_size = RECORD.unpack_from(text, at)
        middle = at + RECORD.size + path_size
        records.append(Record(kind, nsec, offset, pid, fd, text[at + RECORD.size:middle].decode(),
                              text[middle:middle + data_size]))
        at += size
    return records


class File:
    def __init__(self, durable=b""):
        self.durable = bytearray(durable)
        self.pending = []  # (number, offset, data), or (number, size, None) for a truncation

    def settle(self, before):
        """A sync that began at number `before` is done."""
        while self.pending and self.pending[0][0] < before:
            _, offset, data = self.pending.pop(0)
            change(self.durable, offset, data)


def change(content, offset, data):
    if data is None:
        resize(content, offset)
        return
    if offset > len(content):
        resize(content, offset)
    content[offset:offset + len(data)] = data


def resize(content, size):
    if size < len(content):
        del content[size:]
    else:
        content.extend(bytes(size - len(content)))


class Folder:
    def __init__(self):
        self.durable = {}
        self.entries = {}  # as the running program sees it
        self.pending = []  # (number, change of a dictionary)

    def change(self, number, fn):
        fn(self.entries)
        self.pending.append((number, fn))

    def settle(self, before):
        while self.pending and self.pending[0][0] < before:
            self.pending.pop(0)[1](self.durable)


def load_tree(path):
    """A folder of a real disk as durable as it gets."""
    folder = Folder()
    for entry in os.scandir(path):
        if entry.is_dir():
            node = load_tree(entry.path)
        else:
            with open(entry.path, "rb") as file:
                node = File(file.read())
        folder.durable[entry.name] = folder.entries[entry.name] = node
    return folder


def linked(name, node):
    return lambda entries: entries.__setitem__(name, node)


def unlinked(name):
    return lambda entries: entries.pop(name, None)


def renamed(old, new, node):
    def both(entries):
        entries.pop(old, None)
        entries[new] = node
    return both


class Disk:
    """Play records in order with `play`; `image` writes what a cut at this moment may leave."""

    def __init__(self, root, top=None):
        self.root = root
        self.top = top or Folder()
        self.number = 0
        self.open = {}   # (pid, fd): node
        self.syncs = {}  # (pid, number): (node, number at its beginning)

    def _parts(self, path):
        return [part for part in path[len(self.root):].split("/") if part]

    def _find(self, parts):
        node = self.top
        for part in parts:
            node = node.entries[part]
        return node

    def play(self, record):
        self.number += 1
        handler = getattr(self, f"_on_{record.kind}", None)
        if handler:
            handler(record)

    def _on_1(self, record):  # OPEN
        parts = self._parts(record.path)
        if record.offset & CREATED:
            self._find(parts[:-1]).change(self.number, linked(parts[-1], File()))
        node = self._find(parts)
        if record.offset & TRUNCATED:
            node.pending.append((self.number, 0, None))
        self.open[record.pid, record.fd] = node

    def _on_2(self, record):  # CLOSE
        self.open.pop((record.pid, record.fd), None)

    def _on_3(self, record):  # WRITE
        self.open[record.pid, record.fd].pending.append((self.number, record.offset, record.data))

    def _on_4(self, record):  # TRUNCATE
        self.open[record.pid, record.fd].pending.append((self.number, record.offset, None))

    def _on_5(self, record):  # SYNC_BEGIN
        self.syncs[record.pid, record.offset] = (self.open[record.pid, record.fd], self.number)

    def _on_6(self, record):  # SYNC_END
        node, before = self.syncs.pop((record.pid, record.offset))
        node.settle(before)

    def _on_7(self, record):  # RENAME
        old, new = (self._parts(path) for path in record.path.split("\0"))
        assert old[:-1] == new[:-1], "a rename across folders"
        folder = self._find(old[:-1])
        folder.change(self.number, renamed(old[-1], new[-1], folder.entries[old[-1]]))

    def _on_8(self, record):  # UNLINK
        parts = self._parts(record.path)
        self._find(parts[:-1]).change(self.number, unlinked(parts[-1]))

    def _on_9(self, record):  # MKDIR
        parts = self._parts(record.path)
        self._find(parts[:-1]).change(self.number, linked(parts[-1], Folder()))

    def image(self, target, random):
        """Writes one of the disks that may be left, chosen by `random`, as the new folder `target`."""
        mood = random.choice(MOODS)
        stale = random.random() < 0.2
        write_folder(self.top, target, random, mood, stale)
        return mood


MOODS = ("bare", "full", "mixed", "mixed", "torn", "torn", "torn")


def own_mood(mood, random):
    return random.choice(("bare", "full", "torn", "ordered")) if mood == "mixed" else mood


def write_folder(folder, target, random, mood, stale):
    os.mkdir(target)
    for name, node in surviving_names(folder, random, own_mood(mood, random)).items():
        path = os.path.join(target, name)
        if isinstance(node, Folder):
            write_folder(node, path, random, mood, stale)
        else:
            with open(path, "wb") as file:
                file.write(surviving_content(node, random, own_mood(mood, random), stale))


def surviving_names(folder, random, mood):
    names = dict(folder.durable)
    changes = [fn for _, fn in folder.pending]
    if mood == "bare":
        changes = []
    elif mood == "ordered":
        changes = changes[:random.randint(0, len(changes))]
    elif mood == "torn":
        changes = [fn for fn in changes if random.random() < 0.5]
    for fn in changes:
        fn(names)
    return names


def surviving_content(file, random, mood, stale):
    content = bytearray(file.durable)
    if mood == "torn":
        return torn(content, file.pending, random, stale)
    changes = file.pending
    if mood == "bare":
        changes = []
    elif mood == "ordered":
        changes = changes[:random.randint(0, len(changes))]
    for _, offset, data in changes:
        change(content, offset, data)
    return content


def torn(content, pending, random, stale):
    """Any version of each sector, any of the sizes."""
    sizes, versions = [len(content)], {}
    for index, (_, offset, data) in enumerate(pending):
        if data is None:
            sizes.append(offset)
            continue
        sizes.append(max(sizes[-1], offset + len(data)))
        for sector in range(offset // SECTOR, (offset + len(data) - 1) // SECTOR + 1):
            versions.setdefault(sector, []).append(index)
    size = random.choice(sizes)
    biggest = max(sizes)
    fresh = len(content)
    if biggest > fresh:
        content.extend(random.randbytes(biggest - fresh) if stale else bytes(biggest - fresh))
    likely = random.choice((0.1, 0.5, 0.9, 0.99))
    for sector, indices in versions.items():
        if random.random() < likely:
            keep = len(indices)
        else:
            keep = random.randint(0, len(indices) - 1)
        first, last = sector * SECTOR, (sector + 1) * SECTOR
        for index in indices[:keep]:
            _, offset, data = pending[index]
            start, end = max(first, offset), min(last, offset + len(data))
            content[start:end] = data[start - offset:end - offset]
    del content[size:]
    return content
