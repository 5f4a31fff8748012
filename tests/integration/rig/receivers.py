# SPDX-License-Identifier: LGPL-2.1-or-later
"""Receivers of callbacks that do not behave: in this process, so that tests can tell them what to do."""
import dataclasses
import http.server
import json
import socket
import threading


@dataclasses.dataclass
class Told:
    """One request."""
    event_id: str
    body: dict
    is_accepted: bool


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, client_address):
        """A sender that was killed is no error."""


class UnreliableReceiver:
    """`decide(event_id, attempt)`, attempts from 1, gives the status of the answer; 0: none, and no connection."""

    def __init__(self, decide=lambda event_id, attempt: 200):
        receiver = self
        self.told = []  # in the order of the requests
        self._attempts = {}
        self._lock = threading.Lock()
        self._decide = decide

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status = receiver.hear(self.headers["X-Recording-Event-Id"], json.loads(body))
                if not status:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/recording"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def hear(self, event_id, body):
        with self._lock:
            self._attempts[event_id] = self._attempts.get(event_id, 0) + 1
            status = self._decide(event_id, self._attempts[event_id])
            self.told.append(Told(event_id, body, status == 200))
            return status

    def accepted(self):
        with self._lock:
            return [told for told in self.told if told.is_accepted]

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


class BlackHole:
    """Takes connections, and never says a word."""

    def __init__(self):
        self._server = socket.create_server(("127.0.0.1", 0), backlog=64)
        self._server.settimeout(0.2)
        self.url = f"http://127.0.0.1:{self._server.getsockname()[1]}/recording"
        self.connections = []
        self._stopped = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while not self._stopped.is_set():
            try:
                self.connections.append(self._server.accept()[0])
            except OSError:
                continue  # nobody has come

    def stop(self):
        self._stopped.set()
        for connection in self.connections:
            connection.close()
        self._server.close()
