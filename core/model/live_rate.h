// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>

#include "core/base/clock.h"

namespace rec {

// The bit rate of something whose counter is written now and then: between the two last times at which it
// had moved; before there are two, since its beginning.
class LiveRate {
 public:
  // So many bytes had come when the last of them came. Earlier times than the last one are not heeded.
  void add(UtcTime began, UtcTime last_came, std::uint64_t bytes);
  double bits_per_second() const { return rate_; }

 private:
  struct Sample {
    UtcTime at{};
    std::uint64_t bytes = 0;
  };
  std::optional<Sample> last_ = std::nullopt;
  double rate_ = 0;
};

}  // namespace rec
