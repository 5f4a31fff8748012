# SPDX-License-Identifier: LGPL-2.1-or-later
"""Many callbacks, a receiver that fails for a third of them, and kill -9: none is lost, all come in order."""
import collections
import hashlib
import os

from rig import case
from rig.finished import Finished, make_many_keyframes
from rig.processes import wait_until
from rig.receivers import BlackHole, UnreliableReceiver

LONG = bool(os.environ.get("REC_LONG"))
STREAMS, FILES = (100, 100) if LONG else (20, 25)  # files of each stream
KILLS = 20 if LONG else 3
PATIENCE = 4  # of one event so many attempts fail at most: the schedule's first retries are a second apart
SECONDS = 1800 if LONG else 150


def fails(event_id, attempt):
    """For three of ten attempts, which is chance, but the same chance in each run of the uploader."""
    return attempt <= PATIENCE and hashlib.md5(f"{event_id}{attempt}".encode()).digest()[0] < 0.3 * 256


class CallbackStorm(case.Case):
    def setUp(self):
        super().setUp()
        self.finished = Finished(self.directory / "rec", {"flv": {"cycle": "1s", "name": "{StreamName}/{Sequence}"}},
                                 has_store=False, callbacks=("ops", "audit"), schema="alibaba")
        streams = (f"cam{n}" for n in range(STREAMS))
        self.finished.record(make_many_keyframes(self.directory, FILES), *streams, seconds=600)
        self.assertEqual(len(self.finished.paths(".flv")), STREAMS * FILES)

    def start_uploader(self, **targets):
        self.finished.recording.write_config(
            callbacks={name: {"url": receiver.url, "schema": "alibaba"} for name, receiver in targets.items()})
        return self.launch(self.finished.recording.uploader(), "uploader", self.finished.recording.env)

    def owed_to(self, target):
        return self.finished.query(f"SELECT count(*) FROM outbox WHERE target = '{target}' AND done_us IS NULL")[0][0]

    def assert_all_in_order(self, receiver, target):
        """Each file by one event, in the order of the catalogue; what came twice was the same event."""
        first = {}  # in the order of acceptance
        for told in receiver.accepted():
            if "uri" in told.body:  # else what became of the recording
                known = first.setdefault(told.event_id, told.body["uri"])
                self.assertEqual(known, told.body["uri"], "one event, one file")
        self.assertEqual(len(first), STREAMS * FILES)
        self.assertEqual(len(set(first.values())), STREAMS * FILES, "one file, one event")
        rows = self.finished.query(f"SELECT event_id, recording_id, sequence FROM outbox WHERE target = '{target}'")
        places = {event_id: (recording, sequence) for event_id, recording, sequence in rows}
        by_recording = collections.defaultdict(list)
        for event_id in first:
            recording, sequence = places[event_id]
            by_recording[recording].append(sequence)
        self.assertEqual(len(by_recording), STREAMS)
        for sequences in by_recording.values():
            self.assertEqual(sequences, sorted(sequences))

    def test_failures_and_kills_lose_nothing_and_keep_the_order(self):
        def decide(event_id, attempt):
            if not fails(event_id, attempt):
                return 200
            return (500, 503, 0)[attempt % 3]

        receiver, audit = (self.keep(UnreliableReceiver(d)) for d in (decide, lambda *_: 200))
        step = STREAMS * FILES // (KILLS + 1)
        for kill in range(1, KILLS + 1):
            uploader = self.start_uploader(ops=receiver, audit=audit)
            wait_until(lambda: len(receiver.accepted()) >= kill * step, f"enough for kill {kill}", SECONDS, uploader)
            uploader.kill()
        uploader = self.start_uploader(ops=receiver, audit=audit)
        wait_until(lambda: not self.finished.owed(), "nothing is owed any more", SECONDS, uploader)
        self.assertGreater(len(receiver.told), 1.2 * STREAMS * FILES)
        self.assert_all_in_order(receiver, "ops")
        self.assert_all_in_order(audit, "audit")

    def test_a_black_hole_delays_nobody_else(self):
        """All of one target's callbacks are delivered before the other, which never answers, has failed a few times."""
        hole, audit = self.keep(BlackHole()), self.keep(UnreliableReceiver())
        uploader = self.start_uploader(ops=hole, audit=audit)
        wait_until(lambda: not self.owed_to("audit"), "one target knows all", SECONDS, uploader)
        self.assert_all_in_order(audit, "audit")
        self.assertGreaterEqual(self.owed_to("ops"), STREAMS * FILES)
        self.assertTrue(hole.connections)


if __name__ == "__main__":
    case.main()
