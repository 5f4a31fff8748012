# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/recording.schema.json and the loader agree about the shipped example and about bad documents.

Arguments: the source root, the program gst-recording-1.0. What a schema cannot say (references, ranges of
durations, duplicates, placeholders) only the loader refuses.
"""
import copy
import json
import pathlib
import subprocess
import sys
import tempfile
import unittest

import jsonschema

ROOT, TOOL = pathlib.Path(sys.argv[1]), str(pathlib.Path(sys.argv[2]).resolve())
EXAMPLE = json.loads((ROOT / "examples/recording.json").read_text())
SCHEMA = json.loads((ROOT / "docs/recording.schema.json").read_text())
DEFAULT = ("templates", "default")

# Where, what is put there (DELETE takes it away).
DELETE = object()
BOTH = [
    ((), []),
    (("templates",), DELETE),
    (("rules",), DELETE),
    (("rules",), {}),
    (("extra",), 1),
    (("limits",), {"templates": -1}),
    (("limits",), {"stores": 1}),
    (("templates", ""), {"formats": {}}),
    (("templates", "x" * 65), {"formats": {}}),
    (("templates", "off", "formats"), DELETE),
    ((*DEFAULT, "formats", "mkv"), {}),
    ((*DEFAULT, "formats", "mp4"), None),
    ((*DEFAULT, "formats", "mp4", "cycle"), 30),
    ((*DEFAULT, "formats", "mp4", "cycle"), "30"),
    ((*DEFAULT, "formats", "mp4", "cycle"), "30 min"),
    ((*DEFAULT, "formats", "mp4", "cycle"), ""),
    ((*DEFAULT, "formats", "hls", "upload"), "when-closed"),
    ((*DEFAULT, "formats", "flv", "upload"), "later"),
    ((*DEFAULT, "formats", "hls", "segmnt"), "5s"),
    ((*DEFAULT, "content"), ["mixed"]),
    ((*DEFAULT, "content"), []),
    ((*DEFAULT, "content"), ["origin", "origin"]),
    ((*DEFAULT, "content"), ["transcoded:a b"]),
    ((*DEFAULT, "standby"), "on"),
    ((*DEFAULT, "restart-after"), 3600),
    ((*DEFAULT, "trigger"), "sometimes"),
    ((*DEFAULT, "trigger"), {}),
    ((*DEFAULT, "trigger"), {"ask": "http://h/?q"}),
    ((*DEFAULT, "trigger"), {"ask": "http://h", "retries": "5"}),
    ((*DEFAULT, "trigger"), {"ask": "http://h", "on-failure": "retry"}),
    ((*DEFAULT, "trigger"), {"ask": "http://h", "answer": 1}),
    ((*DEFAULT, "formats", "hls", "segment-name"), "/x"),
    ((*DEFAULT, "formats", "hls", "segment-format"), "mkv"),
    ((*DEFAULT, "formats", "mp4", "segment-name"), "{Sequence}"),
    ((*DEFAULT, "formats", "mp4", "name"), "../x"),
    ((*DEFAULT, "formats", "mp4", "storage-class"), "cold"),
    ((*DEFAULT, "formats", "mp4", "process"), ["a", "a"]),
    ((*DEFAULT, "formats", "mp4", "merge"), 1),
    (("jobs",), []),
    (("jobs",), {"a": {}}),
    (("jobs",), {"a": {"command": "true"}}),
    (("jobs",), {"a": {"command": []}}),
    (("jobs",), {"a": {"command": [""]}}),
    (("jobs",), {"a": {"command": ["x"], "launch": "y"}}),
    (("jobs",), {"a/b": {"command": ["x"]}}),
    (("jobs",), {"a": {"command": ["x"], "output": "x/y.png"}}),
    (("jobs",), {"a": {"command": ["x"], "output": "input.png"}}),
    (("jobs",), {"a": {"command": ["x"], "output": "png"}}),
    (("jobs",), {"a": {"command": ["x"], "output": "png."}}),
    (("jobs",), {"a": {"command": ["x"], "environment": ["A=B"]}}),
    (("jobs",), {"a": {"command": ["x"], "attempts": 101}}),
    (("jobs",), {"a": {"command": ["x"], "at-once": 0}}),
    (("jobs",), {"a": {"command": ["x"], "nice": 20}}),
    (("jobs",), {"a": {"command": ["x"], "max-file": 0}}),
    (("jobs",), {"a": {"command": ["x"], "timeout": 5}}),
    (("callbacks", "c"), {"url": "http://h", "schema": "tencent", "key": {"env": "A"}, "older-key": {"env": "B"}}),
    (("callbacks", "c"), {"url": "http://h", "key": {"env": "A"}, "older-key": {"env": "B"}}),
    (("callbacks", "c"), {"url": "http://h", "schema": "recording", "older-key": {"env": "B"}}),
    (("callbacks", "c"), {"url": "http://h", "schema": "own"}),
    (("storage", "s"), {"uri": "cos://b"}),
    (("storage", "s"), {"uri": "cos://b", "region": "eu", "signature": "v1"}),
    (("storage", "s"), {"uri": "oss://b", "region": "a.b"}),
    (("storage", "s"), {"uri": "file:///d", "uploads": 0}),
    (("storage", "s"), {"uri": "file:///d", "keep-local": "always"}),
    (("storage", "s"), {"uri": "file:///d", "keep-local": 0}),
    ((*DEFAULT, "keep-local"), "always"),
    ((*DEFAULT, "storage"), {"primary": "s", "backup-suffices": True}),
    ((*DEFAULT, "storage"), {"primary": "s", "backup": "t", "backup-suffices": 1}),
    (("storage", "s"), {"uri": "file:///d", "content-types": {"ts": "video/mp2t"}}),
    (("storage", "s"), {"uri": "s3://b", "endpoint": "http://h", "content-types": {".ts": "video/mp2t"}}),
    (("storage", "s"), {"uri": "s3://b", "endpoint": "http://h", "content-types": {"ts": "video"}}),
    (("storage", "s"), {"uri": "s3://b", "endpoint": "http://h", "content-types": {"ts": "video/mp2t\r\na: b"}}),
    (("storage", "s"), {"uri": "s3://b", "endpoint": "http://h", "metadata": {"a": "{StartYear}"}}),
    (("storage", "s"), {"uri": "s3://b", "endpoint": "http://h", "tags": {"a": "x}"}}),
    (("spool",), {}),
    (("spool",), {"min-free": 0}),
    (("spool",), {"min-free": "10GB"}),
    (("spool",), {"min-free": 1, "when-low": "delete"}),
    (("storage", "s"), {"uri": "file:///d", "uploads": 65}),
    (("storage", "s"), {"uri": "file:///d", "uploads": "4"}),
    (("storage", "s"), {"uri": "file:///d", "bandwidth": 5000}),
    (("storage", "s"), {"uri": "file:///d", "ca": "/ca.pem"}),
    (("storage", "s"), {"uri": "file:///d", "tags": {"a": "b"}}),
    (("storage", "s"), {"uri": "s3://b", "endpoint": "http://h", "metadata": {"A": "b"}}),
    (("storage", "s"), {"uri": "s3://b", "endpoint": "http://h", "metadata": {"a": "b\r\nc: d"}}),
    (("storage", "s"), {"uri": "s3://b", "endpoint": "http://h", "metadata": {"a": "b  c"}}),
    (("storage", "s"), {"uri": "s3://b", "endpoint": "http://h", "metadata": {"a": "x" * 129}}),
    (("storage", "s"), {"uri": "s3://b", "endpoint": "http://h", "tags": {"a": "b&c"}}),
    (("storage", "s"), {"uri": "s3://b", "endpoint": "http://h", "tags": {"a": ""}}),
    (("storage", "s"), {"uri": "s3://b", "endpoint": "http://h", "tags": {f"a{i}": "b" for i in range(11)}}),
    (("storage", "s"), {"uri": "s3://b", "endpoint": "http://h", "ca": "ca.pem"}),
    (("storage", "s"), {"uri": "s3://b", "endpoint": "http://h", "proxy": "http://u:p@h"}),
    (("storage", "s"), {"uri": "s3://b", "endpoint": "http://h", "proxy": "socks5://h"}),
    (("storage", "s"), {"uri": "s3://b", "endpoint": "http://h", "proxy": ""}),
    (("storage", "s"), {"uri": "s3://b", "endpoint": "http://h", "bandwidth": 999}),
    (("storage", "s"), {"uri": "s3://b", "endpoint": "http://h", "bandwidth": 5000.5}),
    (("storage", "s"), {"uri": "oss://b", "region": "eu", "credentials": {"file": "keys"}}),
    (("storage", "s"), {"uri": "oss://b", "region": "eu", "credentials": {"file": "/k", "url": "http://h"}}),
    ((*DEFAULT, "time-zone"), ""),
    ((*DEFAULT, "name"), "/absolute"),
    ((*DEFAULT, "name"), "../up"),
    ((*DEFAULT, "name"), "a/../b"),
    ((*DEFAULT, "name"), "a/.."),
    ((*DEFAULT, "name"), "a//b"),
    ((*DEFAULT, "name"), "a/"),
    ((*DEFAULT, "name"), "a\\b"),
    ((*DEFAULT, "name"), ""),
    ((*DEFAULT, "name"), "x" * 513),
    ((*DEFAULT, "storage", "primary"), DELETE),
    ((*DEFAULT, "storage"), "archive"),
    ((*DEFAULT, "retention"), "for ever"),
    ((*DEFAULT, "callbacks"), ["ops", "ops"]),
    (("rules", 0, "domain"), DELETE),
    (("rules", 0, "domain"), "*"),
    (("rules", 0, "domain"), ""),
    (("rules", 0, "domain"), "host:1935"),
    (("rules", 0, "domain"), "rtmp://host"),
    (("rules", 0, "app"), 5),
    (("rules", 0, "strem"), "x"),
    (("rules", 0, "template"), DELETE),
    (("storage", "archive", "uri"), "ftp://x"),
    (("storage", "archive", "uri"), "s3://bucket"),
    (("storage", "archive", "uri"), "file://host/x"),
    (("storage", "archive", "region"), "eu"),
    (("callbacks", "ops", "url"), "ops.example.org"),
    (("callbacks", "ops", "url"), "http://user:x@h/"),
    (("callbacks", "ops", "url"), "http://h/?a b"),
    (("callbacks", "ops", "url"), {"env": "1X"}),
    (("callbacks", "ops", "events"), []),
    (("callbacks", "ops", "events"), ["exception", "exception"]),
    (("callbacks", "ops", "events"), ["file"]),
    (("callbacks", "ops", "schema"), "other"),
    (("callbacks", "ops", "key"), "secret"),
    (("callbacks", "ops", "key"), {"env": "1X"}),
    (("callbacks", "ops", "key"), {}),
]
LOADER_ONLY = [
    (("limits",), {"templates": 2}),
    (("limits",), {"rules": 3, "templates": 3}),
    ((*DEFAULT, "formats", "mp4", "cycle"), "13h"),
    ((*DEFAULT, "formats", "hls", "segment"), "0s"),
    ((*DEFAULT, "formats", "hls", "splice-timeout"), "7h"),
    ((*DEFAULT, "formats", "hls", "cycle"), "13h"),
    ((*DEFAULT, "formats", "hls", "segment-name"), "{EndYear}"),
    ((*DEFAULT, "formats", "hls", "name"), "{EscapedEndTime}"),
    ((*DEFAULT, "formats", "mp4", "retention"), "1501d"),
    ((*DEFAULT, "content"), ["transcoded:*", "transcoded:a"]),
    ((*DEFAULT, "trigger"), {"ask": "http://h", "timeout": "2min"}),
    ((*DEFAULT, "time-zone"), "Mars/Base"),
    ((*DEFAULT, "name"), "{Nope}"),
    ((*DEFAULT, "name"), "{EscapedEndTime}"),
    ((*DEFAULT, "storage", "primary"), "nowhere"),
    ((*DEFAULT, "callbacks"), ["nobody"]),
    (("rules", 0, "template"), "nothing"),
    (("rules", 1), {"domain": "127.0.0.1", "app": "*", "template": "off"}),
    (("storage", "archive", "uri"), "file:///a/../b"),
]
GOOD = [
    (("rules",), []),
    (("limits",), {"templates": 3, "rules": 4}),
    (("templates", "видео"), {"formats": {"mp3": {}}}),
    ((*DEFAULT, "name"), "..a/b..{Sequence}"),
    ((*DEFAULT, "content"), ["origin", "watermarked", "transcoded:*"]),
    ((*DEFAULT, "standby"), True),
    ((*DEFAULT, "restart-after"), "1d"),
    ((*DEFAULT, "trigger"), "ingest-parameter"),
    ((*DEFAULT, "trigger"), {"ask": "https://h/x", "timeout": "5s", "retries": 0, "retry-interval": "1s",
                             "on-failure": "record", "hold": "1min"}),
    ((*DEFAULT, "formats", "hls"), {"cycle": "1h", "segment-name": "{UnixTimestamp}_{Sequence}",
                                    "segment-format": "cmaf", "name": "x", "retention": "1d"}),
    ((*DEFAULT, "formats", "flv"), {"storage-class": "archive", "process": ["a"], "merge": True}),
    ((*DEFAULT, "formats", "flv"), {"merge": True, "process-merged": ["a", "b"]}),
    (("jobs",), {}),
    (("jobs",), {"a": {"command": ["x", ""], "output": ["a.b-c", "b.png"], "environment": ["_A1"], "timeout": "24h",
                       "attempts": 100, "at-once": 16, "nice": 0, "max-file": 1}, "9": {"launch": "a ! b", "output": "x.y"}}),
    ((*DEFAULT, "formats", "hls", "splice-timeout"), "0s"),
    (("storage", "s"), {"uri": "s3://bucket/prefix", "endpoint": "https://h:9000", "credentials": "env"}),
    (("storage", "s"), {"uri": "cos://bucket-1/p", "region": "ap-x", "credentials": {"url": "http://h/role"}}),
    (("storage", "s"), {"uri": "oss://b", "region": "cn-x", "signature": "v1", "bucket-in": "path",
                        "credentials": {"file": "/run/keys"}}),
    (("callbacks", "c"), {"url": "http://h/?a=b", "schema": "alibaba", "key": {"env": "A"}}),
    (("callbacks", "c"), {"url": {"env": "A"}, "events": ["exception", "recording-error"]}),
    (("callbacks", "c"), {"url": "http://h", "schema": "recording", "key": {"env": "A"}, "older-key": {"env": "B"}}),
    (("rules", 0, "domain"), "[::1]"),
    (("callbacks", "ops", "key"), DELETE),
]


def changed(path, value):
    document = copy.deepcopy(EXAMPLE)
    if not path:
        return value
    parent = document
    for step in path[:-1]:
        parent = parent[step]
    if value is DELETE:
        del parent[path[-1]]
    else:
        parent[path[-1]] = value
    return document


class Schema(unittest.TestCase):
    def schema_takes(self, document):
        return jsonschema.Draft202012Validator(SCHEMA).is_valid(document)

    def loader_takes(self, document):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            json.dump(document, file, ensure_ascii=False)
            file.flush()
            run = subprocess.run([TOOL, "validate", file.name], capture_output=True, text=True, check=False)
        self.assertIn(run.returncode, (0, 1), run.stderr)
        return run.returncode == 0

    def expect(self, path, value, schema, loader):
        document = changed(path, value)
        with self.subTest(path=path, value=str(value)):
            self.assertEqual(self.schema_takes(document), schema, "schema")
            self.assertEqual(self.loader_takes(document), loader, "loader")

    def test_schema_is_a_schema(self):
        jsonschema.Draft202012Validator.check_schema(SCHEMA)

    def test_example_is_valid(self):
        self.expect((), EXAMPLE, True, True)

    def test_both_take_what_is_good(self):
        for path, value in GOOD:
            self.expect(path, value, True, True)

    def test_both_refuse_what_is_bad(self):
        for path, value in BOTH:
            self.expect(path, value, False, False)

    def test_the_loader_refuses_what_a_schema_cannot_say(self):
        for path, value in LOADER_ONLY:
            self.expect(path, value, True, False)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
