// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <deque>
#include <optional>

#include "core/base/clock.h"

namespace rec {

// What may be done about a spool that fills up: member "spool" of the configuration.
struct SpoolPolicy {
  std::uint64_t min_free_bytes = 0;  // of its file system; less is low. 0 = never low
  bool deletes_uploaded = true;      // when it is low: local copies of what is in its store

  bool operator==(const SpoolPolicy &) const = default;
};

// How long the local copies of what a template records stay: its own members of the configuration.
struct LocalCopyPolicy {
  bool is_own = false;                  // else as long as the store says (StoreSettings::keep_local)
  std::optional<Seconds> keep_local{};  // with is_own: after the upload; nothing = for ever
  bool backup_suffices = false;         // what only the backup store has is as safe as what its own store has

  bool operator==(const LocalCopyPolicy &) const = default;
};

// Tells from the free space of the last minutes when it will have come down to a limit.
class SpoolForecast {
 public:
  void add(UtcTime now, std::uint64_t free_bytes);  // `now` never goes back
  // At the rate of the last kWindow; nothing where the space has not shrunk, or has been watched for less
  // than kLeast. Zero when the limit is reached.
  std::optional<Seconds> time_left(std::uint64_t min_free_bytes) const;

  static constexpr Seconds kWindow{600};
  static constexpr Seconds kLeast{30};

 private:
  struct Sample {
    UtcTime at;
    std::uint64_t free_bytes;
  };
  std::deque<Sample> samples_;  // oldest first; the first one may be older than the window
};

// Whether people are to be told again, after `told` at `told_at`: when half the time is left that they were
// told, when it is reached, and once an hour.
bool is_worth_telling(const std::optional<Seconds> &told, UtcTime told_at, Seconds left, UtcTime now);

}  // namespace rec
