#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""A file includes only what its layer may know (docs/architecture.md, Layers)."""
import re

from repository import ROOT, files, finish

BASE_FOR_MODEL = ("core/base/result.h", "core/base/clock.h")
GLIB = ("glib", "gio/", "gobject/")
# Longest prefix first. layer -> (project prefixes, prefixes of external libraries)
LAYERS = {
    "core/base/": (("core/base/",), GLIB),
    "core/model/": (("core/model/",) + BASE_FOR_MODEL, ()),
    "core/disk/": (("core/disk/", "core/model/", "core/base/"), GLIB),
    "core/io/": (("core/io/", "core/base/"), GLIB + ("json-glib/", "libsoup/", "sqlite3.h")),
    "core/service/": (("core/",), GLIB),
    "gst/common/": (("gst/common/", "core/disk/", "core/model/", "core/base/"), GLIB + ("gst/",)),
    "gst/recsink/": (("gst/recsink/", "gst/common/", "core/disk/", "core/model/", "core/base/"), GLIB + ("gst/",)),
    "gst/splicesink/": (("gst/splicesink/", "gst/common/", "core/disk/", "core/model/", "core/base/"), GLIB + ("gst/",)),
    "gst/": (("gst/", "core/disk/", "core/model/", "core/base/"), GLIB + ("gst/",)),
    "ext/rulebin/": (("ext/rulebin/", "gst/common/", "core/"), GLIB + ("gst/",)),
    "ext/vodupload/": (("ext/vodupload/", "gst/common/", "core/"), GLIB + ("gst/",)),
    "ext/": (("ext/", "gst/common/", "core/"), GLIB + ("gst/",)),
    "tools/": (("tools/", "core/"), GLIB),
}
EXTERNAL = GLIB + ("gst/", "json-glib/", "libsoup/", "sqlite3.h")


def main():
    complaints = []
    sources = files(".h", ".cpp", under=tuple(LAYERS))
    for name in sources:
        layer = next(prefix for prefix in LAYERS if name.startswith(prefix))
        own, external = LAYERS[layer]
        for number, line in enumerate((ROOT / name).read_text().splitlines(), 1):
            include = re.match(r'#include ([<"])([^>"]+)', line)
            if not include:
                continue
            quoted, path = include.group(1) == '"', include.group(2)
            if quoted and not path.startswith(own):
                complaints.append(f"{name}:{number}: layer {layer} must not include \"{path}\"")
            if not quoted and path.startswith(EXTERNAL) and not path.startswith(external or ("\0",)):
                complaints.append(f"{name}:{number}: layer {layer} must not include <{path}>")
    finish(complaints, len(sources))


main()
