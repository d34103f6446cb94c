"""What is measured: the kernels and the little programs, compiled into the output folder."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from harness.measure import Failed

# The seven over which the interpreter's target is stated, then those reported apart.
KERNELS = ["matmul", "nbody", "sort", "hashmap", "strsearch", "sha256", "json"]
MORE_KERNELS = [
    "gemm", "stencil", "align", "knapsack", "crc32", "chacha", "mandelbrot", "fannkuch", "lz", "dispatch",
    "automaton",
]  # fmt: skip


def chosen_kernels(only: list[str] | None) -> list[str]:
    for name in only or []:
        if name not in KERNELS + MORE_KERNELS:
            raise Failed(f"no kernel named '{name}'")
    return only or KERNELS + MORE_KERNELS


FLAGS = ["-O2", "-std=gnu11", "-ffp-contract=off", "-Wall", "-Wextra", "-Werror"]
WASM_FLAGS = ["--target=wasm32-wasi", "--sysroot=/usr", "-Wl,--strip-debug"]


@dataclass(frozen=True)
class Program:
    name: str
    native: Path
    wasm: Path


def compile_c(source: Path, target: Path, extra: list[str]) -> Path:
    newest = max(path.stat().st_mtime for path in (source, *source.parent.glob("*.h"), Path(__file__)))
    if not target.exists() or target.stat().st_mtime < newest:
        run(["clang-19", *FLAGS, *extra, str(source), "-o", str(target)])
    return target


def run(command: list[str]) -> str:
    try:
        done = subprocess.run(
            command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
        )
    except FileNotFoundError:
        raise Failed(f"'{command[0]}' is not installed") from None
    if done.returncode != 0:
        said = done.stdout.strip().splitlines() or ["no output"]
        why = next((line for line in said if "error: " in line), said[-1])
        raise Failed(f"'{' '.join(command)}' failed: {why}")
    return done.stdout


def compile_kernel(sources: Path, out: Path, name: str) -> Program:
    source = sources / "kernels" / f"{name}.c"
    return Program(
        name,
        compile_c(source, out / f"{name}.native", []),
        compile_c(source, out / f"{name}.wasm", WASM_FLAGS),
    )


def compile_native(sources: Path, out: Path, name: str, flags: list[str]) -> Path:
    target = out / f"{name}-O3{''.join(flags)}.native"
    # Of some processors clang itself finds features that it warns of.
    quiet = "-Wno-invalid-feature-combination"
    return compile_c(sources / "kernels" / f"{name}.c", target, ["-O3", *flags, quiet])


def compile_wasm(sources: Path, out: Path, name: str, flags: list[str]) -> Path:
    target = out / f"{name}-O3{''.join(flags)}.wasm"
    return compile_c(sources / "kernels" / f"{name}.c", target, [*WASM_FLAGS, "-O3", *flags])


def compile_program(sources: Path, out: Path, name: str, shown: str) -> Program:
    """One of programs/, the native one static: it is alone in its root file system."""
    source = sources / "programs" / f"{name}.c"
    return Program(
        shown,
        compile_c(source, out / f"{name}.native", ["-static"]),
        compile_c(source, out / f"{name}.wasm", WASM_FLAGS),
    )


def compile_hello(sources: Path, out: Path) -> Program:
    return compile_program(sources, out, "hello", "hello (C)")


def compile_rust_hello(repository: Path, out: Path) -> Program:
    """The example of the README, by Debian's rustc, which alone has Debian's wasm32-wasi library."""
    rustc = "/usr/bin/rustc" if Path("/usr/bin/rustc").exists() else shutil.which("rustc")
    sources = sorted((repository / "examples" / "hello").rglob("main.rs"))
    if rustc is None or not sources:
        raise Failed("no rustc" if rustc is None else "no examples/hello")
    native, wasm = out / "hello_rust.native", out / "hello_rust.wasm"
    if not wasm.exists() or wasm.stat().st_mtime < sources[0].stat().st_mtime:
        run([rustc, "-O", str(sources[0]), "-o", str(native)])
        run([rustc, "-O", "--target", "wasm32-wasi", str(sources[0]), "-o", str(wasm)])
    return Program("hello (Rust)", native, wasm)


def compile_host_call(sources: Path, out: Path) -> Path:
    return compile_c(sources / "programs" / "host_call.c", out / "host_call.wasm", WASM_FLAGS)


def compile_peak(sources: Path, out: Path) -> Path:
    return compile_c(sources / "programs" / "peak.c", out / "peak", [])


def compile_host_loop(sources: Path, out: Path) -> Path:
    flags = [*WASM_FLAGS, "-nostdlib", "-Wl,--no-entry"]
    return compile_c(sources / "programs" / "host_loop.c", out / "host_loop.wasm", flags)
