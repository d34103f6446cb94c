"""containerd's shims: containers by one containerd and its client, what a shim adds to its runtime, memory.

shim_inside.py measures, in a root with everything in it and on a machine of its own as far as namespaces go.
"""

import json
import os
import shutil
import statistics
import subprocess
from pathlib import Path
from typing import Any

from harness import programs, runners
from harness.bench import Bench, progress
from harness.measure import Failed, Sample, Series
from harness.programs import run
from harness.report import table
from harness.runtime_section import OUTPUT

OURS, RUNC, CRUN, WASMEDGE = "wherry, Wasm", "runc, native", "crun, native", "crun + WasmEdge, Wasm"
GUESTS = {"spin": "one that spins", "read": "one blocked in a host call", "sleep": "one that sleeps"}
PROGRAMS = ["containerd-shim-wherry-v1", "wherry-runtime"]
# Which shim and runtime make the container; the others' shim is runc's, too.
SHIMS = {
    OURS: [f"/shared/bin/{program}" for program in PROGRAMS],
    RUNC: ["/usr/bin/containerd-shim-runc-v2", "/usr/sbin/runc"],
}
OF_RUNC = ["--runtime", "io.containerd.runc.v2"]
OPTIONS = {
    OURS: ["--runtime", "io.containerd.wherry.v1"],
    RUNC: OF_RUNC,
    CRUN: [*OF_RUNC, "--runc-binary", "/usr/bin/crun"],
    WASMEDGE: [*OF_RUNC, "--runc-binary", "/usr/bin/crun", "--annotation", "run.oci.handler=wasm"],
}
PATIENCE = 900
Answers = dict[str, Any]


def shim(bench: Bench) -> str:
    title = "### Containers by containerd\n\n"
    try:
        root = runners.containerd_root(may_fetch=not bench.options.quick)
        answers = measured(bench, root)
    except Failed as failure:
        bench.skip("containers by containerd", failure)
        return title + "Not measured: see the end."
    for name, reason in answers["failures"].items():
        bench.skip(f"{name}, by containerd", Failed(reason))
    if not bench.options.quick:
        add_targets(bench, answers)
    return title + "\n\n".join(
        [
            f"containerd {answers['containerd']}, {versions(root)}, all of Debian 13.",
            "Wall time of `ctr run --rm`, and the processor time of all that takes part, containerd and its\n"
            "client too; containers a second, four at a time. Ratios are to runc.",
            run_table(answers),
            "One container by the calls that containerd makes, without containerd: by the shim, by the same\n"
            "runtime alone, and the difference, which is the shim's own share.",
            calls_table(answers),
            "A container whose program sleeps: resident pages (RSS) of the shim, and proportional shares (PSS)\n"
            "of the shim and of all processes, the container's too.",
            memory_table(answers),
            "From the call of Kill with SIGTERM to the answer of Wait.",
            stop_table(answers),
            f"`containerd-shim-wherry-v1 -info` takes {median(answers['info']) * 1000:.2f} ms (median).",
        ]
    )


def measured(bench: Bench, root: Path) -> Answers:
    progress("containers by containerd")
    if os.geteuid() != 0:
        raise Failed("it needs root")
    shared = bench.scratch / "shim"
    prepare(bench, root, shared)
    log = shared / "output"
    command = [
        str(bench.repository / "tests" / "enter"), str(root), str(shared),
        "env", "PYTHONPATH=/shared", "PYTHONDONTWRITEBYTECODE=1", "PATH=/shared/bin:/usr/bin:/usr/sbin",
        "python3", "-m", "harness.shim_inside", "/shared",
    ]  # fmt: skip
    with log.open("wb") as out:
        # Not with our own Ctrl-C: it has to be asked to end, and then takes away what it made.
        inside = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
        try:
            status = inside.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            raise Failed(f"it has not ended in {PATIENCE} seconds") from None
        finally:
            if inside.poll() is None:
                inside.terminate()
                inside.wait()
    if status != 0:
        lines = log.read_text(errors="replace").strip().splitlines() or ["no output"]
        raise Failed(lines[-1].removeprefix("error: "))
    return json.loads((shared / "results.json").read_text())


def prepare(bench: Bench, root: Path, shared: Path) -> None:
    """Everything that is needed inside."""
    for folder in ("bin", "rootfs"):
        (shared / folder).mkdir(parents=True)
    for program in PROGRAMS:
        built = bench.options.build / "bin" / program
        if not built.exists():
            raise Failed(f"'{built}' is not built")
        shutil.copy(built, shared / "bin")
    shutil.copytree(bench.sources / "harness", shared / "harness")
    hello = programs.compile_hello(bench.sources, bench.out)
    waiting = programs.compile_program(bench.sources, bench.out, "waiting", "waiting")
    for program, name in ((hello, "hello"), (waiting, "waiting")):
        shutil.copy(program.native, shared / "rootfs" / name)
        shutil.copy(program.wasm, shared / "rootfs" / f"{name}.wasm")
    make_archive = str(bench.repository / "tests" / "interop" / "make_archive")
    for name, platform in (("native", "linux/amd64"), ("wasm", "wasi/wasm")):
        image = f"docker.io/library/{name}:latest"
        run([make_archive, image, platform, str(shared / "rootfs"), str(shared / f"{name}.tar"), "{}"])
    quick = bench.options.quick
    plan = {
        "output": OUTPUT + "\n",
        "runs": 2 if quick else 30,
        "rounds": 1 if quick else 3,
        "seconds": 0.1 if quick else 3,
        "memory": 1 if quick else 3,
        "calls": 2 if quick else 30,
        "stops": 1 if quick else 10,
        "info": 2 if quick else 100,
        "contenders": contenders(bench, root),
    }
    (shared / "plan.json").write_text(json.dumps(plan))


