"""Who runs a module as native code: each makes of a module what it compiles, and of that a command."""

import hashlib
import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from harness import measure, programs, runners
from harness.bench import Bench, progress
from harness.measure import Failed
from harness.programs import run


@dataclass(frozen=True)
class Command:
    words: list[str]
    environment: dict[str, str] = field(default_factory=dict)

    def run(self, output: str | None = None) -> measure.Sample:
        return measure.expect(measure.run_once(self.words, self.environment), self.words, output)


Start = Callable[[list[str]], Command]  # a prepared module with arguments


@dataclass(frozen=True)
class Compiler:
    name: str
    prepare: Callable[[Path], Start]  # compiles the module, unless that was done


def find_compilers(bench: Bench) -> dict[str, Compiler]:
    """Those there are; why another is not is said among what was skipped."""
    wanted = {"wherry": wherry_engine, "wasmedge AOT": wasmedge, "V8": v8}
    found = {}
    for name, find in wanted.items():
        try:
            found[name] = find(bench)
        except Failed as failure:
            bench.skip(f"{name}, compiled", failure)
    return found


def digest(*texts: bytes) -> str:
    return hashlib.sha256(b"\0".join(texts)).hexdigest()[:16]


def place_of(module: Path, folder: Path, suffix: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder / f"{module.stem}-{digest(module.read_bytes())}{suffix}"


def compiled_by(tool: Path, module: Path, folder: Path, suffix: str, command: list[str]) -> Path:
    """What a tool makes of a module, made anew where the tool is newer. The command names it {}."""
    made = place_of(module, folder, suffix)
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


def wherry_engine(bench: Bench) -> Compiler:
    """The engine alone, without a container, with what wherry-compile has made."""
    tool = wherry_compile(bench)
    engine = runners.build_bench(bench.options.build, "engine_bench")

    def prepare(module: Path) -> Start:
        command = [str(tool), str(module), "{}"]
        artifact = compiled_by(tool, module, bench.out / "compiled", ".artifact", command)
        found = {"WHERRY_ARTIFACT": str(artifact)}
        return lambda arguments: Command([str(engine), str(module), *arguments], found)

    return Compiler("wherry's engine alone", prepare)


def wherry_container(bench: Bench) -> Compiler:
    """`wherry run`, its cache in the scratch folder."""
    if "wherry" not in bench.found:
        raise Failed("no wherry")
    cache = bench.scratch / "cache"
    found = {"WHERRY_TIER": "compiled", "WHERRY_CACHE": str(cache)}

    def prepare(module: Path) -> Start:
        started = bench.found["wherry"].command
        done = place_of(module, bench.scratch / "prepared", "")
        if not done.exists():
            before = cached(cache)
            # Its own failure is no matter: an engine without arguments for it may well fail.
            measure.run_once(started(module, []), found)
            if cached(cache) == before:
                raise Failed(f"WHERRY_TIER=compiled left nothing of '{module.name}' in WHERRY_CACHE")
            done.touch()
        return lambda arguments: Command(started(module, arguments), found)

    return Compiler("wherry run", prepare)


def cached(folder: Path) -> set[str]:
    return {str(path) for path in folder.rglob("*") if path.is_file()} if folder.exists() else set()


def wasmedge_program(bench: Bench) -> tuple[Path, list[str]]:
    """The program's file, and the command that starts it."""
    if "wasmedge" not in bench.found:
        raise Failed("no wasmedge")
    command = bench.found["wasmedge"].command(Path("-"), [])
    return Path(command[3]), command[:4]


def wasmedge(bench: Bench) -> Compiler:
    tool, program = wasmedge_program(bench)

    def prepare(module: Path) -> Start:
        command = [*program, "compile", str(module), "{}"]
        made = compiled_by(tool, module, bench.out / "compiled", ".so", command)
        return lambda arguments: Command([*program, str(made), *arguments])

    return Compiler("wasmedge AOT", prepare)


def v8(bench: Bench) -> Compiler:
    """Optimised from the start: V8 left to itself replaces a function's first code only at a call, and a
    kernel that is one long loop is called once."""
    if "node" not in bench.found:
        raise Failed("no node" if shutil.which("node") is None else "node was not wanted")
    script = str(bench.sources / "programs" / "wasi_runner.mjs")
    start = ["node", "--no-warnings", "--no-liftoff", script]
    return Compiler("V8", lambda module: lambda arguments: Command([*start, str(module), *arguments]))


@dataclass(frozen=True)
class Compilation:
    wall: float  # seconds
    cpu: float
    peak: float  # MB, of the largest process
    made: Path
    when: str = ""  # where it was not measured in this run


def compilation(bench: Bench, command: list[str], made: Path) -> Compilation:
    """Runs a compiler, and is told its memory by programs/peak.c, which stops it only when it ends."""
    lines = bench.scratch / "peak.txt"
    peak = programs.compile_peak(bench.sources, bench.out)
    traced = [str(peak), str(lines), *command]
    sample = measure.expect(measure.run_once(traced), traced)
    sizes = [int(line.split()[0]) * 1024 / 1e6 for line in lines.read_text().splitlines()]
    return Compilation(sample.wall, sample.cpu, max(sizes), made)


def wasmedge_compilation(bench: Bench, module: Path) -> Compilation:
    """Of a big module, which takes minutes: kept outside the tree, with what it took, for this WasmEdge on
    this processor."""
    tool, program = wasmedge_program(bench)
    processor = "".join(
        line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith(("model name", "flags"))
    )
    version = bench.found["wasmedge"].version
    key = digest(module.read_bytes(), version.encode(), processor.encode())
    folder = runners.cache_folder() / "wasmedge-compiled"
    made, facts = folder / f"{module.stem}-{key}.so", folder / f"{module.stem}-{key}.json"
    if made.exists() and facts.exists() and not bench.options.anew:
        return Compilation(made=made, **json.loads(facts.read_text()))
    if bench.options.quick:
        raise Failed(f"no '{made}' (a full run makes it)")
    progress(f"{tool.name} compile of {module.name}, some minutes, once")
    folder.mkdir(parents=True, exist_ok=True)
    part = made.with_name(f"part-{os.getpid()}-{made.name}")
    try:
        done = compilation(bench, [*program, "compile", str(module), str(part)], made)
        part.rename(made)
    finally:
        part.unlink(missing_ok=True)
    kept = {"wall": done.wall, "cpu": done.cpu, "peak": done.peak, "when": time.strftime("%Y-%m-%d")}
    facts.write_text(json.dumps(kept) + "\n")
    return done
