"""Runs one program with everything it starts, and leaves no process behind, however the parent ends.

    python3 -I -S supervisor.py [--group] [--user NAME] [--end SIGNAL:SECONDS] -- PROGRAM [ARGUMENT ...]

Standard input carries signal names, one per line: TERM, INT, QUIT ... go to the program alone (with --group to its
process group, as dumb-init does), KILL ends every descendant. The end of standard input means that the parent is gone,
killed or not: everything is ended at once, with --end after SIGNAL and at most SECONDS for the program to end itself.
When the program ends, what it left running is killed. Exit status: the program's, or 128 + the signal that ended it.
Standard error goes where standard output goes, so that lines keep their order.
"""

import ctypes
import os
import pwd
import select
import signal
import sys
import time

PR_SET_PDEATHSIG, PR_SET_CHILD_SUBREAPER = 1, 36
PATIENCE = 10.0  # seconds for a killed process to go away (it may hang in the kernel, or belong to somebody else)


def main(arguments):
    options, program = parse(arguments)
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    wakeup = wake_on(signal.SIGCHLD, signal.SIGTERM)
    for name in (signal.SIGINT, signal.SIGHUP):
        signal.signal(name, signal.SIG_IGN)
    os.dup2(1, 2)
    return Container(start(program, options["--user"]), options, wakeup).run()


def parse(arguments):
    options = {"--group": False, "--user": None, "--end": None}
    while (option := arguments.pop(0)) != "--":
        options[option] = True if option == "--group" else arguments.pop(0)
    return options, arguments


def prctl(option, value):
    ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def wake_on(*signals):
    """A pipe that becomes readable on these signals, so that one poll() waits for them and for standard input."""
    reader, writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.set_wakeup_fd(writer)
    for name in signals:
        signal.signal(name, lambda *_: None)
    return reader


def start(program, user):
    """Returns once the program is running: a signal sent earlier would meet our own handlers and be lost."""
    running, started = os.pipe2(os.O_CLOEXEC)
    supervisor, pid = os.getpid(), os.fork()
    if pid:
        os.close(started)
        os.read(running, 1)
        return pid
    try:
        become(user)
        # After the change of user, which clears it. If the supervisor is killed, at least the program ends with it.
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() == supervisor:
            os.execvp(program[0], program)
    except OSError as error:
        os.write(1, f"exec {program[0]}: {error.strerror}\n".encode())
        os._exit(127 if isinstance(error, FileNotFoundError) else 126)
    os._exit(137)


def become(user):
    os.setsid()
    # In the C locale Python sets this for itself and its children (PEP 538).
    with open("/proc/self/environ", "rb") as file:
        if b"LC_CTYPE" not in (item.partition(b"=")[0] for item in file.read().split(b"\0")):
            os.environ.pop("LC_CTYPE", None)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    for name in (signal.SIGINT, signal.SIGHUP, signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(name, signal.SIG_DFL)
    if user:
        account = pwd.getpwnam(user)
        os.setgroups([])
        os.setgid(account.pw_gid)
        os.setuid(account.pw_uid)


class Container:
    def __init__(self, first, options, wakeup):
        self.first, self.wakeup, self.status, self.deadline = first, wakeup, None, None
        self.send = os.killpg if options["--group"] else os.kill
        self.end = options["--end"]
        self.buffer = b""

    def run(self):
        poll = select.poll()
        poll.register(self.wakeup, select.POLLIN)
        poll.register(0, select.POLLIN)
        while self.status is None:
            timeout = None if self.deadline is None else max(0, self.deadline - time.monotonic()) * 1000
            ready = [descriptor for descriptor, _ in poll.poll(timeout)]
            if not ready:
                self.kill()
            if signal.SIGTERM in self.woken():
                self.begin_end()
            if 0 in ready and not self.obey():
                poll.unregister(0)
                self.begin_end()
            self.reap()
        self.kill()
        return self.status

    def woken(self):
        try:
            return os.read(self.wakeup, 4096)
        except BlockingIOError:
            return b""

    def obey(self):
        """Passes on what standard input asks for; False at its end."""
        received = os.read(0, 4096)
        *lines, self.buffer = (self.buffer + received).split(b"\n")
        for name in lines:
            self.kill() if name == b"KILL" else self.signal(name.decode())
        return bool(received)

    def signal(self, name):
        try:
            self.send(self.first, signal.Signals["SIG" + name])
        except ProcessLookupError:
            pass

    def begin_end(self):
        if self.end is None or self.status is not None:
            return self.kill()
        name, seconds = self.end.split(":")
        self.deadline = time.monotonic() + float(seconds)
        self.signal(name)

    def kill(self):
        """Repeats until no child is left: a process may fork while the others are being killed."""
        patience = time.monotonic() + PATIENCE
        while self.reap() and time.monotonic() < patience:
            for pid in descendants():
                try:
                    os.kill(pid, signal.SIGKILL)
                except (ProcessLookupError, PermissionError):
                    pass
            select.select([self.wakeup], [], [], 0.02)
            self.woken()
        if self.status is None:
            self.status = 137

    def reap(self):
        """Collects children that have ended; True while there are others."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return False
            if pid == 0:
                return True
            if pid == self.first:
                code = os.waitstatus_to_exitcode(status)
                self.status = code if code >= 0 else 128 - code


def descendants():
    """Process ids of all descendants, in whatever session: orphans have become children of this subreaper."""
    children = {}
    for entry in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{entry}/stat", "rb") as file:
                parent = int(file.read().rpartition(b")")[2].split()[1])
        except (OSError, IndexError):
            continue
        children.setdefault(parent, []).append(int(entry))
    found = children.get(os.getpid(), [])
    for pid in found:
        found.extend(children.get(pid, ()))
    return found


if __name__ == "__main__":
    os._exit(main(sys.argv[1:]))
