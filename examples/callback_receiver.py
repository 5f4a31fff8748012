#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Receives recording callbacks and checks their signature.

usage: callback_receiver.py PORT [LOG]

Answers every POST with {"code":0}. A body whose "sign" is not md5(key + t), with the key from the environment
variable RECORDING_CALLBACK_KEY, or that came after its time "t", is answered with 403. One JSON object a line
goes to LOG (standard output without one): {"time": ..., "path": ..., "accepted": ..., "body": {...}}.
"""
import hashlib
import hmac
import http.server
import json
import os
import sys
import time


def is_signed(body, key):
    expires = body.get("t")
    if not isinstance(expires, int) or expires < time.time():
        return False
    expected = hashlib.md5(f"{key}{expires}".encode()).hexdigest()
    return hmac.compare_digest(expected, str(body.get("sign", "")))


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    key = os.environ.get("RECORDING_CALLBACK_KEY", "")
    log = sys.stdout

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        try:
            body = json.loads(self.rfile.read(length))
        except ValueError:
            body = {}
        accepted = is_signed(body, self.key)
        try:
            self.answer(200 if accepted else 403, b'{"code":0}' if accepted else b'{"code":1}')
        except ConnectionError:
            return  # the sender does not know that it was heard: it will come again
        line = {"time": round(time.time(), 3), "path": self.path, "accepted": accepted, "body": body}
        self.log.write(json.dumps(line, ensure_ascii=False) + "\n")

    def do_GET(self):
        self.answer(200, b'{"code":0}')

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    if len(sys.argv) not in (2, 3):
        sys.exit(__doc__)
    if len(sys.argv) == 3:
        Receiver.log = open(sys.argv[2], "a", buffering=1, encoding="utf-8")
    else:
        sys.stdout.reconfigure(line_buffering=True)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Receiver)
    server.daemon_threads = True
    server.serve_forever()


main()
