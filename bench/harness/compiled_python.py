"""CPython compiled: how long that takes, how it starts, and how soon a running one has caught up."""

import contextlib
import os
import select
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from harness import compilers, measure, programs, runners
from harness.bench import Bench, progress
from harness.compilers import Command, Compilation
from harness.measure import Failed, Sample, Series
from harness.report import table

HELLO, PYTHON = "hello", "CPython -c pass"
WASMEDGE, NODE = "wasmedge AOT", "node"
CONTAINER, ENGINE, UNCACHED = "wherry run", "wherry's engine alone", "wherry run, nothing cached"


# ---- how long compilation takes


def compile_time(bench: Bench) -> str:
    title = "### Compiling CPython\n\n"
    progress("compiling CPython")
    try:
        module = runners.cpython(may_fetch=not bench.options.quick)
        ours = our_compilations(bench, module)
    except Failed as failure:
        bench.skip("compiling CPython", failure)
        return title + "Not measured: see the end."
    theirs = None
    try:
        theirs = compilers.wasmedge_compilation(bench, module)
    except Failed as failure:
        bench.skip("wasmedge compile of CPython", failure)
    if theirs is not None and not bench.options.quick:
        add_compile_targets(bench, ours, theirs)
    if not bench.options.quick:
        peak = max(each.peak for each in ours.values())
        bench.target("compiling CPython, peak memory", "<= 1500 MB", f"{peak:.0f} MB", peak <= 1500)
    rows = [compile_row(name, each, theirs) for name, each in ours.items()]
    if theirs is not None:
        rows.append(compile_row("wasmedge compile", theirs, theirs))
    when = f", {theirs.when}" if theirs is not None and theirs.when else ""
    kept = f"WasmEdge's time is kept with what it made{when}: it is not of this run.\n" if when else ""
    head = ["CPython", "wall s", "processor s", "largest MB", "artifact MB", "wall"]
    cores = len(os.sched_getaffinity(0))
    return (
        f"{title}The whole module on {cores} cores, once. The last column is to `wasmedge compile`, which has one thread.\n"
        + kept + "\n" + table(head, rows)
    )  # fmt: skip


def our_compilations(bench: Bench, module: Path) -> dict[str, Compilation]:
    tool = compilers.wherry_compile(bench)
    options = {"wherry-compile --quick": ["--quick"]}
    if not bench.options.quick:
        options["wherry-compile"] = []
    done = {}
    for name, flags in options.items():
        # The rest of the section runs what was made with nothing said.
        made = compilers.place_of(module, bench.out / "compiled", f"{''.join(flags)}.artifact")
        done[name] = compilers.compilation(bench, [str(tool), *flags, str(module), str(made)], made)
    return done


def compile_row(name: str, each: Compilation, theirs: Compilation | None) -> list[str]:
    ratio = "" if theirs is None else f"{each.wall / theirs.wall:.2f}x"
    size = each.made.stat().st_size / 1e6
    return [name, f"{each.wall:.1f}", f"{each.cpu:.1f}", f"{each.peak:.0f}", f"{size:.1f}", ratio]


def add_compile_targets(bench: Bench, ours: dict[str, Compilation], theirs: Compilation) -> None:
    quick, full = (ours[name].wall / theirs.wall for name in ("wherry-compile --quick", "wherry-compile"))
    what = "compiling CPython, against wasmedge compile"
    bench.target(f"{what}: quickly", "<= 1/5", f"{quick:.2f}", quick <= 0.2)
    bench.target(f"{what}: at full quality", "<= 1/2", f"{full:.2f}", full <= 0.5)


# ---- how it starts


def compiled_start(bench: Bench) -> str:
    progress("start of what is compiled")
    hello = programs.compile_hello(bench.sources, bench.out)
    quick = bench.options.quick
    found = start_series(bench, HELLO, hello.wasm, [], 3 if quick else 60)
    rows = [start_row(HELLO, who, each) for who, each in found.items()]
    if not quick:
        add_hello_targets(bench, found)
    try:
        python = runners.cpython(may_fetch=not quick)
        found = start_series(bench, PYTHON, python, ["-c", "pass"], 1 if quick else 7)
        rows += [start_row(PYTHON, who, each) for who, each in found.items()]
        if not quick:
            add_python_targets(bench, found)
    except Failed as failure:
        bench.skip("start of CPython, compiled", failure)
    head = ["start to end", "min ms", "median ms", "p95 ms", "cpu ms"]
    return (
        "### Start of compiled programs\n\n"
        "Wall time of the whole command, and its processor time; where something is cached, it was compiled before.\n"
        "With nothing cached, what goes on behind the program is ended with it, and its time is not counted.\n\n"
        + table(head, rows)
    )


