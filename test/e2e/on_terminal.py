"""Plays a person at a terminal of 101 columns and 33 rows, and tells what was shown.

    python3 on_terminal.py STEPS PROGRAM [ARGUMENT ...]

STEPS is a JSON list: ["expect", TEXT] waits until TEXT is shown (after what earlier steps waited for), ["send", TEXT]
types it, ["size", COLUMNS, ROWS] drags the window. Prints {"shown", "exit", "restored"}: `restored` tells whether the
program left the terminal as it found it. Exits with 1, and tells what was shown, where a text does not come in 20 s.
"""

import fcntl
import json
import os
import select
import struct
import sys
import termios
import time

PATIENCE = 20


class Person:
    def __init__(self, program):
        self.master, slave = os.openpty()
        self.slave = slave
        self.size(101, 33)
        self.before = termios.tcgetattr(slave)
        self.shown, self.seen = b"", 0
        self.pid = os.fork()
        if self.pid == 0:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for descriptor in (0, 1, 2):
                os.dup2(slave, descriptor)
            os.execvp(program[0], program)

    def size(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def send(self, text):
        os.write(self.master, text.encode())

    def expect(self, text):
        deadline = time.monotonic() + PATIENCE
        while (found := self.shown.find(text.encode(), self.seen)) < 0:
            if time.monotonic() > deadline:
                os.kill(self.pid, 9)
                sys.exit(f"{text!r} was not shown, but {self.shown[self.seen:]!r}")
            self.look(0.1)
        self.seen = found + len(text.encode())

    def look(self, seconds):
        if select.select([self.master], [], [], seconds)[0]:
            self.shown += os.read(self.master, 65536)

    def end(self):
        deadline = time.monotonic() + PATIENCE
        while (ended := os.waitpid(self.pid, os.WNOHANG))[0] == 0:
            if time.monotonic() > deadline:
                os.kill(self.pid, 9)
            self.look(0.05)
        self.look(0.05)
        restored = termios.tcgetattr(self.slave) == self.before
        return {"shown": self.shown.decode(errors="replace"), "exit": os.waitstatus_to_exitcode(ended[1]), "restored": restored}


if __name__ == "__main__":
    person = Person(sys.argv[2:])
    for name, *values in json.loads(sys.argv[1]):
        getattr(person, name)(*values)
    print(json.dumps(person.end()))
