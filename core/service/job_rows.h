// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <vector>

#include "core/base/clock.h"
#include "core/io/sqlite.h"
#include "core/service/catalogue_rows.h"

// How jobs come into the catalogue. For its own sources, inside their transactions.
namespace rec {

// Keeps what a template wants to be done with a recording that begins.
Status want_jobs(SqlDatabase &db, std::int64_t recording_id, const std::vector<NewJob> &jobs, UtcTime now);

// A file that is complete, and whose template says what is run on it.
struct FileForJobs {
  std::int64_t source_id = 0;     // recording whose template that is
  std::int64_t recording_id = 0;  // that has the file: the same, or what that was merged into
  std::int64_t file_id = 0;
  bool merged = false;
};
// Owes what is to be run on it. Asking again owes nothing twice.
Status owe_jobs(SqlDatabase &db, const FileForJobs &file, UtcTime now);

}  // namespace rec
