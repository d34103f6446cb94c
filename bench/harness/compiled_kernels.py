"""The kernels as compiled code, beside native code and beside what others compile."""

from dataclasses import dataclass

from harness import measure, programs
from harness.bench import Bench, progress
from harness.compilers import Command, Compiler, find_compilers
from harness.report import table

VARIANTS = {"plain": [], "simd": ["-msimd128"]}
NATIVE, TUNED = "native", "-march=native"
OURS, PEERS = "wherry", ("wasmedge AOT", "V8")
# Ratios: to native code, the geometric mean and the worst.
MEANS = {"plain": 1.12, "simd": 1.05}
WORST = 1.3
AGAINST = {"wasmedge AOT": 0.9, "V8": 0.85}
WORST_AGAINST_THE_BETTER = 1.05

Times = dict[str, float]  # seconds by "native", "-march=native", "plain wherry", ...


@dataclass(frozen=True)
class Column:
    title: str
    who: str
    to: str


def compiled_kernels(bench: Bench) -> str:
    compilers = find_compilers(bench)
    names = programs.chosen_kernels(bench.options.only)
    times = {name: kernel_times(bench, name, compilers) for name in names}
    title = "### Compiled kernels\n\n"
    if not bench.options.quick and not bench.options.only:
        for variant in VARIANTS:
            add_targets(bench, variant, times)
    scale = 2 if bench.options.quick else 100
    return (
        f"{title}Processor time in user mode of {scale - 1} units of work, start-up and compilation taken off: that of\n"
        f"scale {scale} less that of scale 1, the least of {repeats(bench)} runs each, in turns. Native is `clang-19 -O3`; ratios\n"
        "are to it but where another is named.\n\n"
        + "\n\n".join(kernel_table(variant, times) for variant in VARIANTS)
    )


def repeats(bench: Bench) -> int:
    return 1 if bench.options.quick else bench.options.repeat


def kernel_times(bench: Bench, name: str, compilers: dict[str, Compiler]) -> Times:
    progress(f"kernel {name}, compiled")
    starts = {}
    for who, flags in ((NATIVE, []), (TUNED, ["-march=native"])):
        program = str(programs.compile_native(bench.sources, bench.out, name, flags))
        starts[who] = lambda arguments, program=program: Command([program, *arguments])
    for variant, flags in VARIANTS.items():
        module = programs.compile_wasm(bench.sources, bench.out, name, flags)
        for who, compiler in compilers.items():
            try:
                starts[f"{variant} {who}"] = compiler.prepare(module)
            except measure.Failed as failure:
                bench.skip(f"{name}, {variant}, by {who}", failure)
    scales = ["2" if bench.options.quick else "100", "1"]
    wanted = {scale: starts[NATIVE]([scale]).run().output for scale in scales}
    series = {who: {scale: measure.Series() for scale in scales} for who in starts}
    for _ in range(repeats(bench)):
        for who in list(starts):
            try:
                for scale in scales:
                    series[who][scale].samples.append(starts[who]([scale]).run(wanted[scale]))
            except measure.Failed as failure:
                if who in (NATIVE, TUNED):
                    raise
                bench.skip(f"{name} by {who}", failure)
                del starts[who]
    return {
        who: max(series[who][scales[0]].least_user() - series[who][scales[1]].least_user(), 1e-4)
        for who in starts
    }


def columns(variant: str) -> list[Column]:
    ours = f"{variant} {OURS}"
    found = [Column("wherry", ours, NATIVE)]
    found += [Column(peer, f"{variant} {peer}", NATIVE) for peer in PEERS]
    found += [Column(f"wherry / {peer}", ours, f"{variant} {peer}") for peer in PEERS]
    return [*found, Column("wherry / -march=native", ours, TUNED)]


def ratio(column: Column, times: Times) -> float | None:
    if not {column.who, column.to} <= times.keys():
        return None
    return times[column.who] / times[column.to]


def mean(column: Column, times: dict[str, Times]) -> float | None:
    """None where a kernel was not measured: a mean of some is not the mean."""
    ratios = [ratio(column, each) for each in times.values()]
    return None if None in ratios else measure.geometric_mean(ratios)


def ratio_text(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}x"


def kernel_table(variant: str, times: dict[str, Times]) -> str:
    shown = columns(variant)
    rows = [
        [name, f"{each[NATIVE]:.3f}", *(ratio_text(ratio(column, each)) for column in shown)]
        for name, each in times.items()
    ]
    rows.append(["**geomean**", "", *(ratio_text(mean(column, times)) for column in shown)])
    head = "with -msimd128" if variant == "simd" else "without SIMD"
    return table([head, "native s", *(column.title for column in shown)], rows)


def to_the_better(variant: str, times: Times) -> float | None:
    """Our time to that of the better of those it is compared with."""
    others = [times[f"{variant} {peer}"] for peer in PEERS if f"{variant} {peer}" in times]
    ours = times.get(f"{variant} {OURS}")
    return ours / min(others) if ours is not None and len(others) == len(PEERS) else None


def add_targets(bench: Bench, variant: str, times: dict[str, Times]) -> None:
    title = "with SIMD" if variant == "simd" else "without SIMD"
    native, wasmedge, v8 = columns(variant)[0], columns(variant)[3], columns(variant)[4]

    def target(what: str, limit: float, measured: float | None, name: str = "") -> None:
        if measured is not None:
            shown = f"{measured:.2f}x {name}".strip()
            bench.target(f"compiled, {title}: {what}", f"<= {limit:.2f}x", shown, measured <= limit)

    def worst(of) -> tuple[float, str]:
        values = {name: of(each) for name, each in times.items()}
        if None in values.values():
            return None, ""
        name = max(values, key=lambda key: values[key])
        return values[name], f"({name})"

    target("native, geomean", MEANS[variant], mean(native, times))
    if variant == "simd":
        target("native, the worst", WORST, *worst(lambda each: ratio(native, each)))
    target("wasmedge AOT, geomean", AGAINST["wasmedge AOT"], mean(wasmedge, times))
    target("V8, geomean", AGAINST["V8"], mean(v8, times))
    better = worst(lambda each: to_the_better(variant, each))
    target("the better of both, the worst", WORST_AGAINST_THE_BETTER, *better)
