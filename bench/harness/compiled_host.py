"""What compiled code costs at its borders: a call of the host, and the memory of a second container."""

import contextlib
import os
import re
import select
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness import compilers, programs, runners
from harness.bench import Bench, progress
from harness.compiled_python import child_processes, end_what_is_left
from harness.compilers import Command, Start
from harness.measure import Failed
from harness.report import table


def host_call(bench: Bench) -> str:
    progress("calls of the host, compiled")
    module = programs.compile_host_loop(bench.sources, bench.out)
    count = "1000" if bench.options.quick else "2000000"
    program = str(runners.build_bench(bench.options.build, "host_call_bench"))
    commands = {"interpreted": Command([program, str(module), count])}
    try:
        environment = compilers.wherry_engine(bench).prepare(module)([]).environment
        commands["compiled"] = Command([program, str(module), count], environment)
    except Failed as failure:
        bench.skip("calls of the host, compiled", failure)
    least = {}
    for _ in range(1 if bench.options.quick else 5):
        for who, command in commands.items():
            value = float(command.run().output.split()[1])
            least[who] = min(value, least.get(who, value))
    if "compiled" in least and not bench.options.quick:
        value = least["compiled"]
        bench.target("call of a host function and back, compiled", "<= 6 ns", f"{value:.1f} ns", value <= 6)
    return (
        "### Calls of the host\n\n"
        "Nanoseconds a call of a host function that adds one to its argument, and back, the loop taken off: the\n"
        "least of 75 passes.\n\n" + table(["guest", "ns"], [[who, f"{value:.1f}"] for who, value in least.items()])
    )


@dataclass(frozen=True)
class Pages:
    """Of a process, in kB, by its smaps."""

    mapped: int  # of the artifact
    artifact_rss: int
    artifact_private: int  # changed by the process, or nobody else's
    all_private: int
    all_pss: int


def second_container(bench: Bench) -> str:
    title = "### Memory of a second container\n\n"
    progress("memory of a second container")
    rows = []
    for who, find in (("wherry run", compilers.wherry_container), ("engine alone", compilers.wherry_engine)):
        try:
            module = runners.cpython(may_fetch=not bench.options.quick)
            first, second = beside_each_other(find(bench).prepare(module))
        except Failed as failure:
            bench.skip(f"memory of a second container, {who}", failure)
            continue
        for name, pages in (("first", first), ("second", second)):
            figures = (
                pages.mapped, pages.artifact_rss, pages.artifact_private, pages.all_private, pages.all_pss
            )  # fmt: skip
            rows.append([f"{who}: {name}", *(f"{kilobytes / 1000:.2f}" for kilobytes in figures)])
        if not bench.options.quick:
            shown = f"{second.artifact_private} kB of {second.artifact_rss} kB resident"
            bench.target(
                f"a second container's own pages of the artifact ({who})", "0", shown,
                second.artifact_rss > 0 and second.artifact_private == 0,
            )  # fmt: skip
    if not rows:
        return title + "Not measured: see the end."
    head = ["process", "artifact MB", "resident", "its own", "own of all", "PSS of all"]
    return (
        f"{title}Two that run the same compiled CPython, which sleeps, by the second's and the first's `smaps`: the size of the\n"
        "artifact's mappings, how much of that is resident and how much is no other process's, and what of all the\n"
        "process's pages is its own.\n\n" + table(head, rows)
    )  # fmt: skip


def beside_each_other(start: Start) -> tuple[Pages, Pages]:
    command = start(["-c", "import time; print('there', flush=True); time.sleep(600)"])
    try:
        with sleeping(command) as first, sleeping(command) as second:
            return pages_of(first), pages_of(second)
    finally:
        end_what_is_left()


@contextlib.contextmanager
def sleeping(command: Command) -> Iterator[int]:
    """The pid of the process that runs the guest."""
    running = subprocess.Popen(
        command.words, env={**os.environ, **command.environment}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        if not select.select([running.stdout], [], [], 120)[0]:
            raise Failed(f"'{command.words[0]}' says nothing")
        said = os.read(running.stdout.fileno(), 1 << 16).decode(errors="replace")
        if said != "there\n":
            raise Failed(f"'{command.words[0]}' says '{said.strip()}'")
        time.sleep(0.2)
        yield guest_of(running.pid)
    finally:
        running.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            running.wait(timeout=5)
        running.kill()
        running.wait()
        running.stdout.close()


def guest_of(root: int) -> int:
    """The process below that has most memory."""
    sizes, waiting = {}, [root]
    while waiting:
        process = waiting.pop()
        waiting += child_processes(process)
        with contextlib.suppress(OSError):
            sizes[process] = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    return max(sizes, key=lambda process: sizes[process])


def pages_of(process: int) -> Pages:
    """The artifact's mappings are those of the file that is mapped for execution and is not a program's."""
    mappings = re.split(r"(?m)^(?=[0-9a-f]+-[0-9a-f]+ )", Path(f"/proc/{process}/smaps").read_text())[1:]
    heads = [mapping.split("\n", 1)[0].split(maxsplit=5) for mapping in mappings]
    program = os.readlink(f"/proc/{process}/exe")
    artifacts = {
        (head[3], head[4]) for head in heads
        if "x" in head[1] and head[4] != "0" and head[5].strip() not in (program, "[vdso]")
    }  # fmt: skip
    artifact = [mapping for mapping, head in zip(mappings, heads) if (head[3], head[4]) in artifacts]
    if not artifact:
        raise Failed("no artifact is mapped in the guest's process")

    def total(chosen: list[str], *fields: str) -> int:
        return sum(
            int(value) for field in fields for text in chosen
            for value in re.findall(rf"(?m)^{field}: +([0-9]+) kB", text)
        )  # fmt: skip

    private = ("Private_Clean", "Private_Dirty")
    return Pages(
        total(artifact, "Size"), total(artifact, "Rss"), total(artifact, *private),
        total(mappings, *private), total(mappings, "Pss"),
    )  # fmt: skip
