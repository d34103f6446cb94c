"""A guest's side of wherry-compile --serve: serve.py WHAT MODULE OUTPUT [OPTION...].

Prints what came of it, a word a line, for run.sh to look at.
"""

import fcntl
import os
import socket
import struct
import subprocess
import sys

HOT, OSR, PART, END = 1, 2, 3, 4
what, module, output, *options = sys.argv[1:]


def record(kind, *rows):
    return struct.pack("<II", kind, len(rows)) + b"".join(struct.pack("<" + "I" * len(row), *row) for row in rows)


def compiled_functions(descriptor):
    header = os.pread(descriptor, 176, 0)
    functions, compiled = struct.unpack_from("<II", header, 120)
    ranges = struct.iter_unpack("<II", os.pread(descriptor, 8 * functions, 176))
    present = [number for number, (_, size) in enumerate(ranges) if size > 0]
    assert len(present) == compiled
    return present


ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
ours.settimeout(60)
with open(module, "rb") as source, open(output, "wb") as target:
    if what == "gone":
        ours.close()
    if what == "hot":
        ours.send(record(HOT, (2, 5), (1, 1), (4000000000, 7)))
        ours.send(record(OSR, (2, 4000000000)))
        ours.send(record(OSR, (4000000000, 0)))
    if what == "large":
        ours.send(record(HOT, (0, 9)))
        ours.send(record(OSR, (0, 0)))
    if what == "large-nonsense":
        ours.send(record(HOT, (0, 9)))
        ours.send(record(OSR, (0, 77)))
    if what == "nonsense":
        ours.send(b"\xff" * 100)
    program = subprocess.Popen(
        ["wherry-compile", "--serve", f"--module={source.fileno()}", f"--output={target.fileno()}",
         f"--guest={theirs.fileno()}", *options],
        pass_fds=[source.fileno(), target.fileno(), theirs.fileno()])
    theirs.close()
    while what in ("hot", "loops", "large", "large-nonsense"):
        message, descriptors, _, _ = socket.recv_fds(ours, 4096, 1)
        if not message:
            print("gone")
            break
        (kind,) = struct.unpack_from("<I", message)
        if kind == END:
            print("end")
            break
        assert kind == PART and len(descriptors) == 1
        present = compiled_functions(descriptors[0])
        seals = fcntl.fcntl(descriptors[0], fcntl.F_GET_SEALS)
        sealed = seals == fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW | fcntl.F_SEAL_WRITE
        which = ",".join(map(str, present)) if len(present) < 10 else f"of {len(present)}"
        (loops,) = struct.unpack_from("<I", os.pread(descriptors[0], 4, 132))
        if what.startswith("large"):
            which += f" with {loops} loops"
        print("part", which, "sealed" if sealed else "open")
        os.close(descriptors[0])
    print("status", program.wait())
