#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Receives recording callbacks and checks their signature.

usage: callback_receiver.py PORT [LOG]

Answers every POST with {"code":0}. What is not signed with the key from the environment variable
RECORDING_CALLBACK_KEY, or was signed more than five minutes ago (Tencent: came after its time "t"), is answered with
403. One JSON object a line goes to LOG (standard output without one): {"time": ..., "path": ..., "accepted": ...,
"body": {...}}. docs/callbacks.md says how each schema signs. Behind a proxy, RECORDING_CALLBACK_BASE is what stands
before the path in the address that the sender knows.
"""
import hashlib
import hmac
import http.server
import json
import os
import sys
import time


OLDEST = 300  # seconds


def md5(text):
    return hashlib.md5(text.encode()).hexdigest()


def is_fresh(seconds):
    return seconds.isdigit() and abs(time.time() - int(seconds)) < OLDEST


def is_signed_in_body(body, key):
    """Tencent."""
    expires = body.get("t")
    return (isinstance(expires, int) and expires >= time.time()
            and hmac.compare_digest(md5(f"{key}{expires}"), str(body.get("sign", ""))))


def is_signed_by_headers(headers, prefix, what, key):
    """Alibaba: `what` is the host's name (ALI-LIVE-) or the whole address (X-VOD-)."""
    stamp = headers.get(prefix + "TIMESTAMP", "")
    return is_fresh(stamp) and hmac.compare_digest(md5(f"{what}|{stamp}|{key}"), headers[prefix + "SIGNATURE"])


def is_signed_as_recording(header, text, key):
    """Our own: "t=<seconds>,v1=<hex>,v1=<hex>" while keys are changed."""
    fields = [field.partition("=")[::2] for field in header.split(",")]
    stamp = dict(fields).get("t", "")
    expected = hmac.new(key.encode(), stamp.encode() + b"." + text, hashlib.sha256).hexdigest()
    return is_fresh(stamp) and any(name == "v1" and hmac.compare_digest(expected, value) for name, value in fields)


class Receiver(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    key = os.environ.get("RECORDING_CALLBACK_KEY", "")
    log = sys.stdout

    def do_POST(self):
        length = int(self.headers.get("Content-Length") or 0)
        text = self.rfile.read(length)
        try:
            body = json.loads(text)
        except ValueError:
            body = {}
        accepted = self.is_signed(text, body)
        try:
            self.answer(200 if accepted else 403, b'{"code":0}' if accepted else b'{"code":1}')
        except ConnectionError:
            return  # the sender does not know that it was heard: it will come again
        line = {"time": round(time.time(), 3), "path": self.path, "accepted": accepted, "body": body}
        self.log.write(json.dumps(line, ensure_ascii=False) + "\n")

    def is_signed(self, text, body):
        host = self.headers.get("Host", "")
        if "X-Recording-Signature" in self.headers:
            return is_signed_as_recording(self.headers["X-Recording-Signature"], text, self.key)
        if "ALI-LIVE-SIGNATURE" in self.headers:
            return is_signed_by_headers(self.headers, "ALI-LIVE-", host.rpartition(":")[0] or host, self.key)
        if "X-VOD-SIGNATURE" in self.headers:
            address = os.environ.get("RECORDING_CALLBACK_BASE", "http://" + host) + self.path
            return is_signed_by_headers(self.headers, "X-VOD-", address, self.key)
        return is_signed_in_body(body, self.key)

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
