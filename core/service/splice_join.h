// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <string>
#include <vector>

#include "core/model/splice_parts.h"
#include "core/service/catalogue.h"

namespace rec {

struct JoinReport {
  struct Joined {
    Format format = Format::flv;
    std::string location;
    std::vector<std::string> parts;  // that are gone
    Nanoseconds duration{0};
    std::uint64_t size_bytes = 0;
  };
  std::vector<Joined> joined;
  std::vector<Error> left_apart;  // why files that follow each other stay files of their own
};

// Joins the files of a finished recording that belong together, each group as far as its members fit, and
// owes uploads and callbacks for what comes out; files that fit nowhere are owed as they are, and so are all
// when the disk fails. Takes as long as copying the files does. `is_cancelled` is asked every few MiB (it may
// be empty).
//
// The order is: row, bytes, fsync, parts noted, final name, row closed, parts removed. Whoever owns the
// recording may do it again when the one before died or was cancelled at any moment.
// Errors: cancelled, and the catalogue's; what is left is joined the next time.
Result<JoinReport> join_parts(Catalogue &catalogue, std::int64_t recording_id,
                              const std::function<bool()> &is_cancelled);

// What the catalogue says about the files of a recording, for the decisions in core/model.
std::vector<FilePart> file_parts(const std::vector<StoredFile> &files);

}  // namespace rec
