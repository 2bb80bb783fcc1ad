"""Runs one program on a terminal of its own, with everything it starts, and leaves no process behind.

    python3 -I -S terminal.py COLUMNS ROWS -- PROGRAM [ARGUMENT ...]

Descriptor 3 carries what is typed, standard output what the terminal shows. Standard input carries lines: `SIZE COLUMNS
ROWS`, and `KILL`, which ends every process; its end means that the parent is gone, and ends them too. When the program
ends, what it left running is killed. Exit status: the program's, or 128 + the signal that ended it.
"""

import errno
import fcntl
import os
import select
import signal
import struct
import sys
import termios

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
import supervisor  # noqa: E402  (stands beside this file)

TYPED = 3
PIECE = 65536


def main(arguments):
    columns, rows, _, *program = arguments
    supervisor.prctl(supervisor.PR_SET_CHILD_SUBREAPER, 1)
    wakeup = supervisor.wake_on(signal.SIGCHLD, signal.SIGTERM)
    for name in (signal.SIGINT, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    os.set_inheritable(TYPED, False)
    master, slave = os.openpty()
    resize(master, columns, rows)
    first = start(program, slave)
    os.close(slave)
    return Terminal(first, wakeup, master).run()


def resize(master, columns, rows):
    fcntl.ioctl(master, termios.TIOCSWINSZ, struct.pack("HHHH", int(rows), int(columns), 0, 0))


def start(program, slave):
    """As supervisor.start, but with the terminal for standard input, output and error."""
    running, started = os.pipe2(os.O_CLOEXEC)
    parent, pid = os.getpid(), os.fork()
    if pid:
        os.close(started)
        os.read(running, 1)
        return pid
    try:
        os.setsid()
        fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
        for descriptor in (0, 1, 2):
            os.dup2(slave, descriptor)
        for name in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(name, signal.SIG_DFL)
        supervisor.prctl(supervisor.PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == parent:
            os.execvp(program[0], program)
    except OSError as error:
        os.write(1, f"exec {program[0]}: {error.strerror}\n".encode())
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)
    os._exit(137)


class Terminal(supervisor.Container):
    """Passes bytes both ways, each way only as fast as its reader reads."""

    def __init__(self, first, wakeup, master):
        super().__init__(first, {"--group": False, "--end": None}, wakeup)
        self.master, self.shown, self.typed = master, b"", b""
        self.sources = {0, TYPED, master}
        for descriptor in (1, TYPED, master):
            os.set_blocking(descriptor, False)

    def run(self):
        while self.status is None:
            self.exchange(None)
            self.reap()
        self.kill()
        # Nobody writes to the terminal any more: what it still holds is the end of the output.
        while self.master in self.sources or self.shown:
            if not self.exchange(1000) and not self.shown:
                self.sources.discard(self.master)
        return self.status

    def exchange(self, timeout):
        """Waits until something can be passed on, and passes it on; False where nothing could be."""
        poll = select.poll()
        poll.register(self.wakeup, select.POLLIN)
        for descriptor, events in self.interests().items():
            poll.register(descriptor, events)
        ready = poll.poll(timeout)
        for descriptor, events in ready:
            if descriptor == self.wakeup and signal.SIGTERM in self.woken():
                self.kill()
            elif descriptor == 0 and not self.obey():
                self.sources.discard(0)
                self.kill()
        ready = {descriptor: events for descriptor, events in ready}
        if ready.get(1, 0):
            self.shown = self.pass_on(1, self.shown)
        if ready.get(self.master, 0) & select.POLLOUT:
            self.typed = self.pass_on(self.master, self.typed)
        if ready.get(TYPED, 0):
            self.typed += self.take(TYPED)
        if ready.get(self.master, 0) & ~select.POLLOUT:
            self.shown += self.take(self.master)
        return bool(ready)

    def interests(self):
        wanted = {0: select.POLLIN} if 0 in self.sources else {}
        if self.shown:
            wanted[1] = select.POLLOUT
        if TYPED in self.sources and not self.typed:
            wanted[TYPED] = select.POLLIN
        master = (0 if self.shown else select.POLLIN) | (select.POLLOUT if self.typed else 0)
        if self.master in self.sources and master:
            wanted[self.master] = master
        return wanted

    def take(self, descriptor):
        try:
            taken = os.read(descriptor, PIECE)
        except BlockingIOError:
            return b""
        except OSError as error:
            # The terminal has no process any more.
            if error.errno != errno.EIO:
                raise
            taken = b""
        if not taken:
            self.sources.discard(descriptor)
        return taken

    def pass_on(self, descriptor, data):
        try:
            return data[os.write(descriptor, data) :]
        except BlockingIOError:
            return data
        except OSError:
            self.sources.discard(descriptor)
            return b""

    def obey(self):
        received = os.read(0, 4096)
        *lines, self.buffer = (self.buffer + received).split(b"\n")
        for line in lines:
            name, *numbers = line.split()
            self.kill() if name == b"KILL" else resize(self.master, *numbers)
        return bool(received)


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
