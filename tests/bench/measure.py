# SPDX-License-Identifier: LGPL-2.1-or-later
"""What processes cost: a finished one by the kernel's accounting, running ones by /proc."""
import dataclasses
import os
import pathlib
import subprocess
import time

TICKS = os.sysconf("SC_CLK_TCK")
LOOK_EVERY = 0.02  # seconds between two looks at a running process
STALL = 8.0  # seconds without a tick of CPU time: it hangs


@dataclasses.dataclass
class Cost:
    """Of one finished process. Seconds, KiB, counts."""

    user: float = 0.0
    system: float = 0.0
    wall: float = 0.0
    rss_kb: int = 0
    switches: int = 0
    threads: int = 0
    hung: bool = False

    @property
    def cpu(self):
        return self.user + self.system


def _fields(path):
    """{"VmRSS": 123, ...} of /proc/PID/status and its like; empty once the process is gone."""
    try:
        lines = pathlib.Path(path).read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.split(":", 1) for line in lines if ":" in line)
    return {name: int(rest.split()[0]) for name, rest in pairs if rest.split() and rest.split()[0].isdigit()}


def cpu_of(pid):
    """(user, system) seconds so far, ended threads included."""
    words = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return int(words[11]) / TICKS, int(words[12]) / TICKS


def run_to_end(argv, log, env=None, stdin=None):
    """Runs a program to its end and returns its Cost. Raises RuntimeError when it fails; one that hangs is killed."""
    began = time.monotonic()
    with open(log, "wb") as output:
        process = subprocess.Popen([str(a) for a in argv], stdin=stdin or subprocess.DEVNULL, stdout=output,
                                   stderr=subprocess.STDOUT, env={**os.environ, **(env or {})})
    cost = Cost()
    last_cpu, last_change = None, began
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None:
        status = _fields(f"/proc/{process.pid}/status")
        cost.threads = max(cost.threads, status.get("Threads", 0))
        cost.rss_kb = max(cost.rss_kb, status.get("VmHWM", 0))  # rusage counts what the driver was before exec(), too
        cpu, now = cpu_of(process.pid), time.monotonic()
        if cpu != last_cpu:
            last_cpu, last_change = cpu, now
        elif now - last_change > STALL:
            cost.hung = True
            process.kill()
        time.sleep(LOOK_EVERY)
    _, code, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(code)
    if process.returncode and not cost.hung:
        tail = pathlib.Path(log).read_text(errors="replace")[-2000:]
        raise RuntimeError(f"{argv[0]} exits with {process.returncode}:\n{tail}")
    cost.user, cost.system, cost.wall = usage.ru_utime, usage.ru_stime, time.monotonic() - began
    cost.switches = usage.ru_nvcsw + usage.ru_nivcsw
    return cost


@dataclasses.dataclass
class Sample:
    """Of running processes together, at one moment. Counters count from their start."""

    cpu: float = 0.0
    switches: int = 0
    writes: int = 0
    threads: int = 0
    pss_kb: int = 0


def look(pids):
    """A Sample of these processes and of their threads."""
    sample = Sample()
    for pid in pids:
        sample.cpu += sum(cpu_of(pid))
        sample.pss_kb += _fields(f"/proc/{pid}/smaps_rollup").get("Pss", 0)
        sample.writes += _fields(f"/proc/{pid}/io").get("syscw", 0)
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            status = _fields(task / "status")
            sample.threads += 1
            sample.switches += status.get("voluntary_ctxt_switches", 0) + status.get("nonvoluntary_ctxt_switches", 0)
    return sample
