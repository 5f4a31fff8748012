# SPDX-License-Identifier: LGPL-2.1-or-later
"""Ratios, goals and tables of what was measured."""

REFERENCES = {"ffmpeg": ("ffmpeg flv", "ffmpeg mp4", "ffmpeg hls", "ffmpeg tee"),
              "stock": ("flvmux", "mp4mux", "hlssink2", "stock tee")}
STOCK_SHARE = 0.4
IDLE_MB = 1.0
THREADS = 1.0
GROWTH = 1.2  # CPU of the longest over the shortest recording


def add_ratios(rows, field):
    """Each row's cost over that of ffmpeg and of the stock elements for the same work (and number of streams)."""
    for row in rows:
        for family, names in REFERENCES.items():
            other = [r[field] for r in rows if r["recorder"] in names and r["work"] == row["work"]
                     and r.get("streams") == row.get("streams") and r.get("media") == row.get("media")]
            row[f"to_{family}"] = round(row[field] / other[0], 2) if other and other[0] else None


def _find(rows, **wanted):
    return next((r for r in rows if all(r.get(k) == v for k, v in wanted.items())), None)


def _goal(name, limit, value):
    return {"goal": name, "limit": limit, "value": value, "reached": value is not None and value <= limit}


def goals(result):
    """What docs/performance.md promises, and whether this run kept it. Without a measurement there is no row."""
    found = []
    three = _find(result["offline"], family="ours", work="three")
    if three and three["to_stock"] is not None:
        found.append(_goal("FLV + MP4 + HLS offline, CPU to the stock tee", STOCK_SHARE, three["to_stock"]))
    most = max((r["streams"] for r in result["live"]), default=0)
    live = _find(result["live"], family="ours", work="three", streams=most)
    floor = _find(result["live"], family="floor", streams=most)
    if live and floor:
        found.append(_goal("threads per recorded stream beside its source's", THREADS,
                           round(live["threads"] - floor["threads"], 2)))
    idle = _find(result["idle"], family="ours", work="three")
    if idle:
        found.append(_goal("MB of an idle recorder of three formats", IDLE_MB, idle["own_mb"]))
    growth = [r for r in result["growth"] if r["recorder"].startswith("recsink +")]
    if len(growth) > 1:
        found.append(_goal("CPU per hour, longest recording over the shortest", GROWTH,
                           round(growth[-1]["cpu_s_per_h"] / growth[0]["cpu_s_per_h"], 2)))
    return found


def table(title, rows, columns):
    """Text with right-aligned numbers. `columns`: {heading: field}."""
    if not rows:
        return ""

    def cell(value):
        return "-" if value is None else str(value)

    lines = [list(columns)] + [[cell(row.get(field)) for field in columns.values()] for row in rows]
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns))]
    text = ["  ".join([line[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(line[1:], widths[1:]))]) for line in lines]
    return "\n".join([title, "=" * len(title), *text, ""])


def tables(result):
    return "\n".join(filter(None, (
        table("Offline: per hour of media, start-up subtracted", result["offline"],
              {"recorder": "recorder", "work": "work", "CPU s": "cpu_s_per_h", "user": "user_s_per_h",
               "system": "system_s_per_h", "/ ffmpeg": "to_ffmpeg", "/ stock": "to_stock", "RSS MB": "rss_mb",
               "threads": "threads", "switches": "switches_per_h", "hangs": "hangs"}),
        table("Instructions in user space per packet, start-up subtracted", result["instructions"],
              {"recorder": "recorder", "work": "work", "instructions": "per_packet", "/ ffmpeg": "to_ffmpeg",
               "/ stock": "to_stock"}),
        table("Live: per stream", result["live"],
              {"recorder": "recorder", "work": "work", "streams": "streams", "CPU %": "cpu_percent",
               "/ ffmpeg": "to_ffmpeg", "/ stock": "to_stock", "PSS MB": "pss_mb", "threads": "threads",
               "switches/s": "switches_per_s", "writes/s": "writes_per_s"}),
        table("Memory of one more idle recorder, its source included and not", result["idle"],
              {"recorder": "recorder", "work": "work", "MB": "mb", "own MB": "own_mb", "threads": "threads"}),
        table("Growth: cost against length, tiny bit rate", result["growth"],
              {"recorder": "recorder", "media s": "media_s", "RSS MB": "rss_mb", "CPU s/h": "cpu_s_per_h"}),
        table("Goals", result["goals"], {"goal": "goal", "limit": "limit", "value": "value", "reached": "reached"}),
    )))
