#!/usr/bin/env python3
"""SIGKILL for any process at any moment of a container's life: kill_anywhere.py [ROUNDS [SEED]].

Each round takes a container through create, start, exec, kill and delete; at a random moment a random process
of the runtime, init and execs among them, is killed. Whatever became of the round, `delete --force` then succeeds and
nothing is left: no process, no mount, no cgroup, no state.
"""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from containers import STATE, Leavings, bundle, output_of, processes, runtime

DELETES = [["--force"], []]


def life(container: str, folder: Path, delete: list[str]) -> list[str]:
    """Each command with its status: after a kill, some fail."""
    log = []
    for arguments in (
        ["create", "--bundle", str(folder), "--pid-file", f"/tmp/{container}.pid", container],
        ["start", container],
        ["exec", container, "/guest.wasm", "hello"],
        ["state", container],
        ["kill", container, "KILL"],
        ["delete", *delete, container],
    ):
        try:
            log.append(f"{arguments[0]} {runtime(*arguments).returncode}")
        except subprocess.TimeoutExpired:
            log.append(f"{arguments[0]} hangs")
            break
    return log


def peace(container: str, folder: Path, before: Leavings) -> float:
    """The seconds that a life takes in which nobody is killed."""
    began = time.monotonic()
    # By force: what was killed may take a moment to end.
    log = life(container, folder, ["--force"])
    seconds = time.monotonic() - began
    if log != ["create 0", "start 0", "exec 0", "state 0", "kill 0", "delete 0"] or before.find():
        sys.exit(f"FAILED a life in peace: {log}; left: {before.find()}")
    return seconds


class Killer(threading.Thread):
    def __init__(self, after: float) -> None:
        super().__init__()
        self.after = after
        self.killed = ""

    def run(self) -> None:
        time.sleep(self.after)
        # At the end of a life there may be no process just then: the next one is as good.
        for _ in range(200):
            victims = processes()
            random.shuffle(victims)
            for victim in victims:
                try:
                    name = Path(f"/proc/{victim}/cmdline").read_bytes().replace(b"\0", b" ").decode()
                    os.kill(victim, signal.SIGKILL)
                    self.killed = f"{victim} '{name.strip()}'"
                    return
                except OSError:
                    continue
            time.sleep(0.0005)


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 500
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.SystemRandom().randrange(1 << 32)
    random.seed(seed)
    print(f"seed {seed}")
    folder = bundle(Path("/tmp/bundle"), ["sleep"], pids={"limit": 50})
    before = Leavings()
    # The quickest of some: the first is slow, and a kill after a life's end meets nobody.
    whole = min(peace(f"peace{number}", folder, before) for number in range(5))
    failures = hit = 0
    for number in range(rounds):
        killer = Killer(random.uniform(0, whole))
        killer.start()
        log = life(f"c{number}", folder, random.choice(DELETES))
        killer.join()
        hit += bool(killer.killed)
        problem = ""
        if "hangs" in log[-1]:
            problem = log[-1]
        else:
            code, text = output_of("delete", "--force", f"c{number}")
            if code != 0:
                problem = f"delete --force: {code} {text.strip()}"
            elif left := before.find():
                problem = f"left: {left}"
        if problem:
            failures += 1
            print(f"FAILED round {number}: killed {killer.killed} after {killer.after * 1000:.2f} ms of "
                  f"{whole * 1000:.1f}; {', '.join(log)}; {problem}")  # fmt: skip
            sweep()
            if failures >= 10:
                break
    if hit < rounds / 2:
        sys.exit(f"FAILED only {hit} of {rounds} rounds met a process to kill")
    print(f"{hit} processes killed in {number + 1} rounds, {failures} rounds left something")
    sys.exit(failures != 0)


def sweep() -> None:
    """So that one round's leavings are not held against the next."""
    for pid in processes():
        os.kill(pid, signal.SIGKILL)
    time.sleep(0.1)
    subprocess.run(["rm", "-rf", str(STATE)], check=False)
    for path in sorted(Path("/sys/fs/cgroup").glob("**/robustness/*/"), reverse=True):
        subprocess.run(["rmdir", str(path)], check=False, stderr=subprocess.DEVNULL)


if __name__ == "__main__":
    main()
