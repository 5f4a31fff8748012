# SPDX-License-Identifier: LGPL-2.1-or-later
"""docs/recipes.md: what a real server's hooks start records each push, with the identity that it came with."""
import json
import pathlib
import signal
import sqlite3
import sys

from rig import case, media
from rig.processes import ROOT, Process, answers, below, free_port, wait_until
from rig.servers import Publisher, RtmpServer

EXEC = """
      exec_push {script} --config={config} --directory={recorded} --push=$tcurl/$name?$args
        rtmp://127.0.0.1:{port}/$app/$name;
      exec_kill_signal term;
"""
HOOKS = """
      on_publish http://127.0.0.1:{hook}/;
      on_publish_done http://127.0.0.1:{hook}/;
"""
ENVIRONMENT = "".join(f"env {name};\n" for name in ("PATH", "GST_PLUGIN_PATH_1_0", "GST_REGISTRY_1_0"))


class Server(RtmpServer):
    """nginx-rtmp with `lines` in its application."""

    def __init__(self, directory, lines, **names):
        self._lines, self._names = lines, names
        super().__init__(directory)

    def configuration(self):
        lines = self._lines.format(port=self.port, **self._names)
        return ENVIRONMENT + super().configuration().replace("live on;", "live on;" + lines) \
            .replace("wait_video off", "wait_video on")


