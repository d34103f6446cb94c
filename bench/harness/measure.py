"""Running one command, and commands in turns, with what they cost.

A command's processor time is that of its whole process tree: this process is made the subreaper, so that
a container's processes, which nobody of the tree may have waited for, end up here and are counted.
Not thread-safe: it waits for every child there is.
"""

import ctypes
import os
import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36


class Failed(Exception):
    """A command did not do what a measurement needs of it; the text is one line."""


@dataclass(frozen=True)
class Sample:
    wall: float  # seconds, of the command itself
    cpu: float  # seconds, user and system, of the tree
    status: int
    output: str
    user: float = 0  # seconds, of the tree


@dataclass
class Series:
    """What a command cost each time it ran."""

    samples: list[Sample] = field(default_factory=list)

    def cpu(self) -> float:
        return statistics.median(sample.cpu for sample in self.samples)

    def least_user(self) -> float:
        return min(sample.user for sample in self.samples)

    def walls(self) -> list[float]:
        return sorted(sample.wall for sample in self.samples)

    def wall(self) -> float:
        return statistics.median(self.walls())

    def wall_percentile(self, percent: float) -> float:
        walls = self.walls()
        return walls[min(len(walls) - 1, int(len(walls) * percent / 100))]


def become_subreaper() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        raise Failed("prctl(PR_SET_CHILD_SUBREAPER): " + os.strerror(ctypes.get_errno()))


def run_once(command: list[str], environment: dict[str, str] | None = None) -> Sample:
    """Runs the command to its end, and waits for whatever it leaves behind."""
    return run_and_wait(command, environment, whole_tree=True)


def run_alone(command: list[str], environment: dict[str, str] | None = None) -> Sample:
    """Runs the command to its end, and leaves alone what it leaves behind."""
    return run_and_wait(command, environment, whole_tree=False)


def run_and_wait(command: list[str], environment: dict[str, str] | None, whole_tree: bool) -> Sample:
    output = os.memfd_create("output")
    try:
        start = time.perf_counter()
        child = spawn(command, output, environment)
        _, status, usage = os.wait4(child, 0)
        wall = time.perf_counter() - start
        user, system = usage.ru_utime, usage.ru_stime
        while whole_tree:
            try:
                _, _, usage = os.wait4(-1, 0)
            except ChildProcessError:
                break
            user, system = user + usage.ru_utime, system + usage.ru_stime
        text = os.pread(output, os.fstat(output).st_size, 0).decode(errors="replace")
    finally:
        os.close(output)
    return Sample(wall, user + system, os.waitstatus_to_exitcode(status), text, user)


def spawn(command: list[str], output: int, environment: dict[str, str] | None = None) -> int:
    actions = [
        (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDONLY, 0),
        (os.POSIX_SPAWN_DUP2, output, 1),
        (os.POSIX_SPAWN_DUP2, output, 2),
    ]
    return os.posix_spawnp(command[0], command, {**os.environ, **(environment or {})}, file_actions=actions)


def expect(sample: Sample, command: list[str], output: str | None = None) -> Sample:
    """Throws Failed where the command failed or, with an output given, printed something else."""
    shown = " ".join(command)
    last = sample.output.strip().splitlines()[-1:] or ["no output"]
    if sample.status != 0:
        raise Failed(f"'{shown}' ended with status {sample.status}: {last[0]}")
    if output is not None and sample.output != output:
        raise Failed(f"'{shown}' printed '{last[0]}', not '{output.strip()}'")
    return sample


def in_turns(
    commands: dict[str, list[str]],
    repeat: int,
    output: str | None = None,
    environment: dict[str, str] | None = None,
) -> dict[str, Series]:
    """Runs A B C A B C ..., so that what else the machine does falls on all of them alike."""
    series = {name: Series() for name in commands}
    for _ in range(repeat):
        for name, command in commands.items():
            series[name].samples.append(expect(run_once(command, environment), command, output))
    return series


@dataclass(frozen=True)
class Peak:
    largest: float  # MB (10^6 bytes), the largest process of the tree
    total: float  # MB, the peaks of all its processes together, shared pages counted each time


def peak_memory(
    peak_program: Path, command: list[str], scratch: Path, environment: dict[str, str] | None = None
) -> Peak:
    """The memory of a tree: programs/peak.c tells each process's high-water mark. Median of three runs."""
    lines = scratch / "peak.txt"
    peaks = []
    for _ in range(3):
        expect(run_once([str(peak_program), str(lines), *command], environment), command)
        sizes = [int(line.split()[0]) * 1024 / 1e6 for line in lines.read_text().splitlines()]
        peaks.append(Peak(max(sizes), sum(sizes)))
    return sorted(peaks, key=lambda peak: peak.largest)[1]


def geometric_mean(values: list[float]) -> float:
    return statistics.geometric_mean(values)
