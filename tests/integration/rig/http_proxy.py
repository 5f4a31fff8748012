# SPDX-License-Identifier: LGPL-2.1-or-later
"""A proxy between an HTTP client and a real server that counts, and spoils what a test tells it to spoil.

Host and body pass unchanged, so signatures stay valid. One request per connection.
"""
import dataclasses
import socket
import struct
import threading
import time
import typing

from rig.processes import free_port
from rig.proxy import serve_each

CHUNK = 1 << 16


@dataclasses.dataclass
class Request:
    """What came in; `sent` and `status` are filled in later."""
    method: str
    target: str  # path and query
    length: int
    number: int  # of all requests, from 1
    sent: int = 0  # bytes of the body that went on to the server
    status: int = 0  # of the server's answer


@dataclasses.dataclass
class Fault:
    """What goes wrong with one request; nothing, by default."""
    answer: bytes | None = None  # instead of the server's; the request never gets there
    reset_after: int | None = None  # so many bytes of the body, both sides are broken off
    stall_after: int | None = None  # so many bytes of the body, nothing happens for `stall` seconds
    stall: float = 0
    bytes_per_second: float | None = None  # of the body
    lose_answer: bool = False  # the server has done it, but nobody hears of that
    edit: typing.Callable[[bytes], bytes] | None = None  # of the answer


def answer(status, code, message="", headers=()):
    """An answer as stores give it when they refuse."""
    body = f"<?xml version='1.0'?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
    lines = [f"HTTP/1.1 {status} {code}", "Content-Type: application/xml", f"Content-Length: {len(body)}",
             "Connection: close", *headers, "", body]
    return "\r\n".join(lines).encode()


class _BrokenOff(Exception):
    pass


class HttpProxy:
    """`fault(request)` gives the Fault of a request or None; called on the proxy's threads, one at a time.

    `tls`: an ssl.SSLContext with a certificate; clients then speak https, the server still http.
    """

    def __init__(self, port, fault=None, port_here=None, tls=None):
        self.port, self._to, self._tls = port_here or free_port(), port, tls
        self.fault = fault
        self.requests = []  # in the order in which they came
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._server = socket.create_server(("127.0.0.1", self.port), backlog=256)
        serve_each(self._server, self._handle)

    def stop(self):
        self._stopped.set()
        try:
            self._server.shutdown(socket.SHUT_RDWR)  # so that accept() ends, too
        except OSError:
            pass
        self._server.close()

    @property
    def sent(self):
        """Bytes of bodies that went on to the server."""
        with self._lock:
            return sum(r.sent for r in self.requests)

    def count(self, method, text=""):
        with self._lock:
            return sum(r.method == method and text in r.target for r in self.requests)

    def _handle(self, client):
        server = None
        try:
            if self._tls:
                client = self._tls.wrap_socket(client, server_side=True)
            head, rest = _read_head(client)
            request, fault = self._admit(head)
            if fault.answer is not None:
                _skip(client, request.length - len(rest))
                client.sendall(fault.answer)
                return
            server = socket.create_connection(("127.0.0.1", self._to))
            server.sendall(_with_header(head, b"Connection: close"))
            self._send_body(client, server, rest, request, fault)
            self._send_answer(server, client, request, fault)
        except _BrokenOff:
            _reset(client)
            if server:
                _reset(server)
        except OSError:
            pass  # one of them is gone
        finally:
            client.close()
            if server:
                server.close()

    def _admit(self, head):
        method, target, _ = head.split(b"\r\n", 1)[0].decode("latin-1").split(" ", 2)
        with self._lock:
            request = Request(method, target, _length_of(head), len(self.requests) + 1)
            self.requests.append(request)
            fault = self.fault(request) if self.fault else None
        return request, fault or Fault()

    def _send_body(self, client, server, rest, request, fault):
        """What the server does not want any more is read, so that the client hears the answer."""
        left, started = request.length, time.monotonic()
        while left:
            data = rest or client.recv(min(CHUNK, left))
            rest = b""
            if not data:
                raise OSError("the client is gone")
            due = request.sent + len(data)
            if fault.reset_after is not None and due > fault.reset_after:
                raise _BrokenOff
            if fault.stall_after is not None and due > fault.stall_after >= request.sent:
                self._stopped.wait(fault.stall)
            if fault.bytes_per_second:
                self._stopped.wait(max(0, due / fault.bytes_per_second - (time.monotonic() - started)))
            left -= len(data)
            request.sent = due
            try:
                server.sendall(data)
            except OSError:  # it has answered already, and wants no more of it
                return _skip(client, left)
        return None

    @staticmethod
    def _send_answer(server, client, request, fault):
        head, rest = _read_head(server)
        request.status = int(head.split(b" ", 2)[1])
        if fault.lose_answer:
            raise _BrokenOff
        data = head + rest
        while part := server.recv(CHUNK):
            data += part
        client.sendall(fault.edit(data) if fault.edit else data)


def _read_head(peer):
    data = b""
    while b"\r\n\r\n" not in data:
        more = peer.recv(CHUNK)
        if not more:
            raise OSError("gone before it said anything")
        data += more
    end = data.index(b"\r\n\r\n") + 4
    return data[:end], data[end:]


def _length_of(head):
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def _with_header(head, header):
    lines = [line for line in head[:-4].split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([*lines, header, b"", b""])


def _skip(peer, size):
    while size > 0 and (data := peer.recv(min(CHUNK, size))):
        size -= len(data)


def _reset(peer):
    """RST instead of FIN: what a dying host or a firewall gives."""
    try:
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    except OSError:
        pass
