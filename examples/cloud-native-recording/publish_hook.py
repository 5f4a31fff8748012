#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Starts the recording of a page, or of a stream, when a stream is published, and ends it with the stream.

An HTTP server on loopback that understands what nginx-rtmp (on_publish, on_publish_done) and SRS (on_publish,
on_unpublish) send. PAGE is the address of a page that shows a stream, with {app} and {stream} in it:

  publish_hook.py 8089 'https://studio.example.org/mix/{app}/{stream}' -- --directory /var/lib/recordings

The address may also be that of the stream, for another --recorder, ../record_push.py. What follows -- goes to the
recorder. Who publishes is rtmp://DOMAIN/app/stream for the rules; characters other than letters, digits and - . _ ~ in
these names become %XX, there and in the address. The server is always told that the stream may be published: no
recording is a reason to refuse it. SIGTERM ends all recordings, then the hook.
"""
import argparse
import http.server
import json
import pathlib
import signal
import subprocess
import sys
import threading
import urllib.parse

MAX_BODY = 64 * 1024
MAX_NAME = 256
RECORDER = pathlib.Path(__file__).resolve().with_name("record_page.py")
BEGINS, ENDS = ("publish", "on_publish"), ("publish_done", "on_unpublish")


def event(content_type, body):
    """(what, app, stream, client) of a hook's body, or None when it is none. Whoever publishes chooses the names."""
    try:
        if content_type.startswith("application/json"):
            fields = json.loads(body)
        else:
            fields = dict(urllib.parse.parse_qsl(body.decode(), max_num_fields=100))
        what = fields.get("call") or fields.get("action")
        app, stream = fields.get("app"), fields.get("name") or fields.get("stream")
    except (ValueError, AttributeError, RecursionError):
        return None
    if not all(isinstance(value, str) and 0 < len(value) <= MAX_NAME for value in (what, app, stream)):
        return None
    client = str(fields.get("clientid") or fields.get("client_id"))
    return what, urllib.parse.quote(app, safe=""), urllib.parse.quote(stream, safe=""), client


class Recordings:
    """Those that run, by app and stream; one at a time per stream."""

    def __init__(self, page, domain, most, command):
        """`command`: begins a recording; the address of what is to be recorded comes to its standard input."""
        self._page, self._domain, self._most, self._command = page, domain, most, command
        self._lock = threading.Lock()
        self._running, self._ending = {}, []  # guarded by _lock; (app, stream): [recorder, client]

    def begin(self, app, stream, client):
        with self._lock:
            self._running = {key: value for key, value in self._running.items() if value[0].poll() is None}
            if (app, stream) in self._running:
                self._running[app, stream][1] = client  # it came back before its old connection was found dead
                return "is recorded already"
            if len(self._running) >= self._most:
                return f"is not recorded: {self._most} pages are"
            recorder = subprocess.Popen(
                [*self._command, f"--push=rtmp://{self._domain}/{app}/{stream}"], stdin=subprocess.PIPE, text=True,
                start_new_session=True)
            self._running[app, stream] = [recorder, client]
        with recorder.stdin as pipe:
            pipe.write(self._page.replace("{app}", app).replace("{stream}", stream) + "\n")
        threading.Thread(target=recorder.wait, daemon=True).start()  # no zombie stays
        return "begins"

    def end(self, app, stream, client):
        with self._lock:
            if self._running.get((app, stream), [None, None])[1] != client:
                return "is not recorded for this client"
            recorder, _ = self._running.pop((app, stream))
            recorder.terminate()  # it finishes its files; meanwhile the stream may come back
            self._ending = [other for other in self._ending if other.poll() is None] + [recorder]
        return "ends"

    def end_all(self):
        with self._lock:
            for recorder, _ in self._running.values():
                recorder.terminate()
            for recorder in [*self._ending, *(recorder for recorder, _ in self._running.values())]:
                recorder.wait()


class Hook(http.server.BaseHTTPRequestHandler):
    timeout = 10
    recordings = None

    def do_POST(self):
        length = self.headers.get("Content-Length", "")
        body = self.rfile.read(int(length)) if length.isdigit() and int(length) <= MAX_BODY else b""
        found = event(self.headers.get("Content-Type", ""), body)
        if found and found[0] in BEGINS + ENDS:
            what, app, stream, client = found
            act = self.recordings.begin if what in BEGINS else self.recordings.end
            print(f"{app}/{stream} {act(app, stream, client)}", flush=True)
        self.send_response(200)
        self.send_header("Content-Length", "1")
        self.end_headers()
        self.wfile.write(b"0")  # SRS wants it

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("port", type=int)
    parser.add_argument("page", metavar="PAGE")
    parser.add_argument("--domain", default="page.localhost", help="default %(default)s")
    parser.add_argument("--most", type=int, default=4, help="so many pages at a time (default %(default)s)")
    parser.add_argument("--recorder", default=RECORDER, metavar="PROGRAM", help="default record_page.py")
    parser.add_argument("options", nargs="*", metavar="OPTION", help="of the recorder, after --")
    chosen = parser.parse_args()
    Hook.recordings = Recordings(chosen.page, chosen.domain, chosen.most,
                                 [chosen.recorder, "-", *chosen.options])
    server = http.server.ThreadingHTTPServer(("127.0.0.1", chosen.port), Hook)
    server.daemon_threads = True
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()
        Hook.recordings.end_all()


main()
