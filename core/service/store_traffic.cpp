// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/store_traffic.h"

#include <glib.h>

#include <utility>

namespace rec {
namespace {

constexpr Milliseconds kOtherLanesGlance{500};

bool asks_for_less(int status) { return status == 503 || status == 429; }

}  // namespace

void StoreTraffic::pause_for_real(Nanoseconds time, GCancellable *cancel) {
  GPollFD fd{};
  const bool can_wake = cancel && g_cancellable_make_pollfd(cancel, &fd);
  const auto limit = std::chrono::ceil<Milliseconds>(time);
  g_poll(&fd, can_wake ? 1 : 0, static_cast<gint>(std::min<Milliseconds>(limit, Seconds(3600)).count()));
  if (can_wake) g_cancellable_release_fd(cancel);
}

StoreTraffic::StoreTraffic(const StoreSettings &settings, const Clock &clock, std::function<void()> wake,
                           Pause pause)
    : clock_(clock),
      pause_(std::move(pause)),
      crew_(std::move(wake)),
      pace_(settings.uploads),
      bandwidth_(settings.bandwidth) {}

Nanoseconds StoreTraffic::hold(unsigned lane) {
  MutexLock lock(mutex_);
  const Nanoseconds all = pace_.hold(clock_.monotonic());
  return lane < pace_.lanes() ? all : std::max<Nanoseconds>(all, kOtherLanesGlance);
}

Status StoreTraffic::wait_turn(GCancellable *cancel) {
  if (const Nanoseconds time = hold(0); time > Nanoseconds(0)) pause_(time, cancel);
  if (cancel && g_cancellable_is_cancelled(cancel)) return Error{Errc::cancelled, "broken off"};
  return ok();
}

void StoreTraffic::pace(std::uint64_t bytes, GCancellable *cancel) {
  Nanoseconds time{0};
  {
    MutexLock lock(mutex_);
    time = bandwidth_.take(bytes, clock_.monotonic());
  }
  if (time > Nanoseconds(0)) pause_(time, cancel);
}

void StoreTraffic::learn(const HttpResponse &answer) {
  const bool is_good = answer.status >= 200 && answer.status < 300;
  if (!is_good && !asks_for_less(answer.status)) return;
  const auto said = retry_after_of(answer, clock_.now_utc());
  const double jitter = g_random_double();
  MutexLock lock(mutex_);
  if (is_good)
    pace_.go_on();
  else
    pace_.slow_down(clock_.monotonic(), said, jitter);
}

}  // namespace rec
