"""Containers by OCI runtimes: create, start, end and delete of a hello, from bundles of one shape."""

import contextlib
import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from harness import isolation, measure, programs, runners
from harness.bench import Bench, progress
from harness.container_cycle import Cycle, config
from harness.measure import Failed, Peak, Sample, Series
from harness.programs import run
from harness.report import table

OUTPUT = "Hello WebAssembly in Docker!"
OURS, CRUN, WASMEDGE = "wherry-runtime, Wasm", "crun, native", "crun + WasmEdge, Wasm"
Results = dict[str, tuple[Series, Peak]]


@dataclass(frozen=True)
class Contender:
    name: str
    runtime: list[str]
    argument: str  # what the container runs
    root: Path | None = None  # where the runtime is installed, if not in this machine's own
    wasm_handler: bool = False  # crun's, asked for by annotation
    # Options that have it make no cgroup; None where it always makes one.
    no_cgroup: tuple[str, ...] | None = None


def runtime(bench: Bench) -> str:
    program = bench.options.build / "bin" / "wherry-runtime"
    rows: list[list[str]] = []
    try:
        version = cpu_of_version(bench, program)
        contenders = find_contenders(bench, program)
        for cgroup in (True, False):
            title = "with a cgroup" if cgroup else "without"
            results = measured(bench, contenders, cgroup)
            rows += rows_of(title, results)
            if not bench.options.quick:
                add_targets(bench, title, results)
    except Failed as failure:
        bench.skip("containers by OCI runtimes", failure)
        if not rows:
            return "### Containers by OCI runtimes\n\nNot measured: see the end."
    head = ["create, start, end, delete", "min ms", "median ms", "p95 ms", "cpu ms", "largest MB", "all MB",
            "time", "memory"]  # fmt: skip
    return (
        "### Containers by OCI runtimes\n\n"
        "Wall time of `create`, `start`, the program's end and `delete`, and the processor time of all their\n"
        "processes. Memory is the high-water mark of resident pages (VmHWM): of the largest process, and of all\n"
        "processes of the four steps added up (shared pages counted in each). The last two columns are\n"
        "multiples of this machine's crun with the native hello: of its median time, and of its memory added up.\n\n"
        + table(head, rows)
        + f"\n\n`wherry-runtime --version` takes {version:.2f} ms of processor time (median)."
    )


def cpu_of_version(bench: Bench, program: Path) -> float:
    if not program.exists():
        raise Failed(f"'{program}' is not built")
    command = [str(program), "--version"]
    repeat = 5 if bench.options.quick else 100
    cpu = Series([measure.expect(measure.run_once(command), command) for _ in range(repeat)]).cpu() * 1000
    if not bench.options.quick:
        bench.target("wherry-runtime --version, processor time", "< 1 ms", f"{cpu:.2f} ms", cpu < 1)
    return cpu


def find_contenders(bench: Bench, program: Path) -> list[Contender]:
    if os.geteuid() != 0:
        raise Failed("it needs root")
    found = [Contender(OURS, [str(program)], "/hello.wasm", no_cgroup=())]
    disabled = ("--cgroup-manager", "disabled")
    for name, title, no_cgroup in (("crun", CRUN, disabled), ("runc", "runc, native", None)):
        path = shutil.which(name, path=os.environ.get("PATH", "") + ":/usr/sbin:/sbin")
        if path is None:
            bench.skip(title, Failed(f"'{name}' is not installed"))
        else:
            found.append(Contender(title, [path], "/hello", no_cgroup=no_cgroup))
    try:
        root = runners.crun_with_wasmedge(may_fetch=not bench.options.quick)
        crun = ["/usr/bin/crun"]
        # Its own --version wants a /proc.
        version = run(["chroot", str(root), "dpkg-query", "-W", "-f", "${Version}", "crun"])
        title = WASMEDGE.replace("crun", f"crun {version.split('-')[0]}")
        found.append(Contender(title, crun, "/hello.wasm", root, wasm_handler=True, no_cgroup=disabled))
    except Failed as failure:
        bench.skip(WASMEDGE, failure)
    return found


def measured(bench: Bench, contenders: list[Contender], cgroup: bool) -> Results:
    progress("containers by OCI runtimes, " + ("with a cgroup" if cgroup else "without"))
    hello = programs.compile_hello(bench.sources, bench.out)
    work = bench.scratch / ("runtime" if cgroup else "runtime.without")
    for folder in ("rootfs", "state"):
        (work / folder).mkdir(parents=True)
    shutil.copy(hello.native, work / "rootfs" / "hello")
    shutil.copy(hello.wasm, work / "rootfs" / "hello.wasm")
    shutil.copy(programs.compile_peak(bench.sources, bench.out), work / "peak")
    chosen = [one for one in contenders if cgroup or one.no_cgroup is not None]
    repeat = 3 if bench.options.quick else 60
    answers = isolation.in_child(lambda: measure_all(chosen, work, cgroup, repeat))
    results: Results = {}
    for name, (samples, peak, failure) in answers.items():
        if failure:
            bench.skip(name, Failed(failure))
        else:
            results[name] = (Series([Sample(wall, cpu, 0, "") for wall, cpu in samples]), Peak(*peak))
    return results


