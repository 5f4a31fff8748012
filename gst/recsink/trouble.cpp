// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/recsink/trouble.h"

#include <algorithm>
#include <utility>

namespace rec {

bool Trouble::begin() {
  return state_.with([](State &s) { return !std::exchange(s.on, true); });
}

std::optional<std::uint64_t> Trouble::end() {
  return state_.with([](State &s) -> std::optional<std::uint64_t> {
    s.wait = kFirstWait;
    if (!std::exchange(s.on, false)) return std::nullopt;
    return std::exchange(s.lost, 0);
  });
}

bool Trouble::is_on() {
  return state_.with([](const State &s) { return s.on; });
}

void Trouble::lose(std::uint64_t frames) {
  state_.with([&](State &s) { s.lost += frames; });
}

void Trouble::hold_up() {
  state_.with([](State &s) { ++s.held_up; });
}

void Trouble::go_on() {
  state_.with([](State &s) { --s.held_up; });
}

void Trouble::put_off(Nanoseconds now) {
  state_.with([&](State &s) {
    s.retry_at = now + s.wait;
    s.wait = std::min(2 * s.wait, kLongestWait);
  });
}

bool Trouble::may_try(Nanoseconds now) {
  return state_.with([&](const State &s) { return s.held_up == 0 && now >= s.retry_at; });
}

}  // namespace rec
