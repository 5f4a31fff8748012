# SPDX-License-Identifier: LGPL-2.1-or-later
"""What gst-recording-1.0 prints and ends with. Arguments: the source root, the program."""
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT, TOOL = pathlib.Path(sys.argv[1]), str(pathlib.Path(sys.argv[2]).resolve())


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
        for command in ("explain", "validate", "list", "join"):
            self.assertIn(f"  {command} ", out)

    def test_wrong_usage_is_said_on_standard_error(self):
        for arguments in ((), ("nonsense",), ("explain",), ("explain", "--config", "x"), ("validate",),
                          ("list", "--limit", "0"), ("list", "--nonsense"), ("join",), ("join", "x.flv"),
                          ("join", "x.aac", "y.aac"), ("join", "--x.flv", "y.flv"), ("explain", "--config", "x", "h/live/x")):
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

    def test_list_does_not_make_a_catalogue(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder, "catalogue.db")
            status, out, err = run("list", "--catalogue", str(path))
            self.assertEqual((status, out), (1, ""))
            self.assertIn(str(path), err)
            self.assertEqual(list(pathlib.Path(folder).iterdir()), [])


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
