// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <utility>

#include "core/base/clock.h"

namespace rec {

// Keeps the latest stretch of a stream, so that a recording can begin in the past: at least `length` of it,
// from an item that a file can begin with, as soon as that much has come. Whole groups, each from such an
// item to the next one, leave at the old end; a group leaves early only when `most_bytes` would be passed.
template <typename T>
class PreRoll {
 public:
  struct Limits {
    Nanoseconds length{0};
    std::uint64_t most_bytes = 0;
  };

  explicit PreRoll(Limits limits) : limits_(limits) {}

  // `begins`: a file can begin with the item. `time` in order of decoding. Items that leave, the new one
  // perhaps among them, are handed to `out`, oldest first.
  template <typename F>
  void push(Nanoseconds time, bool begins, std::uint64_t bytes, T item, F &&out) {
    if (begins) begins_.push_back({time, pushed_});
    ++pushed_;
    bytes_ += bytes;
    items_.push_back({bytes, std::move(item)});
    while (!items_.empty() && (begins_.empty() || first_ < begins_.front().number)) drop_first(out);
    while (begins_.size() > 1 && (begins_[1].time <= time - limits_.length || bytes_ > limits_.most_bytes))
      drop_group(out);
    if (bytes_ > limits_.most_bytes) clear(out);  // one group alone is too much
  }

  // Hands out everything that is kept, in order.
  template <typename F>
  void clear(F &&out) {
    begins_.clear();
    while (!items_.empty()) drop_first(out);
  }

  std::size_t size() const { return items_.size(); }
  std::uint64_t bytes() const { return bytes_; }

 private:
  struct Item {
    std::uint64_t bytes;
    T item;
  };
  struct Begin {
    Nanoseconds time;
    std::uint64_t number;
  };

  template <typename F>
  void drop_first(F &&out) {
    Item first = std::move(items_.front());
    items_.pop_front();
    bytes_ -= first.bytes;
    ++first_;
    out(std::move(first.item));
  }
  template <typename F>
  void drop_group(F &&out) {
    begins_.pop_front();
    while (first_ < begins_.front().number) drop_first(out);
  }

  Limits limits_;
  std::deque<Item> items_;
  std::deque<Begin> begins_;  // of those that are kept
  std::uint64_t pushed_ = 0;  // number of the next item
  std::uint64_t first_ = 0;   // number of the oldest item kept
  std::uint64_t bytes_ = 0;
};

}  // namespace rec
