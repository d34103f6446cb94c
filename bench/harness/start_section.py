"""The start of programs that do next to nothing: from start to end of a command, and its memory."""

import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from harness import measure, programs, runners
from harness.bench import Bench, progress
from harness.measure import Failed, Peak, Series
from harness.report import table

IMAGE = "wherry, from an image"


@dataclass
class Started:
    title: str
    commands: dict[str, list[str]]
    repeat: int


def start(bench: Bench) -> str:
    with tempfile.TemporaryDirectory(prefix="wherry-bench.", dir=tmpfs()) as run_root:
        return measured(bench, {"WHERRY_ROOT": str(bench.scratch / "store"), "WHERRY_RUN_ROOT": run_root})


def tmpfs() -> str | None:
    """Where wherry's run root is unless a machine is unusual: on a tmpfs."""
    mounted = [line.split() for line in Path("/proc/mounts").read_text().splitlines()]
    found = {mount[1] for mount in mounted if mount[2] == "tmpfs"}
    usual = [os.environ.get("XDG_RUNTIME_DIR", "/run"), "/run", "/dev/shm"]
    return next((path for path in usual if path in found and os.access(path, os.W_OK)), None)


def measured(bench: Bench, environment: dict[str, str]) -> str:
    peak_program = programs.compile_peak(bench.sources, bench.out)
    rows = []
    for started in what_starts(bench, environment):
        progress(f"start of {started.title}")
        series = measure.in_turns(started.commands, started.repeat, None, environment)
        for name, command in started.commands.items():
            peak = measure.peak_memory(peak_program, command, bench.scratch, environment)
            rows.append(start_row(f"{started.title}: {name}", series[name], peak))
            if started.title == "hello (C)" and name in ("wherry", IMAGE):
                add_targets(bench, f"hello ({name})", series[name].wall(), peak)
    head = ["start to end", "min ms", "median ms", "p95 ms", "cpu ms", "largest MB", "all MB"]
    return (
        "### Start\n\n"
        "Wall time of the whole command, and the processor time of its process tree. Memory is the high-water\n"
        "mark of resident pages: of the largest process, and of all processes of the tree added up (shared\n"
        "pages counted in each, processes counted though they are not there at the same time).\n\n"
        + table(head, rows)
    )


def what_starts(bench: Bench, environment: dict[str, str]) -> list[Started]:
    quick = bench.options.quick
    repeat = 5 if quick else 60
    hello = programs.compile_hello(bench.sources, bench.out)
    found = [Started(hello.name, commands_of(bench, hello.wasm, [], hello.native), repeat)]
    try:
        found[0].commands[IMAGE] = image_command(bench, hello.wasm, environment)
    except Failed as failure:
        bench.skip("hello from an image", failure)
    try:
        rust = programs.compile_rust_hello(bench.repository, bench.out)
        found.append(Started(rust.name, commands_of(bench, rust.wasm, [], rust.native), repeat))
    except Failed as failure:
        bench.skip("hello (Rust)", failure)
    try:
        python = runners.cpython(may_fetch=not quick)
        commands = commands_of(bench, python, ["-c", "pass"], None)
        found.append(Started("CPython -c pass", commands, 1 if quick else 7))
    except Failed as failure:
        bench.skip("CPython", failure)
    return found


def commands_of(bench: Bench, wasm: Path, arguments: list[str], native: Path | None) -> dict[str, list[str]]:
    commands = {} if native is None else {"native": [str(native), *arguments]}
    return commands | {name: runner.command(wasm, arguments) for name, runner in bench.found.items()}


def image_command(bench: Bench, hello: Path, environment: dict[str, str]) -> list[str]:
    if "wherry" not in bench.found:
        raise Failed("no wherry")
    wherry = str(bench.options.build / "bin" / "wherry")
    context = bench.scratch / "context"
    context.mkdir()
    (context / "hello.wasm").write_bytes(hello.read_bytes())
    dockerfile = 'FROM scratch\nCOPY hello.wasm /hello.wasm\nENTRYPOINT ["/hello.wasm"]\n'
    (context / "Dockerfile").write_text(dockerfile)
    build = [wherry, "build", "--platform", "wasi/wasm", "-t", "bench/hello", str(context)]
    measure.expect(measure.run_once(build, environment), build)
    return [wherry, "run", "--rm", "bench/hello"]


def start_row(name: str, series: Series, peak: Peak) -> list[str]:
    times = [series.walls()[0], series.wall(), series.wall_percentile(95), series.cpu()]
    return [name, *(f"{time * 1000:.1f}" for time in times), f"{peak.largest:.1f}", f"{peak.total:.1f}"]


def add_targets(bench: Bench, what: str, wall: float, peak: Peak) -> None:
    if bench.options.quick:
        return
    bench.target(f"start of {what}, median", "<= 5 ms", f"{wall * 1000:.1f} ms", wall <= 0.005)
    bench.target(f"memory of {what}, all processes", "<= 8 MB", f"{peak.total:.1f} MB", peak.total <= 8)
