// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/live_rate.h"

namespace rec {

void LiveRate::add(UtcTime began, UtcTime last_came, std::uint64_t bytes) {
  const Sample before = last_.value_or(Sample{.at = began, .bytes = 0});
  if (last_ && last_came == before.at) return;  // nothing new was written
  if (last_came <= before.at || bytes < before.bytes) return;
  const double seconds = std::chrono::duration<double>(last_came - before.at).count();
  rate_ = static_cast<double>(bytes - before.bytes) * 8 / seconds;
  last_ = Sample{.at = last_came, .bytes = bytes};
}

}  // namespace rec
