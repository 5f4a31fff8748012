// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/disk/disk_file.h"
#include "core/model/joined_parts.h"

namespace rec {

// Whether files of that format can be joined at all: FLV and MP4.
bool can_be_joined(Format format);

enum class JoinWhat {
  all,        // every part, or nothing is written
  what_fits,  // those from the first on that fit together, two at least, or nothing is written
};

// Writes parts, complete files of one format, one behind the other into `to`, which is empty, without
// encoding anything again (core/model/flv_join.h, mp4_join.h). Its bytes are on the disk when this returns;
// giving it its name is the caller's. Memory does not grow with the media. `is_cancelled` is asked between
// bursts of a few MiB (it may be empty). Errors: is_misfit() = the parts do not fit together, or one is not
// whole or not there; cancelled; unavailable and denied = the disk. `to` then holds something or other; the
// parts are as they were.
Result<JoinedMedia> join_files(Format format, const std::vector<std::string> &parts, JoinWhat what,
                               DiskFile &to, const std::function<bool()> &is_cancelled);

// A range of a file, or of several that are one when they lie one behind the other: an initialisation section
// and its segments. It may still grow. Times count from its beginning; nothing = from it, to its end.
struct FileRange {
  std::vector<std::string> paths;
  std::optional<Nanoseconds> from;
  std::optional<Nanoseconds> to;
  // Of a single path: called before bytes of the file are looked at, which may have to be brought first. What
  // it fails with, joining does.
  std::function<Status(std::uint64_t at, std::uint64_t bytes)> bring = {};
};

// The same of ranges, all of which must fit: from a keyframe to a frame, without encoding anything again.
// Ranges without a frame are left out; not_found = all of them are.
Result<JoinedMedia> join_ranges(Format format, const std::vector<FileRange> &ranges, DiskFile &to,
                                const std::function<bool()> &is_cancelled);

// Trying again cannot help.
inline bool is_misfit(const Error &error) {
  return error.code == Errc::invalid_argument || error.code == Errc::corrupt || error.code == Errc::not_found;
}

}  // namespace rec
