#!/usr/bin/python3
"""A user at a terminal: caller.py ROWSxCOLUMNS [STEP...] -- COMMAND... Runs COMMAND on a terminal of its own, and does
one step after the other:
  see:TEXT     waits until TEXT is on the screen, behind what was waited for before
  type:TEXT    types it; \\xNN is a byte
  raw          waits until the terminal is in raw mode
  size:RxC     changes the window
  inner:RxC    waits until the terminal of the process whose pid is in the file $PID_FILE has that size
  signal:NAME  sends the command a signal
Then waits for its end, and prints what was on the screen, the exit code, and "restored" or "changed": the terminal's
modes. A step that takes over 10 seconds is named, and ends it."""

import fcntl
import os
import select
import signal
import struct
import sys
import termios
import time

LIMIT = 10
screen = b""
seen = 0


def set_size(fd, text):
    rows, columns = map(int, text.split("x"))
    fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))


def size_of(fd):
    rows, columns, _, _ = struct.unpack("HHHH", fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(8)))
    return f"{rows}x{columns}"


def inner_size():
    try:
        with open(os.environ["PID_FILE"], encoding="ascii") as pid:
            fd = os.open(f"/proc/{int(pid.read())}/fd/0", os.O_RDONLY | os.O_NOCTTY)
        try:
            return size_of(fd)
        finally:
            os.close(fd)
    except (OSError, ValueError):
        return ""


def pump(master):
    global screen
    if select.select([master], [], [], 0.02)[0]:
        screen += os.read(master, 4096)


def wait_until(master, step, condition):
    end = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > end:
            screen_text = screen.decode(errors="replace")
            sys.exit(f"{screen_text}\ncaller.py: '{step}' took over {LIMIT} s")
        pump(master)


def has_seen(text):
    global seen
    at = screen.find(text.encode(), seen)
    if at < 0:
        return False
    seen = at + len(text)
    return True


def main():
    split = sys.argv.index("--")
    master, slave = os.openpty()
    set_size(slave, sys.argv[1])
    before = termios.tcgetattr(slave)
    pid = os.fork()
    if pid == 0:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for standard in range(3):
            os.dup2(slave, standard)
        os.closerange(3, 100)
        os.execvp(sys.argv[split + 1], sys.argv[split + 1 :])
    status = []

    def has_ended():
        if not status:
            reaped, raw = os.waitpid(pid, os.WNOHANG)
            if reaped:
                status.append(os.waitstatus_to_exitcode(raw))
        return bool(status)

    try:
        for step in sys.argv[2:split]:
            what, _, value = step.partition(":")
            if what == "see":
                wait_until(master, step, lambda: has_seen(value))
            elif what == "type":
                os.write(master, value.encode().decode("unicode_escape").encode())
            elif what == "raw":
                wait_until(master, step, lambda: not termios.tcgetattr(slave)[3] & termios.ICANON)
            elif what == "size":
                set_size(master, value)
            elif what == "inner":
                wait_until(master, step, lambda: inner_size() == value)
            elif what == "signal":
                os.kill(pid, getattr(signal, value))
            else:
                sys.exit(f"caller.py: unknown step '{step}'")
        wait_until(master, "end", has_ended)
        while select.select([master], [], [], 0.02)[0]:
            pump(master)
    finally:
        if not has_ended():
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
    sys.stdout.write(screen.decode(errors="replace").replace("\r", ""))
    print(status[0], "restored" if termios.tcgetattr(slave) == before else "changed")


main()
