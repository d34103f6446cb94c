#!/usr/bin/env python3
"""Containers made, started and deleted in great number leave nothing: cycles.py [CYCLES]."""

import subprocess
import sys
import time
from pathlib import Path

from containers import RUNTIME, STATE, Leavings, bundle, processes, runtime, states

WARM_UP = 20
# Growth over all cycles beyond which something is kept of each: other programs take some meanwhile.
ALLOWED = {"open files": 0.5, "shared memory KiB": 1, "mounts in the kernel": 1, "network namespaces": 0.25}


def counts() -> dict[str, int]:
    found = {"open files": int(Path("/proc/sys/fs/file-nr").read_text().split()[0])}
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("Shmem:"):
            found["shared memory KiB"] = int(line.split()[1])
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