def start_series(bench: Bench, title: str, module: Path, arguments: list[str], repeat: int) -> dict[str, Series]:
    """Those that can run it, in turns."""
    wanted = {
        CONTAINER: lambda: compilers.wherry_container(bench).prepare(module)(arguments),
        ENGINE: lambda: compilers.wherry_engine(bench).prepare(module)(arguments),
        WASMEDGE: lambda: wasmedge_command(bench, title, module, arguments),
        UNCACHED: lambda: uncached(bench, module, arguments),
        NODE: lambda: node_command(bench, module, arguments),
    }
    commands = {}
    for who, make in wanted.items():
        try:
            commands[who] = make()
            once(commands[who])
        except Failed as failure:
            commands.pop(who, None)
            bench.skip(f"{title}, {who}", failure)
    series = {who: Series() for who in commands}
    for _ in range(repeat):
        for who, command in commands.items():
            series[who].samples.append(once(command))
    return series


def wasmedge_command(bench: Bench, title: str, module: Path, arguments: list[str]) -> Command:
    if title == HELLO:
        return compilers.wasmedge(bench).prepare(module)(arguments)
    made = compilers.wasmedge_compilation(bench, module).made
    return Command([*compilers.wasmedge_program(bench)[1], str(made), *arguments])


def node_command(bench: Bench, module: Path, arguments: list[str]) -> Command:
    if "node" not in bench.found:
        raise Failed("no node")
    return Command(bench.found["node"].command(module, arguments))


def uncached(bench: Bench, module: Path, arguments: list[str]) -> Command:
    if "wherry" not in bench.found:
        raise Failed("no wherry")
    cache = bench.scratch / "empty-cache"
    return Command(
        bench.found["wherry"].command(module, arguments),
        {"WHERRY_TIER": "auto", "WHERRY_CACHE": str(cache)},
    )


def once(command: Command) -> Sample:
    if command.environment.get("WHERRY_TIER") != "auto":
        return command.run()
    shutil.rmtree(command.environment["WHERRY_CACHE"], ignore_errors=True)
    sample = measure.expect(measure.run_alone(command.words, command.environment), command.words)
    end_what_is_left()
    return sample


def end_what_is_left() -> None:
    """What a command has left behind is ours, its subreaper's."""
    while children := child_processes(os.getpid()):
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        for child in children:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)


def child_processes(of: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(child) for child in Path(f"/proc/{of}/task/{of}/children").read_text().split()]
    return []


def start_row(title: str, who: str, series: Series) -> list[str]:
    times = [series.walls()[0], series.wall(), series.wall_percentile(95), series.cpu()]
    return [f"{title}: {who}", *(f"{time * 1000:.1f}" for time in times)]


def add_hello_targets(bench: Bench, found: dict[str, Series]) -> None:
    for who in (CONTAINER, ENGINE):
        if who not in found:
            continue
        wall = found[who].wall()
        what = f"hello, cached ({who})"
        bench.target(f"{what}, median", "<= 2 ms", f"{wall * 1000:.1f} ms", wall <= 0.002)
        if WASMEDGE in found:
            ratio = wall / found[WASMEDGE].wall()
            bench.target(f"{what}, against wasmedge AOT", "<= 1/8", f"{ratio:.2f}", ratio <= 1 / 8)


def add_python_targets(bench: Bench, found: dict[str, Series]) -> None:
    # The engine alone validates the module each time, which the command remembers.
    if {CONTAINER, WASMEDGE} <= found.keys():
        ratio = found[CONTAINER].wall() / found[WASMEDGE].wall()
        what = f"CPython -c pass, cached ({CONTAINER}), against wasmedge AOT"
        bench.target(what, "<= 1/2", f"{ratio:.2f}", ratio <= 0.5)
    if {UNCACHED, NODE} <= found.keys():
        ratio = found[UNCACHED].wall() / found[NODE].wall()
        bench.target("CPython -c pass, nothing cached, against node", "<= 1", f"{ratio:.2f}", ratio <= 1)


# ---- how soon a running program has caught up

WINDOW = 1.0  # seconds that count as a rate


@dataclass(frozen=True)
class Point:
    wall: float  # seconds since the command was started
    cpu: float  # seconds, of the guest's process
    done: int


