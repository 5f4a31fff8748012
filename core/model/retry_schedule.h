// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string_view>

#include "core/base/clock.h"

namespace rec {

// How long to wait after the `failed`-th failure (>= 1) in a row. Nothing is ever given up: what is owed
// stays owed until it is delivered.

// Uploads: 1 s, 2 s, 4 s ... 5 min, each scaled down by up to half. `jitter` in [0, 1) is injected
// randomness, so that many recorders do not come back to a store in step.
Nanoseconds upload_retry_delay(int failed, double jitter);

// Callbacks: every 60 s, 12 times (spec 5.1), and then, where the cloud would give up, doubling up to 1 h.
Nanoseconds callback_retry_delay(int failed);

// Callbacks as Alibaba makes them: every second, 5 times (spec 5.6), and then as above after its twelfth.
Nanoseconds alibaba_retry_delay(int failed);

// What a recording tells one receiver comes in order: the later waits for the earlier. Not for ever for one
// that cannot be delivered itself (`its_own_fault`), however often it is tried, while others could be.
bool lets_later_pass(int failed, bool its_own_fault);

// Whether a receiver that answers so is there and does not want this request (a key or an address that is
// wrong for one event may be right for the next). Else it, or what stands before it, is not well.
bool answer_blames_request(int http_status);

// A receiver that says nothing for this long has failed: 20 s (spec 5.1), 5 s for Alibaba's schemas
// (spec 5.6).
Seconds callback_timeout(std::string_view schema);

}  // namespace rec