def measure_all(
    contenders: list[Contender], work: Path, cgroup: bool, repeat: int
) -> dict[str, tuple[list[list[float]], list[float], str]]:
    """In turns, in a mount namespace of our own: (wall, cpu) of every cycle, the peak, what went wrong."""
    isolation.drop_cgroup2_beside_v1()
    # As /run is, where runtimes keep their state.
    run(["mount", "-t", "tmpfs", "tmpfs", str(work / "state")])
    top = f"/wherry-bench.{os.getpid()}"
    cycles, failures = {}, {}
    samples: dict[str, list[list[float]]] = {one.name: [] for one in contenders}
    peaks: dict[str, list[float]] = {}
    for number, one in enumerate(contenders):
        cycles[one.name] = (one.root, prepare(one, number, work, f"{top}/{number}" if cgroup else None))
    try:
        for turn in range(repeat):
            for name, (root, cycle) in cycles.items():
                if name in failures:
                    continue
                try:
                    with isolation.inside(root):
                        if turn == 0:
                            found = sorted((cycle.memory() for _ in range(3)), key=lambda peak: peak.total)[1]
                            peaks[name] = [found.largest, found.total]
                        sample = cycle.time()
                    samples[name].append([sample.wall, sample.cpu])
                except Failed as failure:
                    failures[name] = str(failure)
    finally:
        remove_cgroup(top)
    return {name: (samples[name], peaks.get(name, []), failures.get(name, "")) for name in cycles}


def prepare(one: Contender, number: int, work: Path, cgroup: str | None) -> Cycle:
    base = str(work)
    if one.root is not None:
        enter_with(one.root, work)
        base = "/mnt"
    (work / "bundles" / str(number)).mkdir(parents=True)
    annotations = {"run.oci.handler": "wasm"} if one.wasm_handler else {}
    text = json.dumps(config(one.argument, f"{base}/rootfs", cgroup, annotations))
    (work / "bundles" / str(number) / "config.json").write_text(text)
    state = work / "state" / str(number)
    state.mkdir()
    options = [] if cgroup is not None else list(one.no_cgroup or ())
    return Cycle(
        [*one.runtime, "--root", f"{base}/state/{number}", *options],
        f"{base}/bundles/{number}", f"{base}/state", f"{base}/peak", OUTPUT,
    )  # fmt: skip


def enter_with(root: Path, work: Path) -> None:
    """Makes a root directory that can be entered of a folder: this machine's kernel, and work in /mnt."""
    run(["mount", "--bind", str(root), str(root)])
    for folder in ("/proc", "/sys", "/dev"):
        run(["mount", "--rbind", folder, str(root) + folder])
    run(["mount", "--rbind", str(work), str(root / "mnt")])


def remove_cgroup(path: str) -> None:
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, folder, kind, *_ = line.split()
        if kind in ("cgroup", "cgroup2"):
            with contextlib.suppress(OSError):
                os.rmdir(folder + path)


def rows_of(title: str, results: Results) -> list[list[str]]:
    rows = []
    for name, (series, peak) in results.items():
        times = [series.walls()[0], series.wall(), series.wall_percentile(95), series.cpu()]
        ratios = ["", ""]
        if CRUN in results:
            crun, its_peak = results[CRUN]
            ratios = [f"{series.wall() / crun.wall():.2f}x", f"{peak.total / its_peak.total:.2f}x"]
        rows.append(
            [f"{title}: {name}", *(f"{time * 1000:.1f}" for time in times)]
            + [f"{peak.largest:.1f}", f"{peak.total:.1f}", *ratios]
        )
    return rows


def add_targets(bench: Bench, title: str, results: Results) -> None:
    if OURS not in results:
        return
    ours, our_peak = results[OURS]
    for name, (series, peak) in results.items():
        if name.startswith("crun"):
            time, memory = ours.wall() / series.wall(), our_peak.total / peak.total
            bench.target(f"container {title}, against {name}: time", "<= 1/3", f"{time:.2f}", time <= 1 / 3)
            bench.target(f"container {title}, against {name}: memory", "<= 1/4", f"{memory:.2f}", memory <= 1 / 4)
