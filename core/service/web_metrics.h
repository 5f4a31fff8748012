// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>

#include "core/base/result.h"
#include "core/service/catalogue.h"

namespace rec {

// What the catalogue knows, for Prometheus (text format 0.0.4). Its cost grows with what is being recorded
// and owed, not with what was recorded.
class WebMetrics {
 public:
  Result<std::string> text(Catalogue &catalogue);

 private:
  Status count_pushes(SqlDatabase &db);

  std::optional<std::int64_t> last_push_;       // counted so far; nothing = before the first text
  std::map<std::string, std::int64_t> pushes_;  // by template, since then
};

}  // namespace rec