class Recipes(case.Case):
    def setUp(self):
        super().setUp()
        self.config = self.directory / "recording.json"
        self.config.write_text(json.dumps({
            "templates": {"all": {"formats": {"flv": {"cycle": "30min"}},
                                  "name": "{Domain}/{AppName}/{StreamName}/{EscapedStartTime}"}},
            "rules": [{"domain": "127.0.0.1", "template": "all"}]}))
        self.recorded = self.directory / "recorded"
        self.source = media.make_source(self.directory / "source.flv", 8)

    def publish(self, server, name, rate=1):
        publisher = self.keep(Publisher(self.source, server.url(name), self.directory / "publisher.log", rate))
        publisher.wait(30)

    def assert_recorded(self, stream):
        """One file of this stream: all that was published from some keyframe on."""
        (path,) = wait_until(lambda: self.files(f"recorded/127.0.0.1/live/{stream}", ".flv"), f"{stream} is recorded")
        media.assert_plays(path)
        stored, published = media.read(path), media.read(self.source)
        for kind in ("video", "audio"):
            frames, all_frames = media.digests(stored[kind]), media.digests(published[kind])
            self.assertGreater(len(frames), len(all_frames) // 8)
            first = all_frames.index(frames[0])
            media.assert_same_frames(frames, all_frames[first:], kind, may_lack_at_end=3)

    def test_exec_push_of_nginx_records_each_push_with_its_identity_and_parameters(self):
        server = self.keep(Server(self.directory / "nginx", EXEC, script=ROOT / "examples/record_push.py",
                                  config=self.config, recorded=self.recorded))
        self.publish(server, "cam1?token=confidential")
        self.assert_recorded("cam1")
        wait_until(lambda: not below(server.pid), "the recorder has ended")
        with sqlite3.connect(self.recorded / "catalogue.db") as catalogue:
            self.assertEqual(catalogue.execute("SELECT domain, app, stream, stream_param FROM push").fetchall(),
                             [("127.0.0.1", "live", "cam1", "token=confidential")])

    def test_a_stream_whose_name_is_a_pipeline_is_not_recorded(self):
        server = self.keep(Server(self.directory / "nginx", EXEC, script=ROOT / "examples/record_push.py",
                                  config=self.config, recorded=self.recorded))
        captured = pathlib.Path(f"captured-{self.directory.name}")  # with a slash it would not be in the stream's name
        name = f'x"\t!\tfilesink\tlocation={captured}\t"'  # gst-launch-1.0 would obey
        self.publish(server, name, rate=4)
        log = (self.directory / "nginx/error.log").read_text()
        self.assertIn("!\tfilesink", log)
        self.assertRegex(log, r"exec: child \d+ exited")
        wait_until(lambda: not below(server.pid), "nothing runs for it")
        self.assertFalse(captured.exists() or self.recorded.exists())

    def test_an_srt_caller_is_recorded_with_the_identity_of_the_port(self):
        port = free_port()
        recorder = self.launch(
            ["srtsrc", f"uri=srt://127.0.0.1:{port}?mode=listener", "!", "tsdemux", "name=d", "rulebin", "name=r",
             "uri=rtmp://127.0.0.1/live/cam3", f"config={self.config}", f"directory={self.recorded}",
             "d.", "!", "h264parse", "!", "r.video", "d.", "!", "aacparse", "!", "r.audio_0"])
        push = self.call(port, recorder, "#!::r=live/cam3,m=publish", 3)
        self.assertEqual(push.wait(30), 0, push.tail())
        self.assertEqual(recorder.wait(30), 0, recorder.tail())
        self.assert_seconds("cam3", 2)

    def call(self, port, recorder, stream_id, seconds):
        """A push by SRT, as soon as somebody listens."""
        wait_until(lambda: f":{port:04X} " in pathlib.Path("/proc/net/udp").read_text(), "it listens", process=recorder)
        return self.keep(Process(["ffmpeg", "-v", "error", "-nostdin", "-re", "-t", seconds, "-i", self.source,
                                  "-c", "copy", "-f", "mpegts", f"srt://127.0.0.1:{port}?streamid={stream_id}"],
                                 self.directory / "push.log"))

    def assert_seconds(self, stream, least):
        (path,) = self.files(f"recorded/127.0.0.1/live/{stream}", ".flv")
        media.assert_plays(path)
        self.assertGreater(media.seconds_of(path), least)

    def test_srt_callers_are_recorded_by_the_identity_in_their_stream_id(self):
        port = free_port()
        listener = self.keep(Process([ROOT / "examples/srt_listener.py", port, self.config, self.recorded, "127.0.0.1"],
                                     self.directory / "listener.log"))
        first = self.call(port, listener, "#!::r=live/cam4,m=publish,txSecret=confidential", 3)
        self.assertEqual(first.wait(30), 0, first.tail())
        wait_until(lambda: self.files("recorded/127.0.0.1/live/cam4", ".flv"), "the first is there", process=listener)
        self.assert_seconds("cam4", 2)
        for refused in ("nonsense", "#!::r=live/cam5,m=request"):
            self.assertNotEqual(self.call(port, listener, refused, 1).wait(30), 0)
        self.call(port, listener, "publish:live/cam6", 8)
        folder = self.recorded / "127.0.0.1/live/cam6"
        wait_until(lambda: any(media.seconds_of(p) > 1 for p in folder.glob(".*.part")), "the second grows", 30,
                   listener)
        listener.signal(signal.SIGTERM)
        self.assertEqual(listener.wait(30), 0, listener.tail())
        self.assert_seconds("cam6", 1)
        self.assertNotIn("confidential", listener.log.read_text())
        with sqlite3.connect(self.recorded / "catalogue.db") as catalogue:
            pushes = catalogue.execute("SELECT domain, app, stream, stream_param FROM push ORDER BY id").fetchall()
            self.assertEqual(pushes,
                             [("127.0.0.1", "live", "cam4", "txSecret=confidential"),
                              ("127.0.0.1", "live", "cam6", "")])

    def test_publish_hooks_record_streams_too(self):
        port = free_port()
        server = self.keep(Server(self.directory / "nginx", HOOKS, hook=port))
        hook = self.keep(Process(
            [sys.executable, ROOT / "examples/cloud-native-recording/publish_hook.py", "--domain=127.0.0.1",
             f"--recorder={ROOT}/examples/record_push.py", port, f"rtmp://127.0.0.1:{server.port}/{{app}}/{{stream}}",
             "--", f"--config={self.config}", f"--directory={self.recorded}"], self.directory / "hook.log"))
        wait_until(lambda: answers(port), "the hook answers", process=hook)
        self.publish(server, "cam2")
        self.assert_recorded("cam2")
        wait_until(lambda: not below(hook.pid), "the recorder has ended")


if __name__ == "__main__":
    case.main()
