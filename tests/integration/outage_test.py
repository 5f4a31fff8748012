# SPDX-License-Identifier: LGPL-2.1-or-later
"""A dead store and a dead callback URL never stop a recording: what is owed is seen, and delivered later."""
from rig import case, media
from rig.processes import free_port, wait_until
from rig.radosgw import Radosgw
from rig.recording import BUCKET, Recording, assert_stores
from rig.servers import CallbackReceiver, Publisher, RtmpServer

CALLBACK_RETRY = 60  # seconds between attempts


class Outage(case.Case):
    def setUp(self):
        super().setUp()
        self.server = self.keep(RtmpServer(self.directory / "nginx"))
        self.source = media.make_source(self.directory / "source.flv", 6)
        self.receiver = self.keep(CallbackReceiver(self.directory / "callbacks"))

    def record(self, recording, stream="cam", rate=2):
        recorder = self.launch(recording.pipeline(self.server.url(stream)), f"recorder-{stream}", recording.env)
        self.server.wait_for_player(stream, process=recorder)
        self.keep(Publisher(self.source, self.server.url(stream), self.directory / f"{stream}.log", rate)).wait(20)
        return recorder

    def assert_recorded(self, recording, count):
        files = wait_until(lambda: len(recording.files(".flv")) == count and recording.files(".flv"),
                           f"{count} files")
        assert_stores(self, files, media.recordable(media.read(self.source)), "FLV")

    def test_a_dead_store_owes_until_it_is_back(self):
        store = self.keep(Radosgw(self.directory / "ceph", free_port()))
        recording = Recording(self.directory / "rec", {"flv": {"cycle": "2s"}}, store, self.receiver)
        recorder = self.record(recording)
        self.assert_recorded(recording, 3)
        wait_until(lambda: "owed" in recording.list(), "owed uploads are listed", 20, recorder)
        self.assertTrue(recorder.is_running(), recorder.tail())

        self.receiver.start()
        store.start()
        store.client.create_bucket(BUCKET)
        self.assertEqual(recorder.wait(90), 0, recorder.tail())
        recording.assert_stored_in_s3(self)
        self.assertEqual([line["accepted"] for line in self.receiver.received()], [True] * 3)

    def test_a_dead_callback_url_is_tried_again(self):
        recording = Recording(self.directory / "rec", {"flv": {"cycle": "2s"}}, None, self.receiver)
        recorder = self.record(recording)
        self.assert_recorded(recording, 3)
        wait_until(lambda: "owed" in recording.list(), "owed callbacks are listed", 20, recorder)
        self.receiver.start()
        self.receiver.wait_for(3, CALLBACK_RETRY + 20)
        self.assertEqual(recorder.wait(20), 0, recorder.tail())
        self.assertEqual([line["accepted"] for line in self.receiver.received()], [True] * 3)


class TwoRecorders(case.Case):
    def test_share_one_catalogue(self):
        server = self.keep(RtmpServer(self.directory / "nginx"))
        receiver = self.keep(CallbackReceiver(self.directory / "callbacks")).start()
        recording = Recording(self.directory / "rec", {"flv": {"cycle": "2s"}, "mp4": {"cycle": "2s"}}, None, receiver)
        streams = ("cam1", "cam2")
        recorders, publishers, sources = [], [], []
        for number, stream in enumerate(streams):
            sources.append(media.make_source(self.directory / f"{stream}.flv", 8, tone=300 + 200 * number))
            recorders.append(self.launch(recording.pipeline(server.url(stream)), stream, recording.env))
            server.wait_for_player(stream, process=recorders[-1])
        for stream, source in zip(streams, sources):
            publishers.append(self.keep(Publisher(source, server.url(stream), self.directory / f"{stream}.out", 2)))
        for publisher, recorder in zip(publishers, recorders):
            publisher.wait(30)
            self.assertEqual(recorder.wait(40), 0, recorder.tail())
        for stream, source in zip(streams, sources):
            for suffix in (".flv", ".mp4"):
                files = [p for p in recording.files(suffix) if stream in p.parts]
                assert_stores(self, files, media.recordable(media.read(source)), f"{suffix} of {stream}")
        bodies = [line["body"] for line in receiver.received() if line["accepted"]]
        self.assertEqual(sorted(body["stream_id"] for body in bodies),
                         sorted(p.parent.name for s in (".flv", ".mp4") for p in recording.files(s)))


if __name__ == "__main__":
    case.main()
