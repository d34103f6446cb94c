"""A client of the Container Runtime Interface (runtime.v1), as far as cri_checks.py needs it.

Messages are dictionaries from field numbers to values: an integer, text or bytes, a message, or a list of those for a
repeated field. What comes back is the same with a list for every field, innermost values as integers or bytes.
"""

import grpc


def _varint(value: int) -> bytes:
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes(out + bytes([value]))


def encode(message: dict) -> bytes:
    out = b""
    for number, values in message.items():
        for value in values if isinstance(values, list) else [values]:
            if isinstance(value, int):
                out += _varint(number << 3) + _varint(value)
                continue
            if isinstance(value, dict):
                value = encode(value)
            elif isinstance(value, str):
                value = value.encode()
            out += _varint(number << 3 | 2) + _varint(len(value)) + value
    return out


def decode(data: bytes) -> dict:
    """One level: what is a message inside is decoded by who knows that it is one."""
    message: dict = {}
    at = 0

    def varint() -> int:
        nonlocal at
        value = shift = 0
        while True:
            byte = data[at]
            at += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while at < len(data):
        key = varint()
        if key & 7 == 0:
            value = varint()
        else:
            size = {1: 8, 5: 4}.get(key & 7) or varint()
            value = data[at : at + size]
            at += size
        message.setdefault(key >> 3, []).append(value)
    return message


def field(message: dict, number: int, default=b""):
    return message.get(number, [default])[0]


class Runtime:
    """The runtime service at a socket. A call that fails raises grpc.RpcError."""

    def __init__(self, socket: str):
        self._channel = grpc.insecure_channel(f"unix://{socket}")

    def call(self, method: str, message: dict, timeout: float = 60) -> dict:
        rpc = self._channel.unary_unary(f"/runtime.v1.RuntimeService/{method}")
        return decode(rpc(encode(message), timeout=timeout))

    def run_pod(self, config: dict, handler: str) -> str:
        return field(self.call("RunPodSandbox", {1: config, 2: handler}), 1).decode()

    def pod_address(self, pod: str) -> str:
        status = decode(field(self.call("PodSandboxStatus", {1: pod}), 1))
        return field(decode(field(status, 5)), 1).decode()

    def create(self, pod: str, container: dict, config: dict) -> str:
        return field(self.call("CreateContainer", {1: pod, 2: container, 3: config}), 1).decode()

    def start(self, container: str) -> None:
        self.call("StartContainer", {1: container})

    def status(self, container: str) -> tuple[str, int]:
        """The state and, once it has exited, its exit code."""
        status = decode(field(self.call("ContainerStatus", {1: container}), 1))
        return ("created", "running", "exited", "unknown")[field(status, 3, 0)], field(status, 7, 0)

    def execute(self, container: str, *command: str) -> tuple[str, str, int]:
        """What a command in it wrote to standard output and error, and its exit code."""
        done = self.call("ExecSync", {1: container, 2: list(command), 3: 30})
        return field(done, 1).decode(), field(done, 2).decode(), field(done, 3, 0)

    def stats(self, container: str) -> tuple[int, int]:
        """Nanoseconds of processor time and bytes of the working set."""
        stats = decode(field(self.call("ContainerStats", {1: container}), 1))
        time = decode(field(decode(field(stats, 2)), 2))
        memory = decode(field(decode(field(stats, 3)), 2))
        return field(time, 1, 0), field(memory, 1, 0)

    def stop(self, container: str, timeout: int) -> None:
        self.call("StopContainer", {1: container, 2: timeout})

    def remove(self, container: str) -> None:
        self.call("RemoveContainer", {1: container})

    def remove_pod(self, pod: str) -> None:
        self.call("StopPodSandbox", {1: pod})
        self.call("RemovePodSandbox", {1: pod})
