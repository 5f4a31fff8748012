# SPDX-License-Identifier: LGPL-2.1-or-later
"""A screen and a sound card of software that nobody else sees: Xvfb and PulseAudio in a directory of their own."""
import ctypes
import os
import pathlib
import secrets
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import time

SINK = "page"  # what the page plays goes here and nowhere else; recorded from SINK.monitor
MARGIN = 8  # Chromium makes a window that is as large as the screen a pixel smaller; so the screen is larger
FAMILY_WILD = 0xFFFF  # Xauthority: for every address
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


class StageError(Exception):
    """A part did not start; the message says which, and ends with what it printed last."""


class Child:
    """A program in a session of its own, so that a Ctrl-C in the terminal is for us alone."""

    def __init__(self, argv, log, env, death_signal=signal.SIGKILL, pipes=()):
        """`pipes`: file descriptors that become 3, 4... of the program. `death_signal`: what it gets if we die."""
        self.name = os.path.basename(argv[0])
        self.log = pathlib.Path(log)

        def prepare():
            _libc.prctl(PR_SET_PDEATHSIG, death_signal)
            above = [os.dup2(fd, 100 + n, inheritable=False) for n, fd in enumerate(pipes)]
            for n, fd in enumerate(above):
                os.dup2(fd, 3 + n)

        with open(self.log, "ab") as output:
            try:
                self._popen = subprocess.Popen(argv, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
                                               env=env, start_new_session=True, preexec_fn=prepare,
                                               pass_fds=range(3, 3 + len(pipes)))
            except FileNotFoundError:
                raise StageError(f"{self.name} is not installed") from None
        self.pid = self._popen.pid

    def is_running(self):
        return self._popen.poll() is None

    def signal(self, number):
        if self.is_running():
            os.kill(self.pid, number)

    def wait(self, seconds):
        """Exit status, or None when it still runs then."""
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self, seconds=3):
        """Asks it to end, waits, and kills what is left of it and its children."""
        self.signal(signal.SIGTERM)
        self.wait(seconds)
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        self._popen.wait()

    def last_words(self, lines=8):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


class Stage:
    """`address` is where screen and sound are found, `env` the environment of what plays there: no more than it needs,
    and no secrets. `stop()` leaves nothing behind.
    """

    def __init__(self, width, height):
        self.home = pathlib.Path(tempfile.mkdtemp(prefix="page-"))  # mode 0700
        self._children = []
        self.address = {"XAUTHORITY": f"{self.home}/xauthority", "PULSE_SERVER": f"unix:{self.home}/pulse.sock",
                        "PULSE_COOKIE": f"{self.home}/pulse-cookie"}
        self.env = {name: value for name, value in os.environ.items()
                    if name in ("PATH", "LANG", "LC_ALL", "TZ") or name.lower().endswith("_proxy")}
        self.env.update(self.address, HOME=str(self.home), XDG_RUNTIME_DIR=str(self.home), TMPDIR=str(self.home))
        try:
            self._start_screen(width, height)
            self._start_sound()
        except BaseException:
            self.stop()
            raise

    def _spawn(self, *argv, **options):
        self._children.append(Child(argv, self.home / f"{argv[0]}.log", self.env, **options))
        return self._children[-1]

    def _start_screen(self, width, height):
        name, cookie = b"MIT-MAGIC-COOKIE-1", secrets.token_bytes(16)
        with open(self.env["XAUTHORITY"], "wb", opener=lambda path, flags: os.open(path, flags, 0o600)) as file:
            file.write(struct.pack(f">HHHH{len(name)}sH16s", FAMILY_WILD, 0, 0, len(name), name, 16, cookie))
        ours, its = os.pipe()
        # If we are killed, the recorder ends its files and needs its screen until then: Xvfb ends with its last client.
        screen = self._spawn("Xvfb", "-displayfd", "3", "-screen", "0", f"{width + MARGIN}x{height + MARGIN}x24",
                             "-nolisten", "tcp", "-auth", self.env["XAUTHORITY"], "-noreset", "-terminate", "-dpi",
                             "96", pipes=[its], death_signal=0)
        os.close(its)
        with os.fdopen(ours, "rb") as answer:
            number = answer.readline().strip() if select.select([answer], [], [], 15)[0] else b""
        if not number.isdigit():
            raise StageError(f"Xvfb does not start:\n{screen.last_words()}")
        self.address["DISPLAY"] = self.env["DISPLAY"] = f":{number.decode()}"

    def _start_sound(self):
        socket_path = f"{self.home}/pulse.sock"
        sound = self._spawn(
            "pulseaudio", "-n", "--daemonize=no", "--use-pid-file=no", "--disable-shm=yes", "--exit-idle-time=60",
            "--log-target=stderr", "--log-level=warn",
            # norewinds: it takes sound at most 50 ms before it is due, not up to 2 s, and that is recorded.
            "-L", f"module-null-sink sink_name={SINK} rate=48000 channels=2 norewinds=1",
            "-L", f"module-native-protocol-unix socket={socket_path} auth-anonymous=1", death_signal=0)  # idle: it ends
        deadline = time.monotonic() + 15
        with socket.socket(socket.AF_UNIX) as probe:
            while probe.connect_ex(socket_path):
                if not sound.is_running() or time.monotonic() > deadline:
                    raise StageError(f"PulseAudio does not start:\n{sound.last_words()}")
                time.sleep(0.05)

    def missing(self):
        """The name of a part that has died, or None."""
        return next((child.name for child in self._children if not child.is_running()), None)

    def stop(self):
        for child in reversed(self._children):
            child.stop()
        shutil.rmtree(self.home, ignore_errors=True)
