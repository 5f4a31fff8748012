// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/retry_schedule.h"

#include <algorithm>

namespace rec {
namespace {

constexpr Seconds kFirstUploadDelay{1};
constexpr Seconds kLongestUploadDelay{300};
constexpr Seconds kCallbackInterval{60};
constexpr Seconds kLongestCallbackDelay{3600};
constexpr int kCallbackRetries = 12;
constexpr Seconds kAlibabaInterval{1};
constexpr int kAlibabaRetries = 5;
constexpr Seconds kCallbackTimeout{20};
constexpr Seconds kAlibabaTimeout{5};
constexpr int kMostDoublings = 20;  // far beyond both limits, far from overflow

Seconds doubled(Seconds first, int times, Seconds longest) {
  return std::min(first * (1 << std::clamp(times, 0, kMostDoublings)), longest);
}

}  // namespace

Nanoseconds upload_retry_delay(int failed, double jitter) {
  const Nanoseconds longest = doubled(kFirstUploadDelay, failed - 1, kLongestUploadDelay);
  const double scale = 1.0 - std::clamp(jitter, 0.0, 1.0) / 2;
  return Nanoseconds(static_cast<Nanoseconds::rep>(static_cast<double>(longest.count()) * scale));
}

Nanoseconds callback_retry_delay(int failed) {
  if (failed <= kCallbackRetries) return kCallbackInterval;
  return doubled(kCallbackInterval, failed - kCallbackRetries, kLongestCallbackDelay);
}

Nanoseconds alibaba_retry_delay(int failed) {
  if (failed <= kAlibabaRetries) return kAlibabaInterval;
  return doubled(kCallbackInterval, failed - kAlibabaRetries - 1, kLongestCallbackDelay);
}

Seconds callback_timeout(std::string_view schema) {
  return schema.starts_with("alibaba") ? kAlibabaTimeout : kCallbackTimeout;
}

bool lets_later_pass(int failed, bool its_own_fault) { return its_own_fault && failed > kCallbackRetries; }

bool answer_blames_request(int http_status) {
  switch (http_status) {
    case 0:    // none
    case 200:  // success
    case 408:
    case 429:
    case 502:
    case 503:
    case 504:
      return false;
    default:
      return true;
  }
}

}  // namespace rec
