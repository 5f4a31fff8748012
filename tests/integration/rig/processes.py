# SPDX-License-Identifier: LGPL-2.1-or-later
"""Child processes that never outlive the test, and waiting with a deadline."""
import ctypes
import os
import pathlib
import signal
import socket
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[3]
PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None, use_errno=True)


def _die_with_parent():
    _libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A program in a process group of its own; its output goes to `log`. Ends with the driver, however that ends."""

    def __init__(self, argv, log, env=None, cwd=None):
        self.log = pathlib.Path(log)
        self.name = os.path.basename(str(argv[0]))
        with open(self.log, "ab") as output:
            self._popen = subprocess.Popen([str(a) for a in argv], stdin=subprocess.DEVNULL, stdout=output,
                                           stderr=subprocess.STDOUT, env={**os.environ, **(env or {})}, cwd=cwd,
                                           start_new_session=True, preexec_fn=_die_with_parent)
        self.pid = self._popen.pid

    def is_running(self):
        return self._popen.poll() is None

    def signal(self, number):
        if self.is_running():
            os.killpg(self.pid, number)

    def kill(self):
        """Like a power cut for this program: SIGKILL to the whole group."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        return self._popen.wait()

    def wait(self, seconds):
        """Exit code; fails the test when it is still running after `seconds`."""
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} still runs after {seconds} s; it said:\n{self.tail()}") from None

    def stop(self):
        """Asks, waits a little, then kills whatever is left of the group."""
        self.signal(signal.SIGTERM)
        try:
            self._popen.wait(5)
        except subprocess.TimeoutExpired:
            pass
        self.kill()

    def tail(self, lines=40):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])


def run(argv, seconds=60, env=None, cwd=None, text=True):
    """Standard output of a program that must succeed within `seconds`; bytes when it is no `text`."""
    done = subprocess.run([str(a) for a in argv], stdin=subprocess.DEVNULL, capture_output=True, text=text,
                          timeout=seconds, env={**os.environ, **(env or {})}, cwd=cwd, preexec_fn=_die_with_parent)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, argv))} exits with {done.returncode}:\n{done.stderr[-3000:]}")
    return done.stdout


def wait_until(condition, what, seconds=20, process=None):
    """The first true value of `condition()`; fails the test after `seconds`, or when `process` ends before."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if process and not process.is_running():
            raise AssertionError(f"{process.name} ended before: {what}\n{process.tail()}")
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}" + (f"\n{process.tail()}" if process else ""))
        time.sleep(0.05)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port):
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _parent_and_command(pid):
    try:
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        return int(fields[1]), pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except (OSError, IndexError):
        return None, ""  # it is gone


def below(pid):
    """{pid: command line} of everything that a process has started and that still is its child, or its children's."""
    known = {int(p): _parent_and_command(p) for p in os.listdir("/proc") if p.isdigit()}
    found, new = {}, {pid}
    while new:
        new = {p for p, (parent, _) in known.items() if parent in new and p not in found}
        found |= {p: known[p][1] for p in new}
    return found
