"""Records over connections: lines of JSON come in, and each is answered on the connection that it came by."""

import contextlib
import json
import os
import selectors
import socket
import stat
import sys
from collections import deque
from typing import Any

from mesic import Record, UsageError
from mesic_plugins.streams.lines import KIB, Lines, as_record, is_blank

CHUNK, LAST_S = 64 * KIB, 1.0


class Caller:
    """A connection: lines that came and are not read yet, answers that are not taken yet."""

    def __init__(self, connection, longest):
        self.connection, self.lines, self.number, self.asked = connection, Lines(longest), 0, 0
        self.waiting, self.has_ended, self.is_gone = bytearray(), False, False


class Socket:
    """Lines of JSON over TCP or a Unix socket, each answered where it came from, in order.

    A caller who loses the connection sends again what was not answered: the same record gets the same answer.

    Parameters
    ----------
    host, port : str, int
        Where to listen.
    path : str, optional
        A socket of the file system instead.
    max_connections : int
        Connections that are held.
    max_waiting_kib : int
        Answers that wait for a caller before no more is read of it.
    max_record_kib : int
        Size of a record.
    """

    resumes, writes_stdout, usual_checkpoint = False, False, None

    def __init__(
        self, host="127.0.0.1", port=0, path=None, max_connections=100, max_waiting_kib=256, max_record_kib=1024
    ):
        self.host, self.port, self.path, self.most = host, port, path, max_connections
        self.most_waiting, self.longest = max_waiting_kib * KIB, max_record_kib * KIB
        self._listening: Any = None

    def identity(self):
        """Return where it listens."""
        where = self.path or f"{self.host}:{self.port}"
        return {"input": where, "output": where}

    def open(self, position):  # noqa: ARG002 - there is none to go on from
        """Listen."""
        self._selector, self._callers = selectors.DefaultSelector(), set()
        self._ready: deque[Caller] = deque()
        try:
            self._listening = self._listen()
        except OSError as error:
            where = f"path={self.path}" if self.path else f"host={self.host} port={self.port}"
            raise UsageError(f"cannot listen at {where}: {error}; give another") from error
        self._listening.setblocking(False)
        self._selector.register(self._listening, selectors.EVENT_READ)
        if self.path is None:
            self.port = self._listening.getsockname()[1]
        _tell("listening", **self.identity())

    def _listen(self):
        if self.path is None:
            family = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)[0][0]
            return socket.create_server((self.host, self.port), family=family)
        if os.path.exists(self.path) and stat.S_ISSOCK(os.stat(self.path).st_mode):  # noqa: PTH110, PTH116 - a text
            _refuse_if_answered(self.path)
            os.unlink(self.path)  # noqa: PTH108 - left by a process that was struck down
        listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            listening.bind(self.path)
            os.chmod(self.path, 0o600)  # noqa: PTH101 - only who started it may ask
            listening.listen()
        except OSError:
            listening.close()
            raise
        return listening

    def read(self, most, wait_s):
        """Return records of all callers in turn."""
        records: list[Record] = []
        for key, events in self._selector.select(0 if self._ready else wait_s):
            if key.fileobj is self._listening:
                self._accept()
            else:
                self._attend(key.data, events)
        for _ in range(len(self._ready)):
            caller = self._ready.popleft()
            share = max(1, (most - len(records)) // (len(self._ready) + 1))
            records += self._taken(caller, min(share, most - len(records)) if self._has_room(caller) else 0)
            self._look_after(caller)
        return records

    def _accept(self):
        try:
            connection, _ = self._listening.accept()
        except OSError:
            return
        if len(self._callers) >= self.most:
            _tell("refused", why=f"there are {self.most} connections, and no more may be")
            connection.close()
            return
        connection.setblocking(False)
        caller = Caller(connection, self.longest)
        self._callers.add(caller)
        self._selector.register(connection, selectors.EVENT_READ, caller)

    def _attend(self, caller, events):
        if events & selectors.EVENT_WRITE:
            self._send(caller)
        if events & selectors.EVENT_READ and not caller.is_gone:
            self._receive(caller)
        self._look_after(caller)

    def _receive(self, caller):
        try:
            data = caller.connection.recv(CHUNK)
        except BlockingIOError:
            return
        except OSError:
            caller.is_gone = True
            return
        caller.lines.feed(data)
        if not data:
            caller.has_ended = True
            caller.lines.finish()

    def _taken(self, caller, most):
        records = []
        for line in caller.lines.take(most):
            if not is_blank(line):
                records.append(as_record(line, str(caller.number), caller))
                caller.number += 1
        caller.asked += len(records)
        return records

    def write(self, replies):
        """Hand each answer to its caller; one who does not read waits, and is not read of meanwhile."""
        callers: dict[Caller, None] = {}
        for reply in replies:
            caller = reply.record.origin
            caller.asked -= 1
            caller.waiting += b"" if caller.is_gone else reply.line + b"\n"
            callers[caller] = None
        for caller in callers:
            self._send(caller)
            self._look_after(caller)

    def _send(self, caller):
        try:
            while caller.waiting:
                del caller.waiting[: caller.connection.send(caller.waiting[:CHUNK])]
        except BlockingIOError:
            return
        except OSError:
            caller.is_gone = True

    def _look_after(self, caller):
        """Wait for what a caller can do now; let go of one who is done or gone."""
        if caller not in self._callers:
            return
        if caller.is_gone or not (caller.waiting or caller.lines.whole or caller.asked or not caller.has_ended):
            self._let_go(caller)
            return
        has_room = self._has_room(caller)
        if caller.lines.whole and has_room and caller not in self._ready:
            self._ready.append(caller)
        may_send = has_room and not (caller.has_ended or caller.lines.whole)
        events = (selectors.EVENT_READ if may_send else 0) | (selectors.EVENT_WRITE if caller.waiting else 0)
        is_known = caller.connection in self._selector.get_map()
        if not events:
            if is_known:
                self._selector.unregister(caller.connection)
        elif is_known:
            self._selector.modify(caller.connection, events, caller)
        else:
            self._selector.register(caller.connection, events, caller)

    def _has_room(self, caller):
        return len(caller.waiting) < self.most_waiting

    def _let_go(self, caller):
        self._callers.discard(caller)
        if caller in self._ready:
            self._ready.remove(caller)
        if caller.connection in self._selector.get_map():
            self._selector.unregister(caller.connection)
        caller.connection.close()

    def commit(self):
        """Return nothing: who asked sends again what was not answered."""
        return {}

    def lag(self):
        """Return the records that came and are not answered yet."""
        return sum(len(caller.lines.whole) for caller in self._callers), "records"

    def close(self):
        """Send what waits to those who read it within a moment, and end every connection."""
        if self._listening is None:
            return
        for caller in list(self._callers):
            caller.connection.settimeout(LAST_S)
            with contextlib.suppress(OSError):
                caller.connection.sendall(caller.waiting)
            self._let_go(caller)
        self._listening.close()
        self._selector.close()
        self._listening = None
        if self.path is not None and os.path.exists(self.path):  # noqa: PTH110 - a text
            os.unlink(self.path)  # noqa: PTH108 - a text


def _refuse_if_answered(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(path)
        except OSError:
            return
    raise UsageError(f"path={path} cannot work: another process listens there; give another")


def _tell(event, **facts):
    sys.stderr.write(json.dumps({"event": event, **facts}) + "\n")
    sys.stderr.flush()
