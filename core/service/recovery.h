// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/service/catalogue.h"

namespace rec {

struct RecoveryReport {
  std::uint64_t files = 0;          // that were closed
  std::uint64_t failed = 0;         // in which nothing playable was
  std::uint64_t paused = 0;         // recordings that wait for their push to come back
  std::uint64_t finished = 0;       // recordings
  std::vector<std::int64_t> joins;  // finished recordings whose files are to be joined: join_parts()
  std::vector<Error> errors;        // what could not be done now; it is tried again the next time
};

// Finishes what dead owners left behind, as if they had lived:
//   - open files are cut to what plays, get their final names, and owe uploads and callbacks;
//   - recordings that may still be resumed wait until `splice_timeout` after their last sign of life, owned
//   by
//     nobody; those whose time is over, or that cannot be resumed, get their final playlist and are finished;
//   - their open pushes have ended.
// Files are not joined here, for that takes long: `joins` are `owner`'s, who joins or releases them.
// Each recording is first taken over by `owner` in one atomic statement, so that any number of processes may
// do this at the same time; a recovery that dies is itself recovered. Errors: the catalogue's only.
Result<RecoveryReport> recover(Catalogue &catalogue, const std::string &catalogue_path,
                               const std::string &owner, const Clock &clock);

}  // namespace rec
