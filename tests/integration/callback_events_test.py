# SPDX-License-Identifier: LGPL-2.1-or-later
"""What becomes of a recording is told in every schema, in order, signed so that the example's receiver accepts it;
what stands behind the '?' of an address stays between sender and receiver."""
import json

from rig import case
from rig.finished import Finished, make_noise
from rig.processes import run, wait_until
from rig.servers import CallbackReceiver

SECRET = "hunter2"
EVENTS = ["file-finished", "recording-started", "recording-paused", "recording-resumed", "recording-finished",
          "recording-error", "exception"]
KEY = {"key": {"env": "RECORDING_CALLBACK_KEY"}}


class CallbackEvents(case.Case):
    def setUp(self):
        super().setUp()
        self.receiver = self.keep(CallbackReceiver(self.directory / "callbacks")).start()
        address = f"{self.receiver.url.rpartition('/')[0]}/"
        self.callbacks = {
            "own": {"url": f"{address}own?token={SECRET}", "schema": "recording", "events": EVENTS, **KEY},
            "tencent": {"url": f"{address}tencent", "schema": "tencent", "events": EVENTS, **KEY},
            "oss": {"url": {"env": "OSS_ADDRESS"}, "schema": "alibaba", "events": EVENTS[:4], **KEY},
            "vod": {"url": f"{address}vod?a=b", "schema": "alibaba-vod", **KEY},
        }
        self.env = {"OSS_ADDRESS": f"{address}oss?token={SECRET}"}

    def told(self, path):
        return [line["body"] for line in self.receiver.received() if line["path"].startswith(path)]

    def test_every_schema_tells_what_happened_in_order(self):
        finished = Finished(self.directory / "rec", {"mp4": {"cycle": "1h"}}, has_store=False)
        finished.recording.write_config(callbacks=self.callbacks)
        finished.record(make_noise(self.directory, 2, 500))
        uploader = self.launch(["-m", *finished.recording.uploader()], "uploader",
                               {"GST_DEBUG": "4", **finished.recording.env, **self.env})
        wait_until(lambda: not finished.owed(), "all is told", 60, uploader)
        uploader.stop()

        self.assertTrue(all(line["accepted"] for line in self.receiver.received()), "every signature is right")
        own = self.told("/own")
        self.assertEqual([body["sequence"] for body in own], list(range(1, len(own) + 1)))
        self.assertEqual(len({body["event-id"] for body in own}), len(own))
        events = [body["event"] for body in own if body["event"] != "exception"]
        self.assertEqual(events, ["recording-started", "file-finished", "recording-finished"])
        tencent = [body.get("record_event", body["event_type"]) for body in self.told("/tencent")
                   if body["event_type"] != 341]
        self.assertEqual(tencent, ["record_start_succeeded", 100, "record_ended"])
        oss = self.told("/oss")
        self.assertEqual(oss[0]["event"], "record_started")
        self.assertEqual((len(oss), oss[1]["uri"]), (2, own[-2]["file"]["object"]))
        (vod,) = self.told("/vod")
        self.assertEqual(vod["EventType"], "AddLiveRecordVideoComplete")

        log = [json.loads(line) for line in
               run(["gst-recording-1.0", "deliveries", "--catalogue", finished.recording.catalogue, "--target", "own",
                    "--json"]).splitlines()]
        self.assertEqual([line["sequence"] for line in reversed(log)], [body["sequence"] for body in own])
        self.assertTrue(all(line["delivered"] and line["http-status"] == 200 for line in log))
        self.assertNotIn(SECRET, uploader.log.read_text())
        self.assertNotIn(SECRET.encode(), finished.recording.catalogue.read_bytes())


if __name__ == "__main__":
    case.main()
