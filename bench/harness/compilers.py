"""Who runs a module as native code: each makes of a module what it compiles, and of that a command."""

import hashlib
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from harness import runners
from harness.bench import Bench
from harness.measure import Failed
from harness.programs import run


@dataclass(frozen=True)
class Compiler:
    name: str
    # Compiles the module, once, and makes of it and arguments a command line.
    prepare: Callable[[Path], Callable[[list[str]], list[str]]]


def find_compilers(bench: Bench) -> dict[str, Compiler]:
    """Those there are; why another is not is said among what was skipped."""
    wanted = {
        "wherry": lambda: wherry(bench),
        "wasmedge AOT": lambda: wasmedge(bench),
        "V8": lambda: v8(bench),
    }
    found = {}
    for name, find in wanted.items():
        try:
            found[name] = find()
        except Failed as failure:
            bench.skip(f"{name}, compiled", failure)
    return found


def digest(module: Path) -> str:
    return hashlib.sha256(module.read_bytes()).hexdigest()[:16]


def compiled_by(tool: Path, module: Path, folder: Path, suffix: str, command: list[str]) -> Path:
    """What a tool makes of a module, made anew where the tool is newer. The command names it {}."""
    folder.mkdir(parents=True, exist_ok=True)
    made = folder / f"{module.stem}-{digest(module)}{suffix}"
    if not made.exists() or made.stat().st_mtime < tool.stat().st_mtime:
        part = made.with_name("part-" + made.name)
        run([word.replace("{}", str(part)) for word in command])
        part.rename(made)
    return made


def wherry_compile(bench: Bench) -> Path:
    program = bench.options.build / "bin" / "wherry-compile"
    if not program.exists():
        raise Failed(f"'{program}' is not built")
    return program


def wherry(bench: Bench) -> Compiler:
    """The engine alone, without a container, with what wherry-compile has made."""
    tool = wherry_compile(bench)
    engine = runners.build_bench(bench.options.build, "engine_bench")
    environment = run([str(tool), "--environment"]).strip()

    def prepare(module: Path) -> Callable[[list[str]], list[str]]:
        command = [str(tool), str(module), "{}"]
        artifact = compiled_by(tool, module, bench.out / "compiled", ".artifact", command)
        set_up = ["env", f"WHERRY_ARTIFACT={artifact}", f"WHERRY_ENVIRONMENT={environment}"]
        return lambda arguments: [*set_up, str(engine), str(module), *arguments]

    return Compiler("wherry", prepare)


def wasmedge_program(bench: Bench) -> tuple[Path, list[str]]:
    """The compiler's library, which says its version, and the command that starts wasmedge."""
    if "wasmedge" not in bench.found:
        raise Failed("no wasmedge")
    command = bench.found["wasmedge"].command(Path("-"), [])
    return Path(command[3]), command[:4]


def wasmedge(bench: Bench) -> Compiler:
    tool, program = wasmedge_program(bench)

    def prepare(module: Path) -> Callable[[list[str]], list[str]]:
        command = [*program, "compile", str(module), "{}"]
        made = compiled_by(tool, module, bench.out / "compiled", ".so", command)
        return lambda arguments: [*program, str(made), *arguments]

    return Compiler("wasmedge AOT", prepare)


def v8(bench: Bench) -> Compiler:
    """Optimised from the start: V8 left to itself replaces a function's first code only at a call, and a
    kernel that is one long loop is called once."""
    if "node" not in bench.found:
        raise Failed("no node" if shutil.which("node") is None else "node was not wanted")
    script = str(bench.sources / "programs" / "wasi_runner.mjs")
    start = ["node", "--no-warnings", "--no-liftoff", script]
    return Compiler("V8", lambda module: lambda arguments: [*start, str(module), *arguments])
