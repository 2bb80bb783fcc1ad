"""What the entry points of the database images do with their data directory, and the account their server runs as."""

import contextlib
import ctypes
import fcntl
import json
import os
import pwd
import shutil
import signal
import sys

PR_SET_PDEATHSIG = 1


def fail(*lines):
    print(*lines, sep="\n", file=sys.stderr, flush=True)
    sys.exit(1)


def setting(name, default=""):
    """A variable of the image, or the content of the file that NAME_FILE names."""
    path = os.environ.get(f"{name}_FILE")
    if path is None:
        return os.environ.get(name, default)
    if name in os.environ:
        fail(f"error: both {name} and {name}_FILE are set (but are exclusive)")
    with open(path) as file:
        return file.read().rstrip("\n")


def here(path):
    """Where an absolute path of the container is on this machine; one that was translated already stays."""
    paths = json.loads(os.environ["AIRFLOW_DEPLOY_PATHS"])
    if any(below(path, place) for place in paths.values()):
        return path
    container = max((known for known in paths if below(path, known)), key=len)
    return paths[container] + path[len(container) :]


def below(path, place):
    return path == place or path.startswith(f"{place}/")


def claim(directory, account=None):
    """Makes the directory and locks it for this process and the server that it becomes: the kernel frees the lock when
    the last of them has ended, however it ended."""
    os.makedirs(directory, exist_ok=True)
    if account:
        os.chown(directory, account.pw_uid, account.pw_gid)
    os.chmod(directory, 0o700)
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        fail(f"FATAL: the data directory {directory} is locked: another server uses it, and two at once would destroy the data")
    os.set_inheritable(descriptor, True)


@contextlib.contextmanager
def initialising(directory):
    """Around the initialisation: a note beside the directory stays if it does not come to its end."""
    note = note_of(directory)
    open(note, "w").close()
    yield
    os.remove(note)


def clear_interrupted(directory):
    """Empties a directory whose initialisation did not come to its end."""
    if not os.path.exists(note_of(directory)):
        return
    print(f"{directory}: its initialisation was interrupted and is begun anew", flush=True)
    for entry in os.scandir(directory):
        shutil.rmtree(entry.path) if entry.is_dir(follow_symlinks=False) else os.remove(entry.path)


def note_of(directory):
    parent, name = os.path.split(os.path.abspath(directory))
    return os.path.join(parent, f".{name}.initialising")


def account_for_server():
    """`nobody` where we are root and the server refuses to be."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def become(account):
    if account is None:
        return
    supervisor = os.getppid()
    os.setgroups([])
    os.setgid(account.pw_gid)
    os.setuid(account.pw_uid)
    # The change of account has cleared what the supervisor asked for: to end with it.
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != supervisor:
        sys.exit(137)