def contenders(bench: Bench, root: Path) -> dict[str, Any]:
    found = {}
    for name, options in OPTIONS.items():
        is_wasm = name.endswith("Wasm")
        if name == WASMEDGE and not any((root / "usr" / "lib").glob("*/libwasmedge.so.0")):
            bench.skip(f"{name}, by containerd", Failed(f"no WasmEdge in '{root}'"))
            continue
        found[name] = {
            "options": [*options, "--platform", "wasi/wasm"] if is_wasm else options,
            "image": f"docker.io/library/{'wasm' if is_wasm else 'native'}:latest",
            "hello": "/hello.wasm" if is_wasm else "/hello",
            "waiting": "/waiting.wasm" if is_wasm else "/waiting",
        }
        if name in SHIMS:
            found[name]["shim"], found[name]["runtime"] = SHIMS[name]
    return found


def versions(root: Path) -> str:
    query = ["chroot", str(root), "dpkg-query", "-W", "-f", "${Package} ${Version}\n", "runc", "crun"]
    return ", ".join(line.split("-")[0].split("+")[0] for line in run(query).splitlines())


def run_table(answers: Answers) -> str:
    rows = []
    for name, runs in answers["run"].items():
        if not runs or name in answers["failures"]:
            continue
        series = Series([Sample(wall, cpu, 0, "") for wall, cpu in runs])
        times = [series.walls()[0], series.wall(), series.wall_percentile(95), series.cpu()]
        ratios = [ratio(time_of, answers, name), ratio(rate_of, answers, name)]
        rows.append([name, *map(milliseconds, times), ratios[0], f"{rate_of(answers, name):.1f}", ratios[1]])
    head = ["ctr run of hello", "min ms", "median ms", "p95 ms", "cpu ms", "time", "a second", "rate"]
    return table(head, rows)


def calls_table(answers: Answers) -> str:
    rows = []
    for name, runs in answers["calls"].items():
        if runs and name not in answers["failures"]:
            wall, cpu, alone, alone_cpu = (median(column) for column in zip(*runs))
            own, own_cpu = own_of(answers, name)
            columns = [wall, alone, own, cpu, alone_cpu, own_cpu]
            rows.append([name, *map(milliseconds, columns), ratio(lambda *of: own_of(*of)[0], answers, name)])
    head = ["hello", "shim ms", "alone ms", "own ms", "shim cpu ms", "alone cpu ms", "own cpu ms", "own"]
    return table(head, rows)


def memory_table(answers: Answers) -> str:
    rows = []
    for name, runs in answers["memory"].items():
        if runs and name not in answers["failures"]:
            rss, pss, shims, processes = (median(column) for column in zip(*runs))
            rows.append([name, f"{rss:.1f}", f"{shims:.1f}", f"{pss:.1f}", f"{processes:.0f}"])
    return table(["idle", "shim RSS MB", "shim PSS MB", "all PSS MB", "processes"], rows)


def stop_table(answers: Answers) -> str:
    rows = [
        [title, milliseconds(median(answers["stop"][guest])), milliseconds(max(answers["stop"][guest]))]
        for guest, title in GUESTS.items()
    ]
    return table(["guest", "median ms", "longest ms"], rows)


def time_of(answers: Answers, name: str) -> float:
    return median([wall for wall, _ in answers["run"][name]])


def rate_of(answers: Answers, name: str) -> float:
    counts, seconds = zip(*answers["parallel"][name])
    return sum(counts) / sum(seconds)


def own_of(answers: Answers, name: str) -> tuple[float, float]:
    """What the shim adds: wall and processor time."""
    runs = answers["calls"][name]
    return median([run[0] - run[2] for run in runs]), median([run[1] - run[3] for run in runs])


def ratio(of: Any, answers: Answers, name: str) -> str:
    return "" if RUNC in answers["failures"] else f"{of(answers, name) / of(answers, RUNC):.2f}x"


def add_targets(bench: Bench, answers: Answers) -> None:
    if OURS in answers["failures"]:
        return
    if RUNC not in answers["failures"]:
        time = time_of(answers, OURS) / time_of(answers, RUNC)
        bench.target("ctr run of hello, against runc: time", "<= 0.75", f"{time:.2f}", time <= 0.75)
        own = own_of(answers, OURS)[0] / own_of(answers, RUNC)[0]
        bench.target("the shim's own share of it, against runc's", "<= 1/4", f"{own:.2f}", own <= 0.25)
        rate = rate_of(answers, OURS) / rate_of(answers, RUNC)
        bench.target("containers a second, four at a time, against runc", ">= 2x", f"{rate:.2f}x", rate >= 2)
    rss, pss, _, _ = (median(column) for column in zip(*answers["memory"][OURS]))
    bench.target("the shim's resident memory", "<= 4 MB", f"{rss:.1f} MB", rss <= 4)
    bench.target("shim and container of an idle guest, PSS", "<= 6 MB", f"{pss:.1f} MB", pss <= 6)
    longest = max(map(max, answers["stop"].values()))
    bench.target("SIGTERM to exit, longest", "< 50 ms", f"{longest * 1000:.1f} ms", longest < 0.05)
    info = median(answers["info"])
    bench.target("the shim's -info", "< 2 ms", f"{info * 1000:.2f} ms", info < 0.002)


def median(values: Any) -> float:
    return statistics.median(values)


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.1f}"
