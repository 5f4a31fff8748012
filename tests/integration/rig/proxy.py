# SPDX-License-Identifier: LGPL-2.1-or-later
"""A TCP proxy on loopback that counts what clients send, and acts when there was so much of it."""
import socket
import threading

from rig.processes import free_port


def serve_each(server, handle):
    """Calls `handle` with each connection, on a thread of its own, until the listening socket is closed."""
    def accept():
        while True:
            try:
                client, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=handle, args=(client,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


class Proxy:
    """`act()` is called once, when clients have sent more than `after` bytes; then everything is broken off.

    `listens`: where clients were told that it is."""

    def __init__(self, port, after=None, act=None, listens=None):
        self.port, self._to = listens or free_port(), port
        self._after, self._act = after, act
        self._lock = threading.Lock()
        self.sent = 0  # bytes by clients
        self._sockets = []
        self._server = socket.create_server(("127.0.0.1", self.port))
        serve_each(self._server, self._handle)

    def at(self, after, act):
        """As given to the constructor, once more."""
        with self._lock:
            self._after, self._act = after, act

    def stop(self):
        self._server.close()
        self._break_off()

    def _break_off(self):
        with self._lock:
            sockets, self._sockets = self._sockets, []
        for one in sockets:
            one.close()

    def _handle(self, client):
        server = socket.create_connection(("127.0.0.1", self._to))
        with self._lock:
            self._sockets += [client, server]
        threading.Thread(target=self._pump, args=(server, client, False), daemon=True).start()
        self._pump(client, server, True)

    def _pump(self, source, sink, counts):
        try:
            while data := source.recv(1 << 16):
                if counts and self._count(len(data)):
                    self._break_off()
                    return
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # one of them is gone

    def _count(self, size):
        with self._lock:
            self.sent += size
            is_due = self._act and self.sent > self._after
            act, self._act = (self._act, None) if is_due else (None, self._act)
        if act:
            act()
        return act is not None
