#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""OpenStack Swift with its S3 interface, whole and real, in one process on loopback: account, container, object, proxy.

usage: swift_server.py DIRECTORY PORT USER KEY

Needs Debian's python3-swift and Debian's own python3. One replica; of memcached only its absence; nothing outside DIRECTORY is touched.
"""
import eventlet

eventlet.patcher.monkey_patch(all=False, socket=True, select=True, thread=True)

# pylint: disable=wrong-import-position
import contextlib
import os
import pathlib
import sys

from eventlet import wsgi
from swift.common import utils

CONFIG = """\
[swift-hash]
swift_hash_path_suffix = a
swift_hash_path_prefix = b
[storage-policy:0]
name = default
default = yes
"""
STORAGE = """\
[DEFAULT]
swift_dir = {dir}
devices = {dir}/devices
mount_check = false
fallocate_reserve = 0
disable_fallocate = true
log_address = {dir}/log
log_level = WARNING
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
"""
PROXY = """\
[DEFAULT]
swift_dir = {dir}
log_address = {dir}/log
log_level = WARNING
[pipeline:main]
pipeline = catch_errors gatekeeper cache listing_formats s3api tempauth copy slo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:s3api]
use = egg:swift#s3api
check_bucket_owner = no
location = us-east-1
min_segment_size = 5242880
[filter:tempauth]
use = egg:swift#tempauth
user_{user} = {key} .admin
"""
PLAIN_FILTERS = ("catch_errors", "gatekeeper", "listing_formats", "copy", "slo")


def main():
    directory, port, user, key = pathlib.Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    (directory / "devices/d1").mkdir(parents=True)
    (directory / "swift.conf").write_text(CONFIG)
    utils.SWIFT_CONF_FILE = str(directory / "swift.conf")  # read while the modules below are imported
    from swift.common.ring import RingBuilder
    from swift.common.wsgi import loadapp

    logger = utils.NullLogger()
    sockets = {}
    for kind in ("account", "container", "object"):
        sockets[kind] = eventlet.listen(("127.0.0.1", 0))
        builder = RingBuilder(2, 1, 0)
        builder.add_dev({"id": 0, "region": 1, "zone": 1, "weight": 1.0, "ip": "127.0.0.1", "device": "d1",
                         "port": sockets[kind].getsockname()[1]})
        builder.rebalance()
        builder.get_ring().save(str(directory / f"{kind}.ring.gz"))
    greens = []
    for kind, socket in sockets.items():
        config = directory / f"{kind}-server.conf"
        config.write_text(STORAGE.format(dir=directory, kind=kind))
        greens.append(eventlet.spawn(wsgi.server, socket, loadapp(str(config)), logger, log_output=False))
    text = PROXY.format(dir=directory, user=user.replace(":", "_"), key=key)
    text += "".join(f"[filter:{name}]\nuse = egg:swift#{name}\n" for name in PLAIN_FILTERS)
    config = directory / "proxy-server.conf"
    config.write_text(text)
    proxy = loadapp(str(config))
    wsgi.server(eventlet.listen(("127.0.0.1", port), backlog=256), proxy, logger, log_output=False)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
