// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/store_pace.h"

#include <algorithm>

namespace rec {
namespace {

constexpr Seconds kFirstHold{1};
constexpr int kMostDoublings = 5;
constexpr Seconds kLongestOwnHold{30};
constexpr Milliseconds kBurst{250};
constexpr Seconds kLongestAnswer{300};
constexpr std::uint64_t kSlowest = 4096;  // bytes per second

}  // namespace

void StorePace::slow_down(Nanoseconds now, std::optional<Seconds> retry_after, double jitter) {
  if (now >= held_until_) {
    allowed_ = 1;
    const Nanoseconds longest =
        std::min(kFirstHold * (1 << std::min(slowed_, kMostDoublings)), kLongestOwnHold);
    const double scale = 1.0 - std::clamp(jitter, 0.0, 1.0) / 2;
    ++slowed_;
    held_until_ =
        now + Nanoseconds(static_cast<Nanoseconds::rep>(static_cast<double>(longest.count()) * scale));
  }
  if (retry_after)
    held_until_ =
        std::max<Nanoseconds>(held_until_, now + std::clamp(*retry_after, Seconds(0), kLongestHold));
}

void StorePace::go_on() {
  slowed_ = 0;
  allowed_ = std::min(allowed_ + 1, all_);
}

Nanoseconds StorePace::hold(Nanoseconds now) const { return std::max(held_until_ - now, Nanoseconds(0)); }

Nanoseconds BandwidthLimit::take(std::uint64_t bytes, Nanoseconds now) {
  if (bytes_per_second_ == 0) return Nanoseconds(0);
  constexpr std::uint64_t kSecond = Nanoseconds(Seconds(1)).count();
  paid_until_ = std::max<Nanoseconds>(paid_until_, now - kBurst);
  paid_until_ += Nanoseconds(static_cast<Nanoseconds::rep>(bytes * kSecond / bytes_per_second_));
  return std::max(paid_until_ - now, Nanoseconds(0));
}

Seconds longest_request(std::uint64_t body_bytes, std::uint64_t bytes_per_second, unsigned lanes) {
  std::uint64_t slowest = kSlowest;
  if (bytes_per_second > 0) slowest = std::clamp<std::uint64_t>(bytes_per_second / lanes / 2, 1, kSlowest);
  return kLongestAnswer + Seconds(body_bytes / slowest);
}

}  // namespace rec
