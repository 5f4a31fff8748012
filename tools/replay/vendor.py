#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""vendor.py SOURCE OUT LICENSE: puts hls.js and its license where the replay page's files are bundled.

SOURCE: "auto": what the lock file beside this names, fetched by npm if there is one; "none"; or the path of a
hls.light.min.js. Without it the page plays what the browser itself plays: HLS in Safari and newer Chrome, MP4
everywhere. A build without network works, and says so.
"""
import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
SYSTEM_CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt"
TRIES, SECONDS = 2, 60
NOTHING = "// Built without hls.js: the browser plays what it can by itself.\n"
NO_LICENSE = "There is nothing of others in this replay page.\n"
ITS_LICENSE = """hls.js, https://github.com/video-dev/hls.js, is under the Apache License, Version 2.0:
https://www.apache.org/licenses/LICENSE-2.0
"""


def fetched(folder):
    """The file that npm brought, or None."""
    npm = shutil.which("npm")
    if not npm:
        return None
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / name, folder / name)
    environment = dict(os.environ)
    if os.path.exists(SYSTEM_CERTIFICATES):  # node has a list of its own, without what this machine adds
        environment.setdefault("NODE_EXTRA_CA_CERTS", SYSTEM_CERTIFICATES)
    for _ in range(TRIES):
        try:
            subprocess.run([npm, "ci", "--no-audit", "--no-fund", "--prefer-offline", "--ignore-scripts"], cwd=folder,
                           env=environment, timeout=SECONDS, check=True, capture_output=True, stdin=subprocess.DEVNULL)
            break
        except (OSError, subprocess.SubprocessError):
            continue
    found = folder / "node_modules/hls.js/dist/hls.light.min.js"
    return found if found.is_file() else None


def license_of(found):
    """That of the package in which it lies; else where it can be read."""
    beside = found.resolve().parent.parent / "LICENSE"
    return beside.read_text(encoding="utf-8") if beside.is_file() else ITS_LICENSE


def main():
    source, out, license_out = sys.argv[1], pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])
    if source == "auto":
        found = fetched(out.parent / "hls.js-from-npm")
    else:
        found = None if source == "none" else pathlib.Path(source)
    if not found and source != "none":
        print("the replay page is built without hls.js: there is no npm, or it could not fetch it (-Dhls_js=FILE)")
    text = found.read_text(encoding="utf-8") if found else NOTHING
    license_out.write_text(license_of(found) if found else NO_LICENSE, encoding="utf-8")
    out.write_text(text.replace("//# sourceMappingURL=", "// source map: "), encoding="utf-8")


main()
