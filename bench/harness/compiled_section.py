"""Compiled code: how fast it is, how soon it is there, and what it costs to have."""

from harness.bench import Bench
from harness.compiled_host import host_call, second_container
from harness.compiled_kernels import compiled_kernels
from harness.compiled_python import catching_up, compile_time, compiled_start

PARTS = (compiled_kernels, compile_time, compiled_start, catching_up, host_call, second_container)


def compiled(bench: Bench) -> str:
    return "\n\n".join(part(bench) for part in PARTS)
