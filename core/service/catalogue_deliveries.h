// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <string>

#include "core/base/clock.h"
#include "core/service/catalogue_rows.h"

namespace rec {

// The catalogue keeps so many attempts, and none that is older; of segments only those that failed once.
inline constexpr std::int64_t kMostLoggedAttempts = 100'000;
inline constexpr std::chrono::days kOldestLoggedAttempt{14};

// One attempt to deliver something.
struct LoggedAttempt {
  UtcTime at;             // it had ended
  std::string recording;  // session id
  OwedTarget target;
  std::string event_id;  // the same in every attempt; "" = it is not owed any more, undelivered
  RecordingEvent event = RecordingEvent::file_finished;  // callbacks: what was told
  std::int64_t sequence = 0;                             // callbacks: its number, see Owed
  std::string path;                                      // the file or segment; "" = it was about none
  int attempt = 1;                                       // from 1
  int http_status = 0;  // that a callback's receiver answered; 0 = it did not
  std::string error;    // "" = delivered
};

// Which ones; "" = any.
struct DeliveryFilter {
  std::string recording = {};  // session id
  std::string target = {};     // store or callback
  bool failed = false;         // only those (deliveries() alone)
};

}  // namespace rec
