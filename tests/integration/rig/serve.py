# SPDX-License-Identifier: LGPL-2.1-or-later
"""gst-recording-1.0 serve, asked from outside its process."""
import http.client
import json
import pathlib

import jsonschema

from rig.processes import ROOT, Process, wait_until

TOKEN = "a-token-of-the-tests-0123456789"
OPENAPI = json.loads((ROOT / "docs/openapi.json").read_text(encoding="utf-8"))


CONFIG = {
    "templates": {"default": {"formats": {"hls": {"segment": "2s", "splice-timeout": "15s"}, "mp4": {}},
                              "name": "{AppName}/{StreamName}/{EscapedStartTime}"}},
    "rules": [{"domain": "127.0.0.1", "template": "default"}],
}


def push(directory, stream, seconds, pixels="I420"):
    """Words of a pipeline that records a test picture at its own pace, as CONFIG in recording.json says."""
    frames, buffers = 25 * seconds, seconds * 44100 // 1024
    return ["videotestsrc", "pattern=ball", f"num-buffers={frames}", "!",
            f"video/x-raw,format={pixels},width=320,height=180,framerate=25/1", "!", "identity", "sync=true", "!", "x264enc",
            "tune=zerolatency", "speed-preset=ultrafast", "key-int-max=25", "!", "h264parse", "!", "r.video",
            "audiotestsrc", f"num-buffers={buffers}", "samplesperbuffer=1024", "!", "audio/x-raw,rate=44100,channels=2",
            "!", "identity", "sync=true", "!", "avenc_aac", "!", "aacparse", "!", "r.audio_0",
            "rulebin", "name=r", f"uri=rtmp://127.0.0.1/live/{stream}", f"config={directory}/recording.json",
            f"catalogue={directory}/catalogue.db", f"directory={directory}/spool",
            "vodupload", f"config={directory}/recording.json", f"catalogue={directory}/catalogue.db"]


class Answer:
    def __init__(self, response):
        self.status, self.body = response.status, response.read()
        self.headers = {name.lower(): value for name, value in response.getheaders()}

    @property
    def json(self):
        return json.loads(self.body)


class Server:
    """A process that serves a catalogue on a free port."""

    def __init__(self, catalogue, log, *options, env=None, token=TOKEN):
        self.log = pathlib.Path(log)
        self.process = Process(["gst-recording-1.0", "serve", "--catalogue", catalogue, "--port", "0", *options],
                               self.log, {"GST_RECORDING_TOKEN": token, **(env or {})})
        self.url = wait_until(lambda: self.log.read_text().partition("\n")[0] if "\n" in self.log.read_text() else "",
                              "the server says where it is", 30, self.process)
        self.port = int(self.url.split("/")[2].rpartition(":")[2])

    def stop(self):
        self.process.stop()

    def ask(self, method, path, body=None, headers=None, token=TOKEN):
        """`path` goes out as it is."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.putrequest(method, path, skip_host=bool(headers and "Host" in headers), skip_accept_encoding=True)
            sent = {"Authorization": f"Bearer {token}"} if token else {}
            if method not in ("GET", "HEAD"):
                sent |= {"Content-Type": "application/json", "Content-Length": str(len(body or b""))}
            for name, value in {**sent, **(headers or {})}.items():
                if value is not None:
                    connection.putheader(name, value)
            connection.endheaders(body)
            return Answer(connection.getresponse())
        finally:
            connection.close()

    def get(self, path, **how):
        return self.ask("GET", path, **how)

    def change(self, method, path, document=None, **how):
        return self.ask(method, path, json.dumps(document).encode() if document is not None else None, **how)


def assert_as_documented(template, method, answer):
    """The answer is what docs/openapi.json says of this path; by a validator that is not ours."""
    operation = OPENAPI["paths"][template][method.lower()]
    described = operation["responses"].get(str(answer.status), operation["responses"]["default"])
    if "$ref" in described:
        described = OPENAPI["components"]["responses"][described["$ref"].rpartition("/")[2]]
    content = described.get("content", {}).get("application/json")
    if not content:
        assert "application/json" not in described.get("content", {}), described
        return
    assert answer.headers["content-type"] == "application/json", answer.headers
    jsonschema.Draft202012Validator({**content["schema"], "components": OPENAPI["components"]}).validate(answer.json)
