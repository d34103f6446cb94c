"""What happens before and between a guest's own instructions: decoding, validation, calls of the host."""

from harness import measure, programs, runners
from harness.bench import Bench, progress
from harness.measure import Failed
from harness.report import table


def decode(bench: Bench) -> str:
    title = "### Decoding and validation\n\n"
    progress("decoding and validation")
    try:
        values = run_decode_bench(bench)
    except Failed as failure:
        bench.skip("decoding and validation", failure)
        return title + "Skipped."
    code, whole = values["code_bytes"] / 1e6, values["file_bytes"] / 1e6
    if not bench.options.quick:
        of_code = code / values["both_seconds"]
        of_file = whole / values["both_seconds"]
        measured = f"{of_code:.0f} MB/s of code, {of_file:.0f} MB/s of the file"
        bench.target("decode + validate, one core, judged by code", ">= 150 MB/s", measured, of_code >= 150)
    rows = []
    for step in ("decode", "validate", "both"):
        time = values[f"{step}_seconds"]
        rows.append([step, f"{time * 1000:.1f}", f"{whole / time:.0f}", f"{code / time:.0f}"])
    return (
        f"{title}CPython's module: {whole:.1f} MB, of which {code:.1f} MB are the code of its "
        f"{values['functions']:.0f} functions\n"
        "(most of the rest is data: its library). One thread, its processor time, median.\n\n"
        + table(["step", "ms", "MB/s of the file", "MB/s of its code"], rows)
    )


def run_decode_bench(bench: Bench) -> dict[str, float]:
    quick = bench.options.quick
    module = runners.cpython(may_fetch=not quick)
    program = runners.build_bench(bench.options.build, "decode_bench")
    lines = programs.run([str(program), str(module), "1" if quick else "25"])
    return {name: float(value) for name, value in (line.split() for line in lines.splitlines())}


def host(bench: Bench) -> str:
    progress("host calls")
    wasm = programs.compile_host_call(bench.sources, bench.out)
    rows = []
    for name, runner in bench.found.items():
        command = runner.command(wasm, ["1000" if bench.options.quick else "200000"])
        lines = measure.expect(measure.run_once(command), command).output.splitlines()
        values = dict(line.split() for line in lines)
        rows.append([name, values["args_sizes_get"], values["clock_time_get"]])
    return (
        "### Host calls\n\n"
        "Nanoseconds a call, by the guest's clock, an empty call taken off: `args_sizes_get` writes two\n"
        "numbers to memory, `clock_time_get` asks the kernel as well.\n\n"
        + table(["runner", "args_sizes_get", "clock_time_get"], rows)
    )
