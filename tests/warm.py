"""Processes that need not import the libraries again: each command is a fork of one that has them already.

Libraries only: what is ours is found and imported by each command, with the path and the variables of that command. A
fork has a number, a folder and an end of its own, as any process; it shares the seed by which strings hash, which is
why there are two to fork from, in turn. It has one core, as tests run beside each other, and threads that wait for each
other on the cores of others take many times the time of one.
"""

import array
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

LIBRARIES = (
    "numpy", "pandas", "pyarrow.parquet", "scipy.stats", "sklearn.ensemble", "sklearn.linear_model",
    "sklearn.neighbors", "lightgbm", "threadpoolctl", "optuna", "omegaconf", "hydra", "rich", "yaml",
)  # fmt: skip
OURS = ("mesic", "mesic_plugins", "hydra_plugins")
WITHIN_S = 300


def keep_to_one_core(place):
    """Run this process, and those that it will start, on one of its cores; `place` counts beyond the last."""
    if hasattr(os, "sched_setaffinity"):
        cores = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {cores[place % len(cores)]})


def place_of_tests():
    """Return the number of the process of tests that this one is, or was started from."""
    return int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))


class Warm:
    """A process to fork from, which lives as long as this one; strings hash by `seed` in all of its forks."""

    def __init__(self, seed):
        self.line, theirs = socket.socketpair()
        self.line.settimeout(WITHIN_S)
        self.one_at_a_time = threading.Lock()
        chosen = {"PYTHONHASHSEED": str(seed), "GOMP_SPINCOUNT": "1000"}  # as ours do, but before the library is loaded
        kept = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        with theirs:
            self.process = subprocess.Popen(
                [sys.executable, __file__, str(theirs.fileno())], env=kept | chosen, pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )  # fmt: skip

    def run(self, arguments, folder, environment):
        """Run ``mesic`` with arguments in a folder; return its status, its stdout and its stderr."""
        asked = json.dumps([arguments, str(folder), environment]).encode()
        with self.one_at_a_time, tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
            files = array.array("i", [out.fileno(), err.fileno()])
            self.line.sendmsg([len(asked).to_bytes(8, "big")], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, files)])
            self.line.sendall(asked)
            status = self._ended()
            return status, _text(out), _text(err)

    def _ended(self):
        number = int.from_bytes(_read(self.line, 8), "big")
        try:
            return int.from_bytes(_read(self.line, 8), "big", signed=True)
        except TimeoutError:
            os.kill(number, signal.SIGKILL)
            _read(self.line, 8)
            raise

    def close(self):
        """Let the process end."""
        self.line.close()
        self.process.wait()


def _text(file):
    file.seek(0)
    return file.read()


def _read(line, size):
    found = b""
    while len(found) < size:
        more = line.recv(size - len(found))
        if not more:
            raise EOFError("the other side has ended")
        found += more
    return found


def _next_command(line):
    """Wait for a command; return its arguments in a process of its own, or None when nobody can ask any more."""
    while True:
        size, files, _, _ = socket.recv_fds(line, 8, 2)
        if not size:
            return None
        arguments, folder, environment = json.loads(_read(line, int.from_bytes(size, "big")))
        number = os.fork()
        if number == 0:
            line.close()
            _become(folder, environment, files)
            return arguments
        for file in files:
            os.close(file)
        line.sendall(number.to_bytes(8, "big"))
        _, status = os.waitpid(number, 0)
        line.sendall(os.waitstatus_to_exitcode(status).to_bytes(8, "big", signed=True))


def _become(folder, environment, files):
    """Be what a new process would be in a folder, with an environment and two files to write to."""
    for file, number in zip(files, (1, 2), strict=True):
        os.dup2(file, number)
        os.close(file)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    sys.modules["numpy"].random.seed()
    paths = environment.get("PYTHONPATH", "").split(os.pathsep)
    sys.path[:] = [folder, *filter(None, paths), *sys.path[1:]]


def _warm_up():
    for library in LIBRARIES:
        importlib.import_module(library)
    assert not [name for name in sys.modules if name.partition(".")[0] in OURS]
    gc.freeze()  # a fork that collects garbage would copy every page of it


if __name__ == "__main__":
    keep_to_one_core(place_of_tests())
    _warm_up()
    words = _next_command(socket.socket(fileno=int(sys.argv[1])))
    if words is not None:
        sys.argv = ["mesic", *words]
        runpy.run_module("mesic", run_name="__main__", alter_sys=True)
