// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/service/catalogue.h"

namespace rec {

enum class RemovalScope {
  information,  // the catalogue forgets the recording; its files stay where they are
  files,        // they are deleted, here and in the stores; what the catalogue knows is kept
  files_and_information,
};
std::string_view name_of(RemovalScope scope);  // "information", "files", "files+information"

// First of two phases: from now on the recording is being removed, whatever happens to this process, and
// nothing is owed for it any more. The second one, in which objects, files and rows go, is the housekeeper's
// (housekeeper.h). Segments that a clip names stay until the last such clip is removed. Asking again is
// harmless; it may widen the scope. Errors: not_found; denied (legal hold); exists (it is not finished: it is
// stopped first; or its files are being joined); and the catalogue's.
Status begin_removal(Catalogue &catalogue, std::int64_t recording_id, RemovalScope scope);
// The same for many in one transaction; those that cannot be removed are left out. How many were begun.
Result<std::uint64_t> begin_removals(Catalogue &catalogue, const std::vector<std::int64_t> &recordings,
                                     RemovalScope scope);

// The same for the files of some formats alone: the recording stays, and what is known of them. Where no file
// of another format would be left, all of it goes. A legal hold that is set later comes too late for them.
Result<std::uint64_t> begin_format_removals(Catalogue &catalogue, const std::vector<std::int64_t> &recordings,
                                            const std::vector<Format> &formats);

// Legal hold: while it is set, neither people nor policies remove the recording. Its manifest is due again.
// Errors: not_found; exists (it is being removed already).
Status set_hold(Catalogue &catalogue, std::int64_t recording_id, bool hold);

// Whether the second phase of a removal is over, or waits for clips to go; and what keeps it from that.
struct RemovalState {
  bool is_over = false;
  std::string error;                    // of the last attempt; "" = none failed
  std::optional<UtcTime> next_attempt;  // nothing = over, or waiting for clips
};
Result<RemovalState> removal_state(Catalogue &catalogue, std::int64_t recording_id);

}  // namespace rec
