#!/usr/bin/env python3
"""Containers made, started and deleted in great number leave nothing: cycles.py [CYCLES]."""

import subprocess
import sys
import time
from pathlib import Path

from containers import RUNTIME, STATE, Leavings, bundle, processes, runtime, states

WARM_UP = 20
# Growth over all cycles beyond which something is kept of each. The kernel's own counts are the whole machine's, where
# others make containers meanwhile; one container has a dozen mounts and a network namespace.
ALLOWED = {"open files": 0, "shared memory KiB": 1, "mounts in the kernel": 4, "network namespaces": 0.5}


def open_files() -> int:
    """Of all processes here: this test, and whatever is left of the containers."""
    found = 0
    for folder in Path("/proc").glob("[0-9]*/fd"):
        try:
            found += len(list(folder.iterdir()))
        except OSError:
            continue
    return found


def counts() -> dict[str, int]:
    found = {"open files": open_files()}
    # Of the cgroup that all of this test is in, on either version.
    for place in ("/sys/fs/cgroup/memory/memory.stat", "/sys/fs/cgroup/memory.stat"):
        if Path(place).exists():
            stat = dict(line.split() for line in Path(place).read_text().splitlines())
            found["shared memory KiB"] = int(stat.get("total_shmem", stat.get("shmem", 0))) // 1024
    names = {"mnt_cache": "mounts in the kernel", "net_namespace": "network namespaces"}
    try:
        for line in Path("/proc/slabinfo").read_text().splitlines():
            if (name := line.split()[0]) in names:
                found[names[name]] = int(line.split()[1])
    except OSError:
        pass
    return found


def cycle(folder: Path) -> None:
    for arguments in (["create", "--bundle", str(folder), "c"], ["start", "c"]):
        if runtime(*arguments).returncode != 0:
            sys.exit(f"FAILED {arguments[0]}")
    # Its end is for `delete` to see: without --force it refuses while the guest runs.
    for _ in range(2000):
        if runtime("delete", "c").returncode == 0:
            return
        time.sleep(0.0005)
    sys.exit(f"FAILED the guest does not end: processes {processes()}, states {states()}")


def main() -> None:
    cycles = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    folder = bundle(Path("/tmp/bundle"), ["hello"], memory={"limit": 64 << 20}, pids={"limit": 50})
    before = Leavings()
    for _ in range(WARM_UP):
        cycle(folder)
    first = counts()
    began = time.monotonic()
    for _ in range(cycles):
        cycle(folder)
    each = (time.monotonic() - began) / cycles
    problems = [before.find()] if before.find() else []
    for what, allowed in ALLOWED.items():
        # Namespaces and mounts are taken down by the kernel when it finds the time.
        for _ in range(100):
            grown = counts().get(what, 0) - first.get(what, 0)
            if grown <= allowed * cycles:
                break
            time.sleep(0.1)
        else:
            problems.append(f"{grown} more {what}")
    left = subprocess.run(["find", str(STATE), "/tmp", "-newer", str(folder / "config.json"), "-type", "f"],
                          capture_output=True, text=True, check=False).stdout  # fmt: skip
    if left.strip():
        problems.append(f"files {left.split()}")
    if problems:
        sys.exit(f"FAILED after {cycles} cycles: {'; '.join(problems)}")
    print(f"{cycles} cycles of {Path(RUNTIME).name}, {each * 1000:.1f} ms each, left nothing")


if __name__ == "__main__":
    main()