def catching_up(bench: Bench) -> str:
    title = "### Catching up\n\n"
    if bench.options.quick:
        return title + "Not measured: quick."
    progress("a script that is compiled while it runs")
    try:
        module = runners.cpython(may_fetch=True)
        compiled = compilers.wherry_container(bench).prepare(module)
        slow = rate_of(run_script(bench, uncompiled(bench, module), 10**6, 5))
        fast = rate_of(run_script(bench, compiled, 10**6, 5))
        command = uncached(bench, module, [])
        shutil.rmtree(command.environment["WHERRY_CACHE"], ignore_errors=True)
        start = lambda arguments: Command([*command.words, *arguments], command.environment)  # noqa: E731
        points = run_script(bench, start, 10**6, 10)
    except Failed as failure:
        bench.skip("catching up", failure)
        return title + "Not measured: see the end."
    moment = caught_up(points, 0.9 * fast)
    shown = "never" if moment is None else f"{moment:.1f} s"
    pieces = round(20 * slow)
    taken = next((f"{point.wall:.1f} s" for point in points if point.done >= pieces), "more than 10 s")
    bench.target("90 % of compiled speed, since the start", "<= 5 s", shown, moment is not None and moment <= 5)
    rows = []
    for second in range(int(points[-1].wall) + 1):
        inside = [point for point in points if second <= point.wall < second + 1]
        if len(inside) > 1:
            rows.append([f"{second} to {second + 1}", f"{rate_between(inside[0], inside[-1]) / fast * 100:.0f} %"])
    return (
        f"{title}A script in CPython, nothing cached, that does {slow:.1f} pieces of work a second when it is interpreted, and\n"
        f"{fast:.1f} when it was compiled before: its rate in each second since the start of the command, and the moment from\n"
        f"which it keeps 90 % for a second: {shown}. The {pieces} pieces that take 20 s interpreted were done after {taken}.\n"
        "A rate is of the guest's processor time, so that what else the machine does is not taken for slowness.\n\n"
        + table(["second", "of compiled speed"], rows)
    )  # fmt: skip


def uncompiled(bench: Bench, module: Path):
    return lambda arguments: Command(
        bench.found["wherry"].command(module, arguments), {"WHERRY_TIER": "interpreter"}
    )


def run_script(bench: Bench, start, chunks: int, seconds: float) -> list[Point]:
    script = (bench.sources / "programs" / "rate.py").read_text()
    command = start(["-c", script, str(chunks), str(seconds)])
    begin = time.monotonic()
    running = subprocess.Popen(
        command.words, env={**os.environ, **command.environment}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    try:
        points = [
            Point(time.monotonic() - begin, guest_seconds(running.pid), int(line))
            for line in lines_of(running, begin + 120)
        ]
        if running.wait() != 0 or len(points) < 3:
            raise Failed(f"'{command.words[0]}' ended with status {running.returncode}")
        return points
    except ValueError as error:
        raise Failed(f"the script printed something else: {error}") from None
    finally:
        running.kill()
        running.wait()
        running.stdout.close()
        end_what_is_left()


def lines_of(running: subprocess.Popen, until: float) -> Iterator[str]:
    """As they come; the last may come when the guest is no more."""
    rest = b""
    while select.select([running.stdout], [], [], max(0, until - time.monotonic()))[0]:
        piece = os.read(running.stdout.fileno(), 1 << 16)
        if not piece:
            return
        *lines, rest = (rest + piece).split(b"\n")
        yield from (line.decode(errors="replace") for line in lines)
    raise Failed("the script does not end")


def guest_seconds(root: int) -> float:
    """Processor time of the process below the command that has had most, the compiler aside."""
    most, waiting = 0.0, [root]
    while waiting:
        process = waiting.pop()
        waiting += child_processes(process)
        with contextlib.suppress(OSError, ValueError, IndexError):
            if "compile" in Path(f"/proc/{process}/comm").read_text():
                continue
            most = max(most, int(Path(f"/proc/{process}/schedstat").read_text().split()[0]) / 1e9)
    return most


def rate_between(first: Point, last: Point) -> float:
    return (last.done - first.done) / max(last.cpu - first.cpu, 1e-9)


def rate_of(points: list[Point]) -> float:
    """Of the second half: CPython's own start is over then. The last line comes when the guest may be gone."""
    points = [point for point in points if point.cpu > 0][:-1]
    return rate_between(points[len(points) // 2], points[-1])


def caught_up(points: list[Point], wanted: float) -> float | None:
    """Since the start of the command, the first moment from which the rate of a window is the wanted one."""
    points = points[:-1]
    for i, first in enumerate(points):
        last = next((point for point in points[i + 1 :] if point.wall - first.wall >= WINDOW), None)
        if last is not None and rate_between(first, last) >= wanted:
            return first.wall
    return None
