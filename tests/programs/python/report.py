"""A program as people write them: reads a log, models it, stores it, reports it; with the standard library only.

Its output is fixed, and what does not fit ends it with an AssertionError.
"""

import argparse
import base64
import bisect
import collections
import contextlib
import csv
import dataclasses
import datetime
import decimal
import enum
import fractions
import functools
import gzip
import hashlib
import heapq
import io
import itertools
import json
import math
import os
import pathlib
import random
import re
import sqlite3
import statistics
import string
import struct
import sys
import tempfile
import textwrap
import zlib
from typing import Iterator

LINE = re.compile(
    r"(?P<time>\S+) (?P<host>[a-z]+-\d+) (?P<method>GET|PUT|POST|DELETE) (?P<path>/\S*) (?P<status>\d{3}) (?P<ms>\d+(?:\.\d+)?)ms"
)


class Level(enum.Enum):
    GOOD = "2xx"
    MOVED = "3xx"
    CLIENT = "4xx"
    SERVER = "5xx"

    @classmethod
    def of(cls, status: int) -> "Level":
        return {2: cls.GOOD, 3: cls.MOVED, 4: cls.CLIENT, 5: cls.SERVER}[status // 100]


@dataclasses.dataclass(frozen=True, order=True)
class Request:
    time: datetime.datetime
    host: str
    method: str
    path: str
    status: int
    milliseconds: decimal.Decimal

    @functools.cached_property
    def level(self) -> Level:
        return Level.of(self.status)

    @classmethod
    def parse(cls, line: str) -> "Request | None":
        match = LINE.fullmatch(line)
        if not match:
            return None
        return cls(
            datetime.datetime.fromisoformat(match["time"]),
            match["host"], match["method"], match["path"], int(match["status"]), decimal.Decimal(match["ms"]),
        )


def invent(count: int) -> Iterator[str]:
    """Log lines from a fixed seed; every hundredth is damaged."""
    source = random.Random(2008)
    time = datetime.datetime(2024, 2, 28, 23, 50, tzinfo=datetime.timezone.utc)
    paths = ["/", "/login", "/cart", "/cart/items", "/search?q=wasm", "/static/app.js"]
    for number in range(count):
        time += datetime.timedelta(milliseconds=source.randrange(1, 2000))
        if number % 100 == 99:
            yield f"{time.isoformat()} ??? damaged"
            continue
        status = source.choices([200, 204, 301, 404, 500], [70, 10, 5, 10, 5])[0]
        yield (f"{time.isoformat()} web-{source.randrange(4)} {source.choice(['GET', 'PUT', 'POST', 'DELETE'])} "
               f"{source.choice(paths)} {status} {source.lognormvariate(3, 1):.2f}ms")


def percentile(values: list, share: float):
    return sorted(values)[min(len(values) - 1, math.ceil(share * len(values)) - 1)]


def store(requests: list, connection: sqlite3.Connection) -> list:
    connection.execute("create table requests (time text, host text, path text, status integer, ms real)")
    connection.executemany(
        "insert into requests values (?, ?, ?, ?, ?)",
        ((r.time.isoformat(), r.host, r.path, r.status, float(r.milliseconds)) for r in requests),
    )
    connection.commit()
    return connection.execute(
        """select host, count(*), sum(status >= 500), round(avg(ms), 3) from requests
           group by host having count(*) > 10 order by host"""
    ).fetchall()


def round_trips(requests: list) -> None:
    """Every format gives back what it was given."""
    records = [{**dataclasses.asdict(r), "time": r.time.isoformat(), "milliseconds": str(r.milliseconds)} for r in requests]
    text = json.dumps(records, sort_keys=True)
    assert json.loads(text) == records
    assert zlib.decompress(zlib.compress(text.encode(), 9)).decode() == text
    assert gzip.decompress(gzip.compress(text.encode(), mtime=0)).decode() == text
    assert base64.b85decode(base64.b85encode(text.encode())).decode() == text

    sheet = io.StringIO()
    writer = csv.DictWriter(sheet, fieldnames=list(records[0]))
    writer.writeheader()
    writer.writerows(records)
    sheet.seek(0)
    assert [row["path"] for row in csv.DictReader(sheet)] == [r.path for r in requests]

    packed = b"".join(struct.pack("<Hd", r.status, r.milliseconds) for r in requests)
    assert [status for status, _ in struct.iter_unpack("<Hd", packed)] == [r.status for r in requests]


def files(directory: pathlib.Path, lines: list) -> str:
    """Writes, lists, renames and removes files; returns the digest of what was written."""
    digest = hashlib.sha256()
    for number, part in enumerate(itertools.batched(lines, 250)):
        path = directory / "parts" / f"{number:02}.log"
        path.parent.mkdir(exist_ok=True)
        path.write_text("\n".join(part))
        digest.update(path.read_bytes())
    assert sorted(p.name for p in directory.rglob("*.log")) == [f"{n:02}.log" for n in range(math.ceil(len(lines) / 250))]
    (directory / "parts").rename(directory / "old")
    assert not (directory / "parts").exists()
    with contextlib.suppress(FileNotFoundError):
        (directory / "nothing").read_text()
        raise AssertionError("read a file that is not there")
    for entry in os.scandir(directory / "old"):
        assert entry.is_file() and entry.stat().st_size > 0
        os.unlink(entry.path)
    (directory / "old").rmdir()
    return digest.hexdigest()


def puzzles() -> Iterator[str]:
    """A little arithmetic, recursion and data structures."""
    primes = [n for n in range(2, 20000) if all(n % d for d in range(2, math.isqrt(n) + 1))]
    yield f"{len(primes)} primes, {bisect.bisect(primes, 1000)} below 1000"
    yield f"2**521-1 has {len(str(2**521 - 1))} digits, pow {pow(3, 10**18, 10**9 + 7)}"
    yield f"harmonic(12) = {sum(fractions.Fraction(1, n) for n in range(1, 13))}"
    with decimal.localcontext(prec=40):
        yield f"sqrt(2) = {decimal.Decimal(2).sqrt()}"
    heap = [(len(word), word) for word in "the quick brown fox jumps over the lazy dog".split()]
    heapq.heapify(heap)
    yield "heap " + " ".join(heapq.heappop(heap)[1] for _ in range(len(heap)))

    @functools.lru_cache(None)
    def distance(a: str, b: str) -> int:
        if not a or not b:
            return len(a) + len(b)
        if a[0] == b[0]:
            return distance(a[1:], b[1:])
        return 1 + min(distance(a[1:], b), distance(a, b[1:]), distance(a[1:], b[1:]))

    yield f"distance {distance('container', 'webassembly')}"
    try:
        (lambda f: f(f))(lambda f: f(f))
    except RecursionError:
        yield "recursion is limited"
    yield string.Template("$who, ${what}!").substitute(who="Hello", what="template")


def main() -> int:
    parser = argparse.ArgumentParser(prog="report")
    parser.add_argument("--lines", type=int, default=2000)
    options = parser.parse_args()

    lines = list(invent(options.lines))
    parsed = [Request.parse(line) for line in lines]
    requests = [request for request in parsed if request]
    assert requests == sorted(requests)
    print(f"{len(requests)} requests, {parsed.count(None)} damaged lines")

    levels = collections.Counter(request.level for request in requests)
    print(json.dumps({level.value: levels[level] for level in Level}))
    times = [request.milliseconds for request in requests]
    print(f"median {statistics.median(times)} ms, p99 {percentile(times, 0.99)} ms, total {sum(times)} ms")

    by_path = collections.defaultdict(list)
    for request in requests:
        by_path[request.path].append(request)
    for path, group in sorted(by_path.items(), key=lambda item: (-len(item[1]), item[0]))[:3]:
        print(f"{path:<16} {len(group):>4} {max(r.milliseconds for r in group):>8}")
    with contextlib.closing(sqlite3.connect(":memory:")) as connection:
        for row in store(requests, connection):
            print(*row)

    round_trips(requests)
    with tempfile.TemporaryDirectory() as directory:
        print(files(pathlib.Path(directory), lines))
    for line in puzzles():
        print(line)
    print(textwrap.fill("All of this ran inside a WebAssembly container, on the standard library alone.", 40))
    return 3


if __name__ == "__main__":
    sys.exit(main())
