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

// How long the others wait for a track that brings nothing.
struct Patience {
  Nanoseconds window = std::chrono::seconds(2);   // media time that the others are ahead, and...
  Nanoseconds silence = std::chrono::seconds(2);  // ...time since it brought something; or
  Nanoseconds most = std::chrono::seconds(30);    // media time that is held at the most
  std::size_t most_bytes = 64 << 20;              // that are held at the most
};

// Brings items of several tracks, each in order of time, into one order of time.
//
// An item leaves when no track can still bring an earlier one. A track that the others have waited for long
// enough (it died, or never began) is stalled: nobody waits for it until it brings something again. A track
// that is merely behind, because its thread is slower, is not. Items of a track that comes back late leave
// late, but none is lost. What is held is bounded in time and in bytes: beyond `most` or `most_bytes` the
// earliest leaves and nobody is waited for.
//
// `now` is any clock that never goes back.
template <typename T>
class Interleaver {
 public:
  explicit Interleaver(Patience patience) : patience_(patience) {}

  // The new track's index: 0, 1, ...
  std::size_t add_track() {
    tracks_.emplace_back();
    return tracks_.size() - 1;
  }
  // The track brings nothing more; begin_track() takes that back.
  void end_track(std::size_t track) { tracks_[track].ended = true; }
  void begin_track(std::size_t track) { tracks_[track].ended = tracks_[track].stalled = false; }

  // The track's number is given to another track; it holds nothing.
  void forget_track(std::size_t track) { tracks_[track] = Track(); }

  // `bytes`: what the item weighs.
  void push(std::size_t track, Nanoseconds time, Nanoseconds now, T item, std::size_t bytes = 0) {
    if (begun_ == kNever) begun_ = now;
    Track &t = tracks_[track];
    t.seen = now;
    t.reached = std::max(t.reached, time);
    t.stalled = false;
    t.items.push_back({time, bytes, std::move(item)});
    bytes_ += bytes;
    front_ = std::max(front_, time);
  }
  // The track has nothing before `time` (a GAP event): others need not wait for it until then.
  void advance(std::size_t track, Nanoseconds time, Nanoseconds now) {
    tracks_[track].reached = std::max(tracks_[track].reached, time);
    tracks_[track].seen = now;
  }

  // Hands out, in order, what may leave.
  template <typename F>
  void release(Nanoseconds now, F &&out) {
    while (Track *next = earliest()) {
      if (waits_for_another(*next, now)) return;
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
  // The track's next item to leave; nullptr when none is held.
  const T *next(std::size_t track) const {
    return holds(track) ? &tracks_[track].items.front().item : nullptr;
  }
  std::size_t count(std::size_t track) const { return tracks_[track].items.size(); }  // that are held
  std::size_t held_bytes() const { return bytes_; }
  // Media time between the earliest item that is held and the latest one; 0 when nothing is held.
  Nanoseconds held() const {
    Nanoseconds first = front_;
    for (const Track &t : tracks_)
      if (!t.items.empty()) first = std::min(first, t.items.front().time);
    return front_ - first;
  }

 private:
  static constexpr Nanoseconds kNever{std::numeric_limits<Nanoseconds::rep>::min()};

  struct Item {
    Nanoseconds time;
    std::size_t bytes;
    T item;
  };
  struct Track {
    std::deque<Item> items;
    Nanoseconds reached = kNever;
    Nanoseconds seen = kNever;  // when it last brought something
    bool ended = false;
    bool stalled = false;
  };

  Track *earliest() {
    Track *first = nullptr;
    for (Track &t : tracks_)
      if (!t.items.empty() && (!first || t.items.front().time < first->items.front().time)) first = &t;
    return first;
  }
  bool waits_for_another(const Track &next, Nanoseconds now) {
    const Nanoseconds time = next.items.front().time;
    const Nanoseconds ahead = front_ - time;
    const bool full = ahead > patience_.most || bytes_ > patience_.most_bytes;
    bool waits = false;
    for (Track &t : tracks_) {
      if (!t.items.empty() || t.ended || t.stalled || t.reached >= time) continue;
      const bool silent = now - std::max(t.seen, begun_) >= patience_.silence;
      t.stalled = full || (ahead > patience_.window && silent);
      waits = waits || !t.stalled;
    }
    return waits;
  }
  template <typename F>
  void emit(Track &track, F &&out) {
    T item = std::move(track.items.front().item);
    bytes_ -= track.items.front().bytes;
    track.items.pop_front();
    out(std::move(item));
  }

  Patience patience_;
  std::vector<Track> tracks_;
  Nanoseconds begun_ = kNever;  // when the first item came
  Nanoseconds front_ = kNever;  // the latest time that any track brought
  std::size_t bytes_ = 0;       // held
};

}  // namespace rec
