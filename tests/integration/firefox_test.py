# SPDX-License-Identifier: LGPL-2.1-or-later
"""What people see in the replay page who use Firefox."""
import copy
import itertools
import json
import pathlib

from rig import case
from rig.node import NodeProject
from rig.processes import Process, wait_until
from rig.serve import CONFIG, TOKEN, Server, push

HERE = pathlib.Path(__file__).resolve().parent


class Firefox(case.Case):
    numbers = itertools.count()

    def record(self, stream, seconds, pixels="I420"):
        return self.keep(Process(["gst-launch-1.0", "-e", "-m", *push(self.directory, stream, seconds, pixels)],
                                 self.directory / f"{stream}-{next(self.numbers)}.log"))

    def configure(self):
        config = copy.deepcopy(CONFIG)
        config["templates"]["cmaf"] = copy.deepcopy(config["templates"]["default"])
        config["templates"]["cmaf"]["formats"]["hls"]["segment-format"] = "cmaf"
        config["rules"].insert(0, {"domain": "127.0.0.1", "stream": "cmaf", "template": "cmaf"})
        (self.directory / "recording.json").write_text(json.dumps(config))

    def test_it_plays_what_it_can_and_says_why_when_it_cannot(self):
        self.configure()
        self.record("running", 600)
        pushes = [self.record("spliced", 4), self.record("cmaf", 4), self.record("foreign", 4, "Y444")]
        wait_until(lambda: "splicesink-recording-paused" in pushes[0].log.read_text(), "the first push is over", 60, pushes[0])
        pushes.append(self.record("spliced", 4))
        for process in pushes:
            self.assertEqual(process.wait(120), 0, process.tail())
        server = self.keep(Server(self.directory / "catalogue.db", self.directory / "serve.log"))
        recordings = {r["stream"]: {"id": r["session_id"], "name": f"live/{r['stream']}",
                                    "files": {f["format"]: f["media"] for f in r["files"] if f.get("media")}}
                      for r in server.get("/api/v1/recordings").json["recordings"]}
        self.assertEqual(sorted(recordings), ["cmaf", "foreign", "running", "spliced"])
        page = NodeProject(HERE / "replay", self.directory / "replay")
        print(page.run("in_firefox.mjs", f"http://127.0.0.1:{server.port}/#token={TOKEN}", json.dumps(recordings),
                       self.directory, seconds=200, env={"HOME": str(self.directory)}))  # where it writes, too


if __name__ == "__main__":
    case.main()
