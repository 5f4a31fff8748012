# SPDX-License-Identifier: LGPL-2.1-or-later
"""Whatever goes wrong between vodupload and a real store: in the end everything is there, announced once, and the
messages said what was wrong without a secret."""
import http.server
import itertools
import json
import os
import pathlib
import ssl
import threading

from rig import case
from rig.finished import Finished, assert_announced_once, assert_no_secrets, assert_stored, make_noise
from rig.http_proxy import Fault, HttpProxy, answer
from rig.processes import free_port, run, wait_until
from rig.radosgw import Radosgw
from rig.recording import BUCKET
from rig.servers import CallbackReceiver

PART = 16 << 20
STALL = 65 if os.environ.get("REC_LONG") else 3  # seconds; the long one outlasts vodupload's patience


class StoreFaults(case.Case):
    """Three files: a long one, which goes up in parts, and a playlist with its segments."""

    @classmethod
    def setUpClass(cls):
        shared = cls.share()
        cls.store = cls.keep_for_all(Radosgw(shared / "ceph")).start()
        cls.finished = Finished(shared / "rec", {"mp4": {"cycle": "1h"}, "hls": {"segment": "2s"}})
        cls.finished.record(make_noise(shared, 6))
        assert max(p.stat().st_size for p in cls.finished.paths()) > 2 * PART, "one goes up in parts"

    def setUp(self):
        super().setUp()
        self.receiver = self.keep(CallbackReceiver(self.directory / "callbacks")).start()
        self.finished.owe_again()

    def tearDown(self):
        for bucket in self.store.client.buckets():
            for key in self.store.client.keys(bucket):
                self.store.client.request("DELETE", f"/{bucket}/{key}")
            self.store.client.request("DELETE", f"/{bucket}")

    def start_uploader(self, store, env=None, **of_storage):
        """With all its messages in its log."""
        self.finished.recording.write_config(store, self.receiver, **of_storage)
        everything = {"GST_DEBUG": "4", "G_MESSAGES_DEBUG": "all", **self.finished.recording.env, **(env or {})}
        return self.launch(["-m", *self.finished.recording.uploader()], "uploader", everything)

    def behind(self, fault=None, **proxy):
        """The same store, with somebody between."""
        self.proxy = self.keep(HttpProxy(self.store.port, fault, **proxy))
        return Radosgw(self.directory / "none", self.proxy.port)  # a name for it, never started

    def assert_delivered(self, uploader, said=(), bucket=BUCKET):
        """`said`: what stands in a failure's message."""
        wait_until(lambda: not self.finished.owed(), "nothing is owed any more", 120, uploader)
        uploader.stop()
        failures = [line.replace("\\", "") for line in uploader.log.read_text().splitlines()
                    if "vodupload-upload-failed" in line]
        for text in said:
            self.assertTrue(any(text in line for line in failures), f"nobody said {text!r}: {failures[:3]}")
        assert_stored(self, self.finished, self.store.client, bucket)
        assert_announced_once(self, self.finished, self.receiver)
        for directory in (self.directory, self.finished.recording.directory):
            assert_no_secrets(self, directory, self.store.secret_key)
        return failures

    def assert_survives(self, fault, said=()):
        self.store.client.create_bucket(BUCKET)
        return self.assert_delivered(self.start_uploader(self.behind(fault)), said)

    def test_nobody_listens_yet(self):
        self.store.client.create_bucket(BUCKET)
        port = free_port()
        uploader = self.start_uploader(Radosgw(self.directory / "none", port))
        wait_until(self.finished.last_errors, "an upload has failed", 30, uploader)
        self.behind(port_here=port)
        self.assert_delivered(uploader, ["Connection refused"])

    def test_broken_off_in_mid_part(self):
        """Each part once, after half of it."""
        seen = set()

        def fault(request):
            if "partNumber=" not in request.target or request.target in seen:
                return None
            seen.add(request.target)
            return Fault(reset_after=request.length // 2)

        failures = self.assert_survives(fault)
        self.assertGreaterEqual(len(seen), 3)
        self.assertTrue(failures)
        for failure in failures:
            self.assertIn(f"http://127.0.0.1:{self.proxy.port}/{BUCKET}", failure)

    def test_a_storm_of_500_and_503(self):
        """The first four requests are refused, then each fourth, whatever it is: ten in all."""
        number = itertools.count()
        refusals = [answer(500, "InternalError", "We encountered an internal error."),
                    answer(503, "SlowDown", "Please reduce your request rate.", ["Retry-After: 1"])] * 5

        def fault(_):
            at = next(number)
            return Fault(answer=refusals.pop()) if refusals and (at < 4 or at % 4 == 0) else None

        self.assert_survives(fault, ["500 InternalError", "503 SlowDown"])
        self.assertLess(len(refusals), 5)

    def test_answers_that_are_lost(self):
        """The store does what it is asked to, and nobody hears of it: each single object, a part, both ends."""
        seen = set()

        def fault(request):
            path, _, query = request.target.partition("?")
            kind = (request.method, path, query.partition("=")[0])
            is_new = request.method in ("PUT", "POST") and kind not in seen
            seen.add(kind)
            return Fault(lose_answer=is_new)

        self.assert_survives(fault)
        of_parts = [kind for kind in seen if kind[0] in ("PUT", "POST") and kind[2]]
        self.assertEqual(len(of_parts), 3, "begun, a part, completed")

    def test_a_stall_in_mid_part(self):
        first = itertools.count()

        def fault(request):
            if "partNumber=" in request.target and next(first) == 0:
                return Fault(stall_after=PART // 2, stall=STALL)
            return None

        self.assert_survives(fault)

    def test_wrong_etags(self):
        """The store calls the first answer to each part something else than it is."""
        seen = set()

        def other(data):
            head, blank, body = data.partition(b"\r\n\r\n")
            lines = [b'ETag: "0123456789abcdef0123456789abcdef"' if line.lower().startswith(b"etag:") else line
                     for line in head.split(b"\r\n")]
            return b"\r\n".join(lines) + blank + body

        def fault(request):
            if request.method != "PUT" or request.target in seen:
                return None
            seen.add(request.target)
            return Fault(edit=other)

        self.assert_survives(fault)

    def test_a_slow_link(self):
        """5 MB a second for each connection."""
        self.assert_survives(lambda request: Fault(bytes_per_second=5e6))

    def test_a_bucket_that_is_not_there_yet(self):
        uploader = self.start_uploader(self.behind(), uri="s3://later/eu")
        wait_until(self.finished.last_errors, "an upload has failed", 30, uploader)
        self.store.client.create_bucket("later")
        self.assert_delivered(uploader, ["404 NoSuchBucket"], "later")

    def test_a_bucket_that_is_denied_for_a_while(self):
        self.store.client.create_bucket(BUCKET)
        self.store.admin("user", "suspend", "--uid=test")
        uploader = self.start_uploader(self.behind())
        try:
            wait_until(self.finished.last_errors, "an upload has failed", 30, uploader)
        finally:
            self.store.admin("user", "enable", "--uid=test")
        self.assert_delivered(uploader, ["403 UserSuspended"])

    def test_credentials_that_expire(self):
        """The endpoint that gives them says that they are good for an hour; the store thinks otherwise."""
        self.store.client.create_bucket(BUCKET)
        keys = {"AccessKeyId": "temporary", "SecretAccessKey": "temporary-secret", "Token": "temporary-token",
                "Expiration": "2099-01-01T00:00:00Z"}
        instance = self.keep(CredentialEndpoint(keys))

        def fault(request):
            return None if instance.keys is not keys else Fault(answer=answer(400, "ExpiredToken", "It has expired."))

        uploader = self.start_uploader(self.behind(fault), credentials={"url": instance.url})
        wait_until(self.finished.last_errors, "an upload has failed", 30, uploader)
        instance.keys = {"AccessKeyId": self.store.access_key, "SecretAccessKey": self.store.secret_key,
                         "Expiration": "2099-01-01T00:00:00Z"}
        self.assert_delivered(uploader, ["400 ExpiredToken"])
        assert_no_secrets(self, self.directory, "temporary-secret", "temporary-token")

    def test_a_clock_that_is_wrong(self):
        """An hour fast, then corrected while the uploader runs: what it has put off is not late by that hour."""
        self.store.client.create_bucket(BUCKET)
        shift = self.directory / "faketime"
        shift.write_text("+1h")
        uploader = self.start_uploader(self.behind(), faketime(shift))
        wait_until(self.finished.last_errors, "an upload has failed", 30, uploader)
        shift.write_text("+0")
        self.assert_delivered(uploader, ["RequestTimeTooSkewed"])

    def test_a_certificate_that_nobody_vouches_for(self):
        """Nothing is sent there, whatever the configuration says; it goes where the next configuration says."""
        self.store.client.create_bucket(BUCKET)
        certificate, key = self.directory / "certificate.pem", self.directory / "key.pem"
        run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-keyout", key, "-out", certificate])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        self.behind(tls=context)
        uploader = self.start_uploader(self.store, endpoint=f"https://localhost:{self.proxy.port}")
        wait_until(self.finished.last_errors, "an upload has failed", 30, uploader)
        self.finished.recording.write_config(self.store, self.receiver)
        self.assert_delivered(uploader, ["certificate"])
        self.assertEqual(self.proxy.requests, [])


class CredentialEndpoint:
    """As an instance of a cloud has it: a URL that gives `keys`."""

    def __init__(self, keys):
        endpoint = self
        self.keys = keys

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = json.dumps(endpoint.keys).encode()
                self.send_response(200)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/latest/meta-data/iam/security-credentials/recorder"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self):
        self._server.shutdown()
        self._server.server_close()


def faketime(file):
    """Environment in which the wall clock is as far off as `file` says at the moment; the monotonic one is not."""
    library = next(pathlib.Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))
    return {"LD_PRELOAD": str(library), "FAKETIME_TIMESTAMP_FILE": str(file), "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1"}


if __name__ == "__main__":
    case.main()
