#!/usr/bin/python3
"""Shows the terminal of one container: console.py SOCKET [INPUT]. Waits at SOCKET for it, types INPUT, prints what
is on the screen until the program ends."""

import array
import os
import socket
import sys

with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
    listener.bind(sys.argv[1] + ".new")
    listener.listen(1)
    os.rename(sys.argv[1] + ".new", sys.argv[1])  # whoever sees it can connect
    connection, _ = listener.accept()
    fds = array.array("i", [0])
    _, ancillary, _, _ = connection.recvmsg(4096, socket.CMSG_LEN(fds.itemsize))
    fds.frombytes(ancillary[0][2])
    master = fds[-1]
if len(sys.argv) > 2:
    os.write(master, sys.argv[2].encode())
while True:
    try:
        data = os.read(master, 4096)
    except OSError:  # EIO: nobody holds the other end any more
        break
    if not data:
        break
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()
