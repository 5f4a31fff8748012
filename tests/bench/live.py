# SPDX-License-Identifier: LGPL-2.1-or-later
"""Live streams over RTMP: what each stream costs while it is recorded, by the number of streams."""
import contextlib
import dataclasses
import os
import signal
import time

import media
import measure
from rig.processes import Process, wait_until
from rig.servers import Publisher, RtmpServer

NGINX = {  # work: directives of nginx-rtmp's own recorders
    "none": "",
    "flv": "record all; record_path {out}; record_suffix .flv;",
    "hls": "hls on; hls_path {out}; hls_fragment 6s; hls_playlist_length 24h; hls_cleanup off;",
}


@dataclasses.dataclass
class Window:
    """What is measured, of how many streams, for how long."""

    kind: media.Kind
    streams: int
    seconds: float
    warm_up: float = 4  # seconds


class NginxServer(RtmpServer):
    """The server, recording by itself."""

    def __init__(self, directory, work, out):
        self._directives = NGINX[work].format(out=out)
        super().__init__(directory)

    def configuration(self):
        return super().configuration().replace("live on;", f"live on; {self._directives}")


def _publish(stack, server, window, folder):
    source = media.make(folder / "media", window.kind, max(media.BASE_SECONDS, int(window.seconds) + 30))
    for number in range(window.streams):
        publisher = Publisher(source, server.url(f"s{number}"), folder / f"publisher-{number}.log")
        stack.callback(publisher.stop)


def _row(name, family, work, window, before, after):
    seconds = window.seconds

    def each(value):
        return value / window.streams

    return {"recorder": name, "family": family, "work": work, "media": window.kind.name, "streams": window.streams,
            "cpu_percent": round(each(after.cpu - before.cpu) / seconds * 100, 3),
            "switches_per_s": round(each(after.switches - before.switches) / seconds, 1),
            "writes_per_s": round(each(after.writes - before.writes) / seconds, 1),
            "threads": round(each(after.threads), 2), "pss_mb": round(each(after.pss_kb) / 1024, 2)}


def _measure(pids, window):
    time.sleep(window.warm_up)
    began, before = time.monotonic(), measure.look(pids)
    time.sleep(window.seconds)
    after = measure.look(pids)
    return dataclasses.replace(window, seconds=time.monotonic() - began), before, after


def _outs(folder, streams):
    outs = [folder / "out" / str(number) for number in range(streams)]
    for out in outs:
        (out / "hls").mkdir(parents=True)
    return outs


def measure_recorder(recorder, folder, window):
    """All streams in one process; ffmpeg needs one each."""
    folder.mkdir(parents=True)
    outs = _outs(folder, window.streams)
    with contextlib.ExitStack() as stack:
        server = RtmpServer(folder / "nginx")
        stack.callback(server.stop)
        urls = [server.url(f"s{number}") for number in range(window.streams)]
        shares = [([u], [o]) for u, o in zip(urls, outs)] if recorder.family == "ffmpeg" else [(urls, outs)]
        processes = []
        for number, (sources, folders) in enumerate(shares):
            process = Process(recorder.command(sources, folders), folder / f"recorder-{number}.log")
            stack.callback(process.stop)
            processes.append(process)
        for number in range(window.streams):
            server.wait_for_player(f"s{number}", process=processes[0])
        _publish(stack, server, window, folder.parent)
        window, before, after = _measure([p.pid for p in processes], window)
        row = _row(recorder.name, recorder.family, recorder.work, window, before, after)
        for process in processes:
            process.signal(signal.SIGINT)  # both complete their files
        for process in processes:
            process.wait(30)
    row["frames_missing"] = {form: [media.holes(recorder.files(out)[form], window.kind) for out in outs]
                             for form in recorder.files(outs[0])}
    return row


def measure_nginx(work, folder, window):
    """The server's own recorders: its cost holds the ingest, too."""
    out = folder / "out"
    out.mkdir(parents=True)
    os.chmod(out, 0o777)
    with contextlib.ExitStack() as stack:
        server = NginxServer(folder / "nginx", work, out)
        stack.callback(server.stop)
        _publish(stack, server, window, folder.parent)
        wait_until(lambda: server.clients(f"s{window.streams - 1}")[0], "the publishers are there")
        window, before, after = _measure([server.pid], window)
        name = "nginx-rtmp " + {"none": "(ingest alone)", "flv": "record", "hls": "hls"}[work]
        return _row(name, "nginx", work, window, before, after)
