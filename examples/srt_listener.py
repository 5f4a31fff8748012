#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Records SRT callers by rule; each says by its stream id who it is.

  srt_listener.py PORT CONFIG DIRECTORY [DOMAIN]

A stream id is `#!::r=live/cam1,m=publish` (more members: h=DOMAIN; all others become parameters of the push),
`publish:live/cam1`, or `live/cam1`. Others are refused. One caller at a time; the port is free for the next as soon as
one has left, also while a recording waits for its push to come back. SIGINT and SIGTERM end with all files finished.
Needs python3-gi and gir1.2-gstreamer-1.0.
"""
import re
import signal
import sys

import gi

gi.require_version("Gst", "1.0")
from gi.repository import GLib, Gst  # noqa: E402

PARSERS = {"video/x-h264": ("h264parse", "video"), "video/x-h265": ("h265parse", "video"),
           "audio/mpeg": ("aacparse", "audio_0")}


def identity(stream_id, domain):
    """{property of rulebin: value}, or None. The caller chose the text: rulebin checks what names may hold."""
    members = {}
    if (stream_id or "").startswith("#!::"):
        members = dict(part.split("=", 1) for part in stream_id[4:].split(",") if "=" in part)
        if members.pop("m", "request") != "publish":
            return None
        path = members.pop("r", "")
    else:
        path = (stream_id or "").removeprefix("publish:")
    if not re.fullmatch(r"[^/\0-\x1f]+(/[^/\0-\x1f]+)+", path):
        return None
    app, stream = path.rsplit("/", 1)
    return {"domain": members.pop("h", domain), "app": app, "stream": stream,
            "stream-param": "&".join(f"{name}={value}" for name, value in members.items())}


class Recording:
    """Listens, takes one caller, records it. `on_free` is called when the caller has left, `on_end` at the end."""

    def __init__(self, port, config, directory, domain, on_free, on_end):
        self._domain, self._on_free, self._on_end = domain, on_free, on_end
        self._caller = None
        self._pipeline = Gst.Pipeline()
        self._source = Gst.ElementFactory.make("srtsrc")
        self._source.set_property("uri", f"srt://:{port}?mode=listener")
        self._source.set_property("authentication", True)  # the default that it tells is not the one that it has
        self._source.connect("caller-connecting", self._accept)
        demux = Gst.ElementFactory.make("tsdemux")
        demux.connect("pad-added", self._record_pad)
        self._rulebin = Gst.ElementFactory.make("rulebin")
        self._rulebin.set_property("config", config)
        self._rulebin.set_property("directory", directory)
        self._rulebin.set_locked_state(True)  # until it is known who pushes
        for element in (self._source, demux, self._rulebin):
            self._pipeline.add(element)
        self._source.link(demux)
        self._source.get_static_pad("src").add_probe(Gst.PadProbeType.EVENT_DOWNSTREAM, self._look_for_eos)
        bus = self._pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message", self._on_message)
        self._pipeline.set_state(Gst.State.PLAYING)

    def stop(self):
        """Ends the recording, if there is one; `on_end` follows."""
        if self._caller:
            self._source.send_event(Gst.Event.new_eos())
        else:
            self._end()

    def _accept(self, _source, _address, stream_id):
        found = identity(stream_id, self._domain)
        if not found or self._caller:
            return False
        self._caller = found
        return True

    def _record_pad(self, demux, pad):
        name = pad.get_current_caps().get_structure(0).get_name()
        if name not in PARSERS or self._rulebin.get_static_pad(PARSERS[name][1]):
            return
        parser = Gst.ElementFactory.make(PARSERS[name][0])
        self._pipeline.add(parser)
        if self._rulebin.is_locked_state():
            for key, value in self._caller.items():
                self._rulebin.set_property(key, value)
        parser.link_pads("src", self._rulebin, PARSERS[name][1])
        if self._rulebin.is_locked_state():
            self._rulebin.set_locked_state(False)
            self._rulebin.sync_state_with_parent()
        parser.sync_state_with_parent()
        pad.link(parser.get_static_pad("sink"))

    def _look_for_eos(self, _pad, info):
        if info.get_event().type == Gst.EventType.EOS:
            GLib.idle_add(self._free_port)
        return Gst.PadProbeReturn.OK

    def _free_port(self):
        self._source.set_locked_state(True)
        self._source.set_state(Gst.State.NULL)
        self._on_free()
        if self._rulebin.is_locked_state():  # the caller left before it sent anything
            self._end()

    def _on_message(self, _bus, message):
        if message.type == Gst.MessageType.EOS:
            self._end()
        elif message.type == Gst.MessageType.ERROR:
            print(message.parse_error().gerror.message, file=sys.stderr)
            self._end()
        elif message.type == Gst.MessageType.ELEMENT and message.get_structure().get_name().startswith("rulebin-"):
            print(message.get_structure().to_string(), flush=True)

    def _end(self):
        if self._pipeline:
            self._pipeline.get_bus().remove_signal_watch()
            self._rulebin.set_locked_state(False)
            self._pipeline.set_state(Gst.State.NULL)
            self._pipeline = None
            self._on_end(self)


class Listener:
    def __init__(self, loop, *arguments):
        self._loop, self._arguments, self._recordings, self._is_ending = loop, arguments, [], False

    def listen(self):
        if not self._is_ending:
            self._recordings.append(Recording(*self._arguments, self.listen, self._ended))

    def end(self):
        self._is_ending = True
        for recording in list(self._recordings):
            recording.stop()

    def _ended(self, recording):
        self._recordings.remove(recording)
        if not self._recordings:
            self._loop.quit()


def main():
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    Gst.init(None)
    loop = GLib.MainLoop()
    listener = Listener(loop, int(sys.argv[1]), *sys.argv[2:4], sys.argv[4] if len(sys.argv) == 5 else "localhost")
    for number in (signal.SIGINT, signal.SIGTERM):
        GLib.unix_signal_add(GLib.PRIORITY_DEFAULT, number, listener.end)
    listener.listen()
    loop.run()


main()
