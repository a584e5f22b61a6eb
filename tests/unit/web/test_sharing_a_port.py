"""Several web processes at one port."""

from __future__ import annotations

import pickle
import socket

import pytest

from khaacho.web.server import OwnSocket

HOST = "127.0.0.1"
# All of them at one process by chance: once in 2^63 times.
CONNECTIONS = 64


def waiting_at(listening: socket.socket) -> int:
    """How many connections wait to be accepted."""
    listening.setblocking(False)
    count = 0
    while True:
        try:
            listening.accept()[0].close()
        except BlockingIOError:
            return count
        count += 1


def test_each_process_gets_connections_of_its_own() -> None:
    """[X45] What a process is handed becomes a socket of its own, and connections that come one after the other are
    shared out, also while nobody is busy.
    """
    with socket.create_server((HOST, 0), reuse_port=True) as held:
        port = held.getsockname()[1]
        held.close()
        handed = pickle.dumps(OwnSocket(HOST, port))
        with pickle.loads(handed) as first, pickle.loads(handed) as second:
            for listening in (first, second):
                listening.listen(CONNECTIONS)
            opened = [socket.create_connection((HOST, port)) for _ in range(CONNECTIONS)]
            shares = [waiting_at(first), waiting_at(second)]
            for connection in opened:
                connection.close()
    assert sum(shares) == CONNECTIONS
    assert min(shares) > 0


def test_a_port_of_somebody_else_stays_theirs() -> None:
    """Sharing is among those who agree to share."""
    with socket.create_server((HOST, 0)) as theirs, pytest.raises(OSError):
        pickle.loads(pickle.dumps(OwnSocket(HOST, theirs.getsockname()[1])))
