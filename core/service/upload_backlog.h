// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/service/catalogue.h"

namespace rec {

// What all stores are owed, by anybody.
struct UploadBacklog {
  std::uint64_t bytes = 0;                      // of the files and segments as they were closed
  std::optional<UtcTime> oldest{std::nullopt};  // since when the oldest has been owed; nothing = none is
};

// Its cost grows with what is owed. Errors: as Catalogue's.
Result<UploadBacklog> upload_backlog(Catalogue &catalogue);

}  // namespace rec
