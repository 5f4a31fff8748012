# SPDX-License-Identifier: LGPL-2.1-or-later
"""What gst-recording-1.0 prints and ends with. Arguments: the source root, the program."""
import json
import pathlib
import subprocess
import sys
import tempfile
import time
import unittest

ROOT, TOOL = pathlib.Path(sys.argv[1]), str(pathlib.Path(sys.argv[2]).resolve())


STREAM = ("--domain", "push.example.org", "--app", "live", "--stream", "cam1")


def run(*arguments):
    done = subprocess.run([TOOL, *arguments], capture_output=True, text=True, check=False, cwd=ROOT)
    return done.returncode, done.stdout, done.stderr


def explain(uri):
    return run("explain", "--config", "examples/recording.json", uri)


def flv(frames):
    """MP3 frames, 24 ms each, as FLV."""
    text = b"FLV\x01\x04" + (9).to_bytes(4, "big") + bytes(4)
    for i in range(frames):
        tag = b"\x08" + (9).to_bytes(3, "big") + (24 * i).to_bytes(3, "big") + bytes(4) + b"\x2esome mp3"
        text += tag + len(tag).to_bytes(4, "big")
    return text


class Tool(unittest.TestCase):
    def test_help_names_every_command(self):
        status, out, _ = run("--help")
        self.assertEqual(status, 0)
        for command in ("explain", "validate", "list", "join", "clip", "merge", "fsck", "task", "start", "stop", "restart", "cancel-delay"):
            self.assertIn(f"  {command} ", out)

    def test_wrong_usage_is_said_on_standard_error(self):
        for arguments in ((), ("nonsense",), ("explain",), ("explain", "--config", "x"), ("validate",),
                          ("import",), ("import", "tencent"), ("import", "aws", "x"), ("export", "alibaba", "x", "y"),
                          ("list", "--limit", "0"), ("list", "--limit"), ("list", "word"), ("task",), ("task", "stop"),
                          ("task", "stop", "1", "2"), ("task", "list", "--end", "1"), ("task", "create", *STREAM),
                          ("task", "create", *STREAM[2:], "--end", "1"), ("task", "create", *STREAM, "--end", "soon"),
                          ("task", "create", *STREAM, "--end", "2026-11-21T20:00:00"),
                          ("task", "create", *STREAM, "--end", "1", "--duration", "1h"), ("start", "--stream", "x"),
                          ("stop", *STREAM, "--timeout", "5"), ("list", "--nonsense"), ("join",), ("join", "x.flv"),
                          ("join", "x.aac", "y.aac"), ("join", "--x.flv", "y.flv"), ("clip",), ("clip", "1", "--nonsense"), ("merge",),
                          ("merge", "1", "--start", "+1s"), ("explain", "--config", "x", "h/live/x")):
            with self.subTest(arguments=arguments):
                status, out, err = run(*arguments)
                self.assertEqual((status, out), (2, ""))
                self.assertIn("Usage", err)

    def test_explain_says_which_rule_won_and_which_lost(self):
        status, out, err = explain("rtmp://127.0.0.1/radio/one")
        self.assertEqual((status, err), (0, ""))
        self.assertRegex(out, r'template +"audio"')
        self.assertRegex(out, r"because +domain \+ app \(examples/recording.json:\d+:\d+\)")
        self.assertRegex(out, r'weaker +template "default" by domain .*: domain \+ app is narrower')
        self.assertRegex(out, r'other +template "off" by domain \+ app \+ stream .*: its app is "live"')
        self.assertRegex(out, r"other +1 rules are for other domains")
        self.assertRegex(out, r"trigger +automatic")
        self.assertRegex(out, r"name +record/radio/one/\{EscapedStartTime\}_\{EscapedEndTime\}\.aac")

    def test_join_makes_one_file_and_overwrites_none(self):
        with tempfile.TemporaryDirectory() as directory:
            folder = pathlib.Path(directory)
            (folder / "a.flv").write_bytes(flv(50))
            (folder / "b.flv").write_bytes(flv(25))
            arguments = ["join", str(folder / "out.flv"), str(folder / "a.flv"), str(folder / "b.flv")]
            status, out, err = run(*arguments)
            self.assertEqual((status, err), (0, ""))
            self.assertRegex(out, r"out.flv: 2 parts, 1\.800 s, \d+ bytes, 0 video and 75 audio frames")
            joined = (folder / "out.flv").read_bytes()
            self.assertEqual(joined.count(b"some mp3"), 75)
            self.assertEqual({p.name for p in folder.iterdir()}, {"a.flv", "b.flv", "out.flv"})
            status, out, err = run(*arguments)
            self.assertEqual((status, out), (1, ""))
            self.assertIn("is there already", err)
            self.assertEqual((folder / "out.flv").read_bytes(), joined)

    def test_join_says_which_part_is_at_fault_and_leaves_nothing_behind(self):
        with tempfile.TemporaryDirectory() as directory:
            folder = pathlib.Path(directory)
            (folder / "a.flv").write_bytes(flv(50))
            (folder / "torn.flv").write_bytes(flv(25)[:-1])
            for part, reason in (("torn.flv", "part 2 is no whole FLV"), ("missing.flv", "missing.flv")):
                status, out, err = run("join", str(folder / "out.flv"), str(folder / "a.flv"), str(folder / part))
                self.assertEqual((status, out), (1, ""))
                self.assertIn(reason, err)
            self.assertEqual({p.name for p in folder.iterdir()}, {"a.flv", "torn.flv"})

    def test_import_and_export_keep_what_both_sides_have(self):
        with tempfile.TemporaryDirectory() as directory:
            folder = pathlib.Path(directory)
            (folder / "requests.json").write_text(json.dumps([
                {"Action": "CreateLiveRecordTemplate", "TemplateName": "main", "TemplateId": 1, "Description": "mine",
                 "RemoveWatermark": True, "Mp4Param": {"Enable": 1, "RecordInterval": 3600}},
                {"Action": "CreateLiveRecordRule", "DomainName": "push.example.org", "TemplateId": 1}]))
            status, out, err = run("import", "tencent", str(folder / "requests.json"))
            self.assertEqual(status, 0)
            self.assertIn("[0].Description: is not kept", err)
            (folder / "recording.json").write_text(out)
            self.assertEqual(run("validate", str(folder / "recording.json"))[0], 0)
            status, out, _ = run("export", "tencent", str(folder / "recording.json"))
            self.assertEqual(status, 0)
            self.assertEqual([r["Action"] for r in json.loads(out)], ["CreateLiveRecordTemplate", "CreateLiveRecordRule"])
            (folder / "requests.json").write_text('[{"TemplateName": ""}, 7]')
            status, out, err = run("import", "tencent", str(folder / "requests.json"))
            self.assertEqual((status, out), (1, ""))
            self.assertIn("requests.json:1:24: [1]: expected", err)

    def test_explain_says_why_a_push_is_not_recorded(self):
        for uri, reason in (("rtmp://elsewhere/live/x", "no rule matches"),
                            ("rtmp://127.0.0.1/live/private", "the template has no formats"),
                            ("rtmp://127.0.0.1/live/..", "{StreamName} is '~2E.'")):
            with self.subTest(uri=uri):
                status, out, _ = explain(uri)
                self.assertEqual(status, 3)
                self.assertIn(reason, out)

    def test_no_secret_and_no_control_character_is_printed(self):
        status, out, err = explain("rtmp://127.0.0.1/live/x?txSecret=hunter2")
        self.assertEqual(status, 0)
        self.assertNotIn("hunter2", out + err)
        status, out, err = run("explain", "--config", "\x1b[31m", "rtmp://h/a/b")
        self.assertEqual(status, 1)
        self.assertNotIn("\x1b", out + err)

    def test_validate_prints_every_mistake(self):
        with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
            file.write('{"rules": [{}],\n "templates": 5}')
            file.flush()
            status, out, err = run("validate", file.name)
        self.assertEqual((status, out), (1, ""))
        self.assertEqual(len(err.splitlines()), 3)
        self.assertIn(f"{file.name}:2:15: templates: expected an object, found a number", err)

    def test_only_a_new_task_makes_a_catalogue(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "catalogue.db")
            for arguments in (("list",), ("task", "list"), ("task", "stop", "1"), ("task", "delete", "1"),
                              ("restart", *STREAM)):
                with self.subTest(arguments=arguments):
                    status, out, err = run(*arguments, "--catalogue", str(path))
                    self.assertEqual((status, out), (1, ""))
                    self.assertIn(str(path), err)
                    self.assertEqual(list(pathlib.Path(folder).iterdir()), [])

    def test_a_task_is_created_listed_stopped_and_deleted(self):
        with tempfile.TemporaryDirectory() as folder:
            def task(*arguments):
                status, out, err = run("task", *arguments, "--json", f"--catalogue={folder}/catalogue.db")
                self.assertEqual((status, err), (0, ""))
                return json.loads(out)

            made = task("create", *STREAM, "--duration", "2h", "--template", "default")
            self.assertEqual(made["state"], "running")
            self.assertEqual((made["domain"], made["app"], made["stream"]), ("push.example.org", "live", "cam1"))
            later = str(int(time.time()) + 3600)
            waiting = task("create", *STREAM, "--start", later, "--duration=30min")
            self.assertEqual((waiting["state"], waiting["template"]), ("waiting", ""))
            self.assertEqual([t["task_id"] for t in task("list")["tasks"]], [waiting["task_id"], made["task_id"]])
            self.assertEqual(task("stop", made["task_id"])["outcome"], "stopped")
            self.assertEqual(task("list")["tasks"][1]["state"], "stopped")
            self.assertEqual(task("delete", waiting["task_id"])["outcome"], "deleted")
            self.assertEqual([t["task_id"] for t in task("list", "--limit", "5")["tasks"]], [made["task_id"]])

    def test_a_task_that_cannot_be_says_why(self):
        with tempfile.TemporaryDirectory() as folder:
            place = ("--catalogue", f"{folder}/catalogue.db")
            for arguments, reason in ((("create", *STREAM, "--end", "2001-09-09T01:46:40Z"), "is over"),
                                      (("create", *STREAM, "--duration", "25h"), "24 hours"),
                                      (("create", *STREAM, "--start", "9999999999", "--duration", "1h"), "7 days"),
                                      (("stop", "7"), "no task 7"), (("delete", "7"), "no task 7")):
                with self.subTest(arguments=arguments):
                    status, out, err = run("task", *arguments, *place)
                    self.assertEqual((status, out), (1, ""))
                    self.assertIn(reason, err)

    def test_a_command_for_a_stream_that_nobody_receives_fails_at_once(self):
        with tempfile.TemporaryDirectory() as folder:
            place = ("--catalogue", f"{folder}/catalogue.db")
            self.assertEqual(run("task", "create", *STREAM, "--duration", "1h", *place)[0], 0)  # makes it
            for name in ("start", "stop", "restart", "cancel-delay"):
                with self.subTest(name=name):
                    status, out, err = run(name, *STREAM, "--timeout", "24h", *place)
                    self.assertEqual((status, out), (1, ""))
                    self.assertIn("no such stream", err)
                    status, out, err = run(name, *STREAM, *place, "--json")
                    self.assertEqual((status, err, json.loads(out)["done"]), (1, "", False))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
