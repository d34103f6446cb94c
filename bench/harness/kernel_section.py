"""The kernels: each runner beside native code."""

from dataclasses import dataclass

from harness import measure, programs
from harness.bench import Bench, progress
from harness.measure import Series
from harness.programs import KERNELS, MORE_KERNELS, Program
from harness.report import table
from harness.runners import Runner

# wasmedge's interpreter is so much slower that it does a tenth of the work, and Wherry the same tenth
# beside it.
SCALES = {"full": 100, "small": 10}
QUICK_SCALES = {"full": 2, "small": 1}


@dataclass
class KernelTimes:
    ours: str  # "wherry", or "engine" in its place
    full: dict[str, Series]
    small: dict[str, Series]

    def to_native(self, runner: str) -> float | None:
        return self.full[runner].cpu() / self.full["native"].cpu() if runner in self.full else None

    def wasmedge_to_ours(self) -> float | None:
        if not {self.ours, "wasmedge"} <= self.small.keys():
            return None
        return self.small["wasmedge"].cpu() / self.small[self.ours].cpu()


def kernels(bench: Bench) -> str:
    times = {}
    for name in programs.chosen_kernels(bench.options.only):
        progress(f"kernel {name}")
        times[name] = measure_kernel(bench, programs.compile_kernel(bench.sources, bench.out, name))

    rows = []
    for group, title in ((KERNELS, "geomean of the seven"), (MORE_KERNELS, "geomean of the others")):
        chosen = {name: times[name] for name in group if name in times}
        rows += [kernel_row(name, time) for name, time in chosen.items()]
        if len(chosen) == len(group):
            means = [geomean(list(chosen.values()), ratio) for ratio in RATIOS]
            rows.append([f"**{title}**", "", "", *map(ratio_text, means)])
            if group is KERNELS:
                add_targets(bench, wherry=means[0], wasmedge=means[2])
    scales = QUICK_SCALES if bench.options.quick else SCALES
    ours = "engine" if bench.options.engine else "wherry"
    head = ["kernel", "native s", f"{ours} s", ours, "node", f"wasmedge / {ours}"]
    return (
        "### Kernels\n\n"
        f"Processor time (user and system, the whole process tree, start-up included, median). `{ours}` and\n"
        f"`node` are multiples of native, at scale {scales['full']}. The last column is how many times longer\n"
        f"wasmedge's interpreter takes than `{ours}`, at scale {scales['small']}.\n\n" + table(head, rows)
    )


def measure_kernel(bench: Bench, program: Program) -> KernelTimes:
    quick, repeat = bench.options.quick, bench.options.repeat
    scales = QUICK_SCALES if quick else SCALES
    ours = "engine" if bench.options.engine else "wherry"
    full = at_scale(program, scales["full"], bench.chosen(ours, "node"), 1 if quick else repeat)
    if "wasmedge" not in bench.found:
        return KernelTimes(ours, full, {})
    small = at_scale(program, scales["small"], bench.chosen(ours, "wasmedge"), 1 if quick else min(3, repeat))
    return KernelTimes(ours, full, small)


def at_scale(program: Program, scale: int, runners: list[Runner], repeat: int) -> dict[str, Series]:
    """Natively and by the runners, in turns; all must print what the first native run prints."""
    commands = {"native": [str(program.native), str(scale)]}
    commands |= {runner.name: runner.command(program.wasm, [str(scale)]) for runner in runners}
    wanted = measure.expect(measure.run_once(commands["native"]), commands["native"]).output
    return measure.in_turns(commands, repeat, wanted)


RATIOS = (
    lambda time: time.to_native(time.ours),
    lambda time: time.to_native("node"),
    lambda time: time.wasmedge_to_ours(),
)


def kernel_row(name: str, times: KernelTimes) -> list[str]:
    seconds = [f"{times.full[who].cpu():.3f}" if who in times.full else "" for who in ("native", times.ours)]
    return [name, *seconds, *(ratio_text(ratio(times)) for ratio in RATIOS)]


def geomean(times: list[KernelTimes], ratio) -> float | None:
    """None where a kernel was not measured: a mean of some is not the mean."""
    ratios = [ratio(time) for time in times]
    return None if None in ratios else measure.geometric_mean(ratios)


def ratio_text(ratio: float | None) -> str:
    return "" if ratio is None else f"{ratio:.2f}x"


def add_targets(bench: Bench, wherry: float | None, wasmedge: float | None) -> None:
    if bench.options.quick or bench.options.engine:
        return
    if wherry is not None:
        bench.target("interpreter, geomean of the seven", "<= 8x native", ratio_text(wherry), wherry <= 8)
    if wasmedge is not None:
        bench.target("against wasmedge's interpreter", ">= 6x faster", ratio_text(wasmedge), wasmedge >= 6)
