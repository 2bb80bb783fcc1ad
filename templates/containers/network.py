"""What the Docker runtime needs done inside a container's network, or as root, and asks no program of an image for.

    python3 -I -S network.py DIRECTORY [COMMAND ...]

The first and only process of a container that has no image of its own: it runs on the Python of this machine, whose
files are mounted. DIRECTORY is shared with the local endpoint. Each COMMAND, a list in JSON, is done first; then it
listens at DIRECTORY/control, where a client sends one command on a line and gets `{}` or `{"error": "..."}` on a line:

    ["address", NUMBER, PREFIX]      one more address for eth0
    ["relay", NUMBER, PORT]          who connects there reaches DIRECTORY/upstream
    ["own", PATH, UID, GID, MODE]    makes a directory, and those that lead to it, where it is missing
    ["remove", PATH]                 a directory with all that is in it, where there is one
    ["kill", PID]                    a process and all that it has started
    ["connect", HOST, PORT]          the answer is one byte, 0 where it succeeded; then it is that connection
"""

import asyncio
import contextlib
import fcntl
import ipaddress
import json
import os
import shutil
import signal
import socket
import struct
import sys

# linux/sockios.h
SIOCSIFADDR = 0x8916
SIOCSIFNETMASK = 0x891C

PIECE = 65536

# Without files of its own a container would ask a name server for it.
local = {"localhost": "127.0.0.1"}


def main(directory, *commands):
    # Without a handler the first process of a container ignores it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    os.umask(0)
    asyncio.run(Network(directory).serve([json.loads(command) for command in commands]))


class Network:
    def __init__(self, directory):
        self.directory = directory
        self.aliases = 0

    async def serve(self, commands):
        for command in commands:
            await self.do(command)
        control = os.path.join(self.directory, "control")
        # Ready when it is there: it gets its name once it listens.
        server = await asyncio.start_unix_server(self.answer, f"{control}.new")
        os.rename(f"{control}.new", control)
        await server.serve_forever()

    async def answer(self, reader, writer):
        try:
            command = json.loads(await reader.readline() or "[]")
            if command[:1] == ["connect"]:
                await self.connect(reader, writer, *command[1:])
            elif command:
                writer.write(json.dumps(await self.result(command)).encode() + b"\n")
        finally:
            writer.close()

    async def result(self, command):
        try:
            await self.do(command)
            return {}
        except Exception as error:
            return {"error": f"{type(error).__name__}: {error}"}

    async def do(self, command):
        name, *words = command
        done = {"address": self.address, "relay": self.relay, "own": own, "remove": remove, "kill": kill}[name](*words)
        if asyncio.iscoroutine(done):
            await done

    def address(self, number, prefix):
        self.aliases += 1
        name = f"eth0:{self.aliases}".encode()
        mask = str(ipaddress.ip_network(f"0.0.0.0/{prefix}").netmask)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as kernel:
            fcntl.ioctl(kernel, SIOCSIFADDR, struct.pack("16s16s8x", name, packed(number)))
            fcntl.ioctl(kernel, SIOCSIFNETMASK, struct.pack("16s16s8x", name, packed(mask)))

    async def relay(self, number, port):
        await asyncio.start_server(self.pass_on, number, port)

    async def pass_on(self, reader, writer):
        try:
            there = await asyncio.open_unix_connection(os.path.join(self.directory, "upstream"))
        except OSError:
            return writer.transport.abort()
        await join((reader, writer), there)

    async def connect(self, reader, writer, host, port):
        try:
            there = await asyncio.open_connection(local.get(host, host), port)
        except OSError:
            return writer.write(b"\1")
        writer.write(b"\0")
        await join((reader, writer), there)


def packed(number):
    return struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton(number))


async def join(here, there):
    """Both ways, until both have ended; one that breaks breaks the other."""
    ways = [asyncio.ensure_future(copy(here[0], there[1])), asyncio.ensure_future(copy(there[0], here[1]))]
    try:
        await asyncio.gather(*ways)
    except OSError:
        for way in ways:
            way.cancel()
        for _, writer in (here, there):
            writer.transport.abort()
    finally:
        there[1].close()
        here[1].close()


async def copy(reader, writer):
    while piece := await reader.read(PIECE):
        writer.write(piece)
        await writer.drain()
    if writer.can_write_eof():
        writer.write_eof()


def own(path, uid, gid, mode):
    """As EFS does for an access point: what is there already stays as it is."""
    path = os.path.normpath(path)
    if os.path.isdir(path):
        return
    if not os.path.isdir(os.path.dirname(path)):
        own(os.path.dirname(path), uid, gid, mode)
    os.mkdir(path)
    os.chown(path, uid, gid)
    os.chmod(path, int(mode, 8))


def remove(path):
    shutil.rmtree(path, ignore_errors=True)


def kill(pid):
    # Nothing new can be started by what is stopped already.
    family = [pid]
    for member in family:
        send(member, signal.SIGSTOP)
        family.extend(children(member))
    for member in family:
        send(member, signal.SIGKILL)


def send(pid, number):
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)


def children(pid):
    try:
        tasks = os.listdir(f"/proc/{pid}/task")
        return [int(child) for task in tasks for child in open(f"/proc/{pid}/task/{task}/children").read().split()]
    except OSError:
        return []


main(*sys.argv[1:])
