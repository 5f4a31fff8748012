// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/disk/disk_file.h"
#include "core/service/catalogue.h"
#include "core/service/owner_lease.h"

namespace rec {

// The file of a clip has its name before a row tells of it. Who is killed in between leaves a whole file that
// no recording has: so the name is noted before, and housekeeping takes away what the dead have left.

// A name that is noted, while its clip is made.
struct NotedName {
  std::int64_t id = 0;                      // of its row; 0 = none, in a catalogue that dies with the process
  std::shared_ptr<const OwnerLease> owner;  // shared by all in the process who note something
};

// `file` is complete and about to be called `path`, or like it with a number. `directory`: spool root.
Result<NotedName> note_name(Catalogue &catalogue, const DiskFile &file, const std::string &path,
                            const std::string &directory);
// Inside the transaction that writes the row, or when nothing is left of the file.
Status forget_name(SqlDatabase &db, std::int64_t noted_id);

// Takes away files whose names the dead have noted, if they are the same files and no row tells of them.
// Returns how many.
Result<std::uint64_t> remove_files_of_the_dead(Catalogue &catalogue,
                                               const std::function<bool(const std::string &owner)> &is_alive);

}  // namespace rec
