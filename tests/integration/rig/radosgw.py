# SPDX-License-Identifier: LGPL-2.1-or-later
"""A real S3 store on loopback: Ceph's monitor, one OSD that keeps objects in memory, and the S3 gateway.

Ready in about two seconds, some 400 MB of memory; what it holds is gone when it stops.
"""
import os
import socket
import uuid

from rig.processes import Process, answers, free_port, run, wait_until
from rig.s3 import S3Server

CONFIG = """\
[global]
fsid = {fsid}
mon host = v2:127.0.0.1:{mon_port}
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind ipv6 = false
run dir = {dir}/run
admin socket = {dir}/run/$name.asok
log file = {dir}/$name.log
keyring = {dir}/keyring
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 2000
mon data avail crit = 1
mon data avail warn = 2
[mon.a]
host = {host}
mon data = {dir}/mon
mon initial members = a
mon lease = 2
paxos propose interval = 0.05
paxos min wait = 0.01
[osd.0]
host = {host}
osd data = {dir}/osd
osd objectstore = memstore
memstore device bytes = 1073741824
osd class load list = *
osd class default list = *
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:{port}
rgw dns name = localhost
rgw data = {dir}/rgw
rgw enable usage log = false
"""


class Radosgw(S3Server):
    """`port`: where the gateway is to listen, so that a recorder can be told before the store is up."""

    access_key = "integration-access"
    secret_key = "integration-secret-0123456789"
    region = "default"

    def __init__(self, directory, port=None, storage_classes=()):
        super().__init__(directory, port)
        self._storage_classes = storage_classes  # beside STANDARD
        self.env = {"CEPH_CONF": str(self.directory / "ceph.conf")}
        self._processes = []

    def start(self):
        for name in ("mon", "osd", "run", "rgw"):
            (self.directory / name).mkdir(parents=True)
        fsid, mon_port = str(uuid.uuid4()), free_port()
        (self.directory / "ceph.conf").write_text(
            CONFIG.format(fsid=fsid, mon_port=mon_port, port=self.port, dir=self.directory, host=socket.gethostname()))
        self._start_monitor(fsid, mon_port)
        self._start_osd()
        self.admin("user", "create", "--uid=test", "--display-name=test", f"--access-key={self.access_key}",
                   f"--secret-key={self.secret_key}")
        for name in self._storage_classes:
            place = ["placement", "add", "--placement-id=default-placement", f"--storage-class={name}"]
            self.admin("zonegroup", *place, "--rgw-zonegroup=default")
            self.admin("zone", *place, "--rgw-zone=default", "--data-pool=default.rgw.buckets.data")
        gateway = self._spawn("radosgw", "-f", "-n", "client.rgw")
        wait_until(lambda: answers(self.port), "the S3 gateway answers", 60, gateway)
        return self

    def admin(self, *argv):
        """radosgw-admin; the user of the tests is `test`."""
        return self._run("radosgw-admin", "-n", "client.rgw", *argv)

    def stop(self):
        for process in reversed(self._processes):
            process.stop()
        self._processes.clear()

    def _run(self, *argv):
        return run(argv, 60, self.env)

    def _spawn(self, *argv):
        process = Process(argv, self.directory / f"{os.path.basename(argv[0])}.out", self.env)
        self._processes.append(process)
        return process

    def _start_monitor(self, fsid, mon_port):
        keyring, monmap = self.directory / "keyring", self.directory / "monmap"
        self._run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", f"[v2:127.0.0.1:{mon_port}]", monmap)
        everything = {
            "mon.": ["--cap", "mon", "allow *"],
            "client.admin": ["--cap", "mon", "allow *", "--cap", "osd", "allow *", "--cap", "mgr", "allow *"],
            "client.rgw": ["--cap", "mon", "allow *", "--cap", "osd", "allow *"],
            "osd.0": ["--cap", "mon", "allow profile osd", "--cap", "osd", "allow *"],
        }
        for number, (name, caps) in enumerate(everything.items()):
            create = ["--create-keyring"] if number == 0 else []
            self._run("ceph-authtool", *create, keyring, "--gen-key", "-n", name, *caps)
        self._run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring)
        monitor = self._spawn("ceph-mon", "-f", "-i", "a")
        wait_until(lambda: answers(mon_port), "the monitor answers", 30, monitor)

    def _start_osd(self):
        identity = str(uuid.uuid4())  # the same in both, or the monitor ignores the OSD without a word
        self._run("ceph", "osd", "new", identity)
        self._run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", identity)
        self._run("ceph", "osd", "crush", "add", "osd.0", "1.0", "root=default", f"host={socket.gethostname()}")
        osd = self._spawn("ceph-osd", "-f", "-i", "0")
        wait_until(lambda: "1 up" in self._run("ceph", "osd", "stat"), "the OSD is up", 30, osd)
