#!/usr/bin/env python3
"""Guests that take all they can get, each in its limits, and a neighbour that must not notice."""

import os
import select
import subprocess
import sys
import time
from pathlib import Path

from containers import RUNTIME, STATE, Leavings, bundle, output_of, processes, runtime, status_of, wait_until

LIMITS = {"memory": {"limit": 48 << 20, "swap": 48 << 20}, "pids": {"limit": 16}, "cpu": {"quota": 50000, "period": 100000}}
ROUNDS = 300  # of the neighbour's work
failed = passed = 0


def sum_after(rounds: int) -> int:
    """What guest.c's 'work' comes to: each round is the same step of 32-bit arithmetic."""
    factor, summand = 1, 0
    for i in range(100000):
        factor, summand = factor * 31 % 2**32, (summand * 31 + i) % 2**32
    result = 0
    for _ in range(rounds):
        result = (result * factor + summand) % 2**32
    return result


def check(what: str, good: bool, seen: object = "") -> None:
    global failed, passed
    passed += good
    failed += not good
    if not good:
        print(f"FAILED {what}: {seen}")


def run_hostile(name: str, arguments: list[str]) -> tuple[int, str]:
    return output_of("run", "--bundle", str(bundle(Path(f"/tmp/{name}"), arguments, **LIMITS)), name)


def contained() -> None:
    code, text = run_hostile("memory", ["memory"])
    check("a guest that fills memory is refused more, or ends", code in (3, 134, 137), (code, text))
    code, text = run_hostile("recurse", ["recurse"])
    check("endless recursion is a trap", code == 134 and "trap: " in text, (code, text))
    code, text = run_hostile("descriptors", ["descriptors"])
    check("descriptors run out", code == 3 and "after" in text, (code, text))
    code, text = run_hostile("disk", ["disk", "/tmp/big"])
    check("a file system fills up", code == 3 and "No space left on device after 1024 KiB" in text, (code, text))
    code, text = run_hostile("files", ["files", "/tmp"])
    check("a file system runs out of files", code == 3 and "No space left" in text, (code, text))


def exec_bomb() -> None:
    """Execs until the pids limit refuses them; then the container can still be removed."""
    folder = bundle(Path("/tmp/bomb"), ["sleep"], **LIMITS)
    runtime("create", "--bundle", str(folder), "bomb")
    runtime("start", "bomb")
    codes = [output_of("exec", "--detach", "bomb", "/guest.wasm", "spin") for _ in range(24)]
    refused = [text for code, text in codes if code != 0]
    check("some execs run", any(code == 0 for code, _ in codes), codes)
    check("execs beyond the pids limit are refused", len(refused) >= 8, codes)
    check("each in one line", all(text.count("\n") == 1 and "error" in text for text in refused), refused[:1])
    code, text = output_of("delete", "--force", "bomb")
    check("and it is all removed", code == 0 and wait_until(lambda: len(processes()) <= 2), (code, text, processes()))


def spins() -> None:
    """Whatever a guest does, SIGTERM ends it, and soon: the best of some tries, since others use the machine too."""
    for verb in ("spin", "sleep", "read"):
        folder = bundle(Path(f"/tmp/ends-{verb}"), [verb])
        times = []
        for number in range(8):
            name = f"ends-{verb}-{number}"
            # A pipe that nobody writes to is what 'read' reads.
            reading, writing = os.pipe()
            create = subprocess.run(
                [RUNTIME, "--root", str(STATE), "create", "--bundle", str(folder),
                 "--pid-file", "/tmp/pid", name],
                stdin=reading, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False,
            )  # fmt: skip
            runtime("start", name)
            pid = int(Path("/tmp/pid").read_text())
            descriptor = os.pidfd_open(pid)
            time.sleep(0.02)
            began = time.monotonic()
            killed = runtime("kill", name, "TERM")
            ended = wait_for_end(descriptor)
            times.append(time.monotonic() - began)
            check(f"'{verb}' ends on SIGTERM", create.returncode == killed.returncode == 0 and ended, name)
            for descriptor_left in (descriptor, reading, writing):
                os.close(descriptor_left)
            runtime("delete", "--force", name)
        check(f"'{verb}' ends within 50 ms of SIGTERM, kill included", min(times) < 0.05, times)


def wait_for_end(descriptor: int) -> bool:
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    return bool(poll.poll(5000))


def created_is_killed() -> None:
    folder = bundle(Path("/tmp/created"), ["sleep"])
    runtime("create", "--bundle", str(folder), "created")
    check("a created container is created", status_of("created") == "created", status_of("created"))
    code, text = output_of("kill", "created", "KILL")
    check("and can be killed", code == 0 and wait_until(lambda: status_of("created") == "stopped"), (code, text))
    code, text = output_of("delete", "created")
    check("and deleted", code == 0, (code, text))


def main() -> None:
    before = Leavings()
    neighbour = bundle(Path("/tmp/neighbour"), ["work", str(ROUNDS)])
    said = Path("/tmp/neighbour.said")
    with said.open("wb") as out:
        runtime("create", "--bundle", str(neighbour), "neighbour", out=out)
    runtime("start", "neighbour")
    contained()
    exec_bomb()
    check("the neighbour ends by itself", wait_until(lambda: status_of("neighbour") == "stopped", 60))
    check("with what it was to work out", said.read_text() == f"sum {sum_after(ROUNDS)}\n", said.read_text())
    runtime("delete", "neighbour")
    spins()
    created_is_killed()
    check("nothing is left", before.find() == "", before.find())
    print(f"{passed} passed, {failed} failed")
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
