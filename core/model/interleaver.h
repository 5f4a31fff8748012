// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <algorithm>
#include <cstddef>
#include <deque>
#include <limits>
#include <utility>
#include <vector>

#include "core/base/clock.h"

namespace rec {

// Brings items of several tracks, each in order of time, into one order of time.
//
// An item leaves when no track can still bring an earlier one. A track that falls more than `window` behind
// the others (it died, or never began) is stalled: nobody waits for it until it brings something again, so
// that what is held never exceeds `window` of media. Items of a track that comes back late leave late, but
// none is lost.
template <typename T>
class Interleaver {
 public:
  explicit Interleaver(Nanoseconds window) : window_(window) {}

  // The new track's index: 0, 1, ...
  std::size_t add_track() {
    tracks_.emplace_back();
    return tracks_.size() - 1;
  }
  // The track brings nothing more; begin_track() takes that back.
  void end_track(std::size_t track) { tracks_[track].ended = true; }
  void begin_track(std::size_t track) { tracks_[track].ended = tracks_[track].stalled = false; }

  void push(std::size_t track, Nanoseconds time, T item) {
    Track &t = tracks_[track];
    t.reached = std::max(t.reached, time);
    t.stalled = false;
    t.items.emplace_back(time, std::move(item));
    front_ = std::max(front_, time);
  }
  // The track has nothing before `time` (a GAP event): others need not wait for it until then.
  void advance(std::size_t track, Nanoseconds time) {
    tracks_[track].reached = std::max(tracks_[track].reached, time);
  }

  // Hands out, in order, what may leave.
  template <typename F>
  void release(F &&out) {
    while (Track *next = earliest()) {
      if (waits_for_another(*next)) return;
      emit(*next, out);
    }
  }
  // Hands out everything that is held, in order.
  template <typename F>
  void drain(F &&out) {
    while (Track *next = earliest()) emit(*next, out);
  }

  bool stalled(std::size_t track) const { return tracks_[track].stalled; }
  bool holds(std::size_t track) const { return !tracks_[track].items.empty(); }
  // Media time between the earliest item that is held and the latest one; 0 when nothing is held.
  Nanoseconds held() const {
    Nanoseconds first = front_;
    for (const Track &t : tracks_)
      if (!t.items.empty()) first = std::min(first, t.items.front().first);
    return front_ - first;
  }

 private:
  static constexpr Nanoseconds kNever{std::numeric_limits<Nanoseconds::rep>::min()};

  struct Track {
    std::deque<std::pair<Nanoseconds, T>> items;
    Nanoseconds reached = kNever;
    bool ended = false;
    bool stalled = false;
  };

  Track *earliest() {
    Track *first = nullptr;
    for (Track &t : tracks_)
      if (!t.items.empty() && (!first || t.items.front().first < first->items.front().first)) first = &t;
    return first;
  }
  bool waits_for_another(const Track &next) {
    const Nanoseconds time = next.items.front().first;
    bool waits = false;
    for (Track &t : tracks_) {
      if (!t.items.empty() || t.ended || t.stalled || t.reached >= time) continue;
      t.stalled = front_ - time > window_;
      waits = waits || !t.stalled;
    }
    return waits;
  }
  template <typename F>
  void emit(Track &track, F &&out) {
    T item = std::move(track.items.front().second);
    track.items.pop_front();
    out(std::move(item));
  }

  Nanoseconds window_;
  std::vector<Track> tracks_;
  Nanoseconds front_ = kNever;  // the latest time that any track brought
};

}  // namespace rec
