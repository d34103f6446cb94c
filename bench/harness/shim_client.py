"""Calls a shim as containerd 1.7 does: its program, and the few calls of the task API that are a life.

The calls are ttrpc's: a head of ten bytes and a protobuf message, both written here by hand.
"""

import contextlib
import os
import re
import select
import socket
import struct
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

from harness.measure import Failed

CONTAINERD = "/run/containerd/containerd.sock"
NAMESPACE = "bench"
STREAMS = ("in", "out", "err")
REQUEST = 1
HEAD = struct.Struct(">IIBB")
WAITING = 60  # seconds, for an answer


def number(field: int, value: int) -> bytes:
    return varint(field << 3) + varint(value)


def text(field: int, value: str | bytes) -> bytes:
    data = value.encode() if isinstance(value, str) else value
    return varint(field << 3 | 2) + varint(len(data)) + data


def varint(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def fields(message: bytes) -> dict[int, int | bytes]:
    """The last of each number; what a shim answers has no others than numbers and texts."""
    found: dict[int, int | bytes] = {}
    place = 0

    def take() -> int:
        nonlocal place
        value = shift = 0
        while True:
            byte = message[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    while place < len(message):
        key = take()
        value = take()
        if key & 7 == 2:
            found[key >> 3] = message[place : place + value]
            place += value
        else:
            found[key >> 3] = value
    return found


class HungUp(Failed):
    """There is no answer any more."""


class Connection:
    """To one shim. Calls may be under way beside each other; one thread."""

    def __init__(self, path: str) -> None:
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(WAITING)
        self.socket.connect(path)
        self.reader = self.socket.makefile("rb")
        self.stream = -1
        self.answers: dict[int, bytes] = {}

    def send(self, method: str, message: bytes) -> int:
        self.stream += 2
        request = text(1, "containerd.task.v2.Task") + text(2, method) + text(3, message)
        self.socket.sendall(HEAD.pack(len(request), self.stream, REQUEST, 0) + request)
        return self.stream

    def answer(self, stream: int) -> dict[int, int | bytes]:
        while stream not in self.answers:
            head = self.reader.read(HEAD.size)
            if len(head) < HEAD.size:
                raise HungUp("the shim hung up")
            length, answered, _, _ = HEAD.unpack(head)
            self.answers[answered] = self.reader.read(length)
        response = fields(self.answers.pop(stream))
        status = fields(bytes(response.get(1, b"")))
        if status.get(1, 0) != 0:
            raise Failed("the shim answered: " + bytes(status.get(2, b"")).decode(errors="replace"))
        return fields(bytes(response.get(2, b"")))

    def call(self, method: str, message: bytes) -> dict[int, int | bytes]:
        return self.answer(self.send(method, message))

    def close(self) -> None:
        self.reader.close()
        self.socket.close()


class Listener:
    """Reads pipes as soon as there is something in them, as a client does. The descriptors, which do not block, stay
    the caller's, who closes this before them."""

    def __init__(self, pipes: list[int]) -> None:
        self.heard = {pipe: bytearray() for pipe in pipes}
        self.lock = threading.Lock()
        self.until, self.closed = os.pipe()
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self) -> None:
        poll = select.poll()
        for pipe in (*self.heard, self.until):
            poll.register(pipe, select.POLLIN)
        while True:
            for pipe, _ in poll.poll():
                if pipe == self.until:
                    return
                with self.lock:
                    self.read(pipe)

    def read(self, pipe: int) -> None:
        with contextlib.suppress(BlockingIOError):
            self.heard[pipe] += os.read(pipe, 1 << 16)

    def take(self, pipe: int) -> bytes:
        """What has come since the last time."""
        with self.lock:
            self.read(pipe)
            heard, self.heard[pipe] = bytes(self.heard[pipe]), bytearray()
        return heard

    def close(self) -> None:
        os.close(self.closed)
        self.thread.join()
        os.close(self.until)


class Container:
    """One container by a shim of its own. Requires: folder is new, and config its config.json; rootfs is
    what is mounted as its root file system."""

    def __init__(self, program: str, folder: Path, config: str, rootfs: Path) -> None:
        self.name, self.folder, self.rootfs = folder.name, folder, rootfs
        (folder / "rootfs").mkdir(parents=True)
        (folder / "config.json").write_text(config)
        for fifo in ("log", *STREAMS):
            os.mkfifo(folder / fifo)
        # containerd and its client hold these open.
        self.held = {fifo: os.open(folder / fifo, os.O_RDWR | os.O_NONBLOCK) for fifo in ("log", *STREAMS)}
        self.listener = Listener([self.held["out"], self.held["err"]])
        self.flags = [program, "-namespace", NAMESPACE, "-address", CONTAINERD, "-publish-binary",
                      "/usr/bin/containerd", "-id", self.name]  # fmt: skip
        self.connection: Connection | None = None

    def act(self, action: str) -> bytes:
        environment = os.environ | {
            "TTRPC_ADDRESS": CONTAINERD + ".ttrpc",
            "GRPC_ADDRESS": CONTAINERD,
            "NAMESPACE": NAMESPACE,
            "MAX_SHIM_VERSION": "2",
            "GOMAXPROCS": "2",
        }
        which = ["-bundle", str(self.folder)] if action == "delete" else []
        done = subprocess.run(
            [*self.flags, *which, action], cwd=self.folder, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        if done.returncode != 0:
            last = done.stdout.decode(errors="replace").strip().splitlines()[-1:] or ["no output"]
            raise Failed(f"'{self.flags[0]} {action}' failed: {last[0]}")
        return done.stdout

    def call(self, method: str, message: bytes = b"") -> dict[int, int | bytes]:
        if self.connection is None:
            raise Failed("no shim")
        return self.connection.call(method, text(1, self.name) + message)

    def send_wait(self) -> Callable[[], dict[int, int | bytes]]:
        """Asks for the end of the container; what it returns waits for the answer."""
        connection = self.connection
        if connection is None:
            raise Failed("no shim")
        stream = connection.send("Wait", text(1, self.name))
        return lambda: connection.answer(stream)

    def create(self) -> None:
        address = re.search(rb"unix://([^\"\s]+)", self.act("start"))
        if address is None:
            raise Failed(f"'{self.flags[0]} start' gave no address")
        self.connection = Connection(address[1].decode())
        mount = text(1, "bind") + text(2, str(self.rootfs)) + text(4, "rbind") + text(4, "rw")
        streams = b"".join(text(5 + i, str(self.folder / name)) for i, name in enumerate(STREAMS))
        self.call("Create", text(2, str(self.folder)) + text(3, mount) + streams)

    def delete(self) -> None:
        self.call("Delete")
        with contextlib.suppress(HungUp):  # runc's answers by ending
            self.call("Shutdown")
        self.hang_up()
        self.act("delete")

    def hang_up(self) -> None:
        if self.connection is not None:
            self.connection.close()
            self.connection = None

    def printed(self) -> str:
        return self.listener.take(self.held["out"]).decode(errors="replace")

    def close(self) -> None:
        self.hang_up()
        self.listener.close()
        for fd in self.held.values():
            os.close(fd)
