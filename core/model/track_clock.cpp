// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/track_clock.h"

#include <algorithm>
#include <bit>
#include <initializer_list>

#include "core/model/timeline.h"

namespace rec {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr Nanoseconds kFarthest = std::chrono::hours(24 * 3653);
constexpr Nanoseconds kLongestFrame = std::chrono::minutes(1);
constexpr Nanoseconds kFarthestPts = seconds(10);
constexpr Nanoseconds kDeepestReorder = seconds(2);  // a PTS further from the others is a hole or a jump
constexpr Nanoseconds kLongestAssumed = milliseconds(100);  // step of the first frames
constexpr std::size_t kMostReordered = 16;                  // frames: what H.264 and H.265 allow
constexpr Nanoseconds kFrozen = seconds(1);
constexpr Nanoseconds kLongGop = seconds(10);
constexpr Nanoseconds kLargestStep = seconds(1);  // a longer one is a hole or a jump
constexpr int kTooManyUneven = 16;                // of 64

// 25 frames, or 1024 samples at 48 kHz.
constexpr Nanoseconds kVideoFrame = milliseconds(40);
constexpr Nanoseconds kAudioFrame{21333333};

Nanoseconds size_of(Nanoseconds n) { return n < Nanoseconds(0) ? -n : n; }

bool can_be_true(Nanoseconds time) { return time >= -kFarthest && time <= kFarthest; }

// The distance of two timestamps of one frame, when a counter may have wrapped between them.
Nanoseconds without_wrap(Nanoseconds distance) {
  for (const Nanoseconds wrap : {kRtmpWrap, -kRtmpWrap, kTsWrap, -kTsWrap})
    if (size_of(distance + wrap) <= kFarthestPts) return distance + wrap;
  return distance;
}

}  // namespace

Nanoseconds PtsOrder::dts_of(Nanoseconds pts, Nanoseconds step) {
  if (last_ && size_of(pts - newest_) > kDeepestReorder) *this = PtsOrder();  // another stretch of time
  newest_ = last_ ? std::max(newest_, pts) : pts;
  waiting_.insert(std::upper_bound(waiting_.begin(), waiting_.end(), pts), pts);
  if (last_ && pts < *last_ && depth_ < kMostReordered) ++depth_;
  const auto missing = static_cast<int>(depth_ + 1 - std::min(waiting_.size(), depth_ + 1));
  Nanoseconds dts = waiting_.front() - std::min(step, kLongestAssumed) * missing;
  if (waiting_.size() > depth_) waiting_.erase(waiting_.begin());
  if (last_) dts = std::max(dts, *last_);
  last_ = dts;
  return dts;
}

Nanoseconds TrackClock::usual_step() const {
  if (step_ > Nanoseconds(0)) return step_;
  return kind_ == Kind::video ? kVideoFrame : kAudioFrame;
}

std::optional<Nanoseconds> TrackClock::dts_of(const SentTimes &sent, FrameTimes &times) {
  if (sent.dts) return sent.dts;
  if (!sent.pts) return std::nullopt;
  times.estimated = kind_ == Kind::video;  // audio is never reordered
  if (kind_ == Kind::audio || !sent.may_reorder) return sent.pts;
  const Nanoseconds said = sent.duration.value_or(Nanoseconds(0));
  return order_.dts_of(*sent.pts, said > Nanoseconds(0) ? said : usual_step());
}

void TrackClock::settle_pts(const SentTimes &sent, FrameTimes &times) const {
  times.pts = times.dts;
  if (!sent.pts) return;
  const Nanoseconds distance = without_wrap(*sent.pts - times.dts);
  if (size_of(distance) <= kFarthestPts) {
    times.pts = times.dts + distance;
    return;
  }
  times.illegal = true;  // one of the two is wrong: the one that does not follow what was before
  if (last_ && size_of(*sent.pts - *last_) < size_of(times.dts - *last_)) times.dts = times.pts = *sent.pts;
}

// Lets frames follow each other again that were all sent for one time.
void TrackClock::unfreeze(const SentTimes &sent, FrameTimes &times) {
  const auto time = sent.dts ? sent.dts : sent.pts;
  const bool stands = time && time == last_sent_;
  last_sent_ = time;
  frozen_for_ = stands || sent.repeats ? frozen_for_ + usual_step() : Nanoseconds(0);
  if (frozen_for_ < kFrozen) return;
  times.frozen = times.estimated = true;
  if (!stands) return;
  times.dts += frozen_for_;
  times.pts += frozen_for_;
}

void TrackClock::judge_step(FrameTimes &times) {
  const Nanoseconds step = last_ ? times.dts - *last_ : Nanoseconds(0);
  // Few pictures: twice the same distance is no hole.
  const bool is_slow = step > kLargestStep && step <= kLongestFrame && size_of(step - long_step_) < step / 4;
  long_step_ = step;
  if (is_slow) step_ = step;
  if (times.estimated || step <= Nanoseconds(0) || step > kLargestStep) return;
  step_ = step;
  if (mean_step_ == Nanoseconds(0)) mean_step_ = step;
  const bool is_uneven = size_of(step - mean_step_) > mean_step_ / 2 + milliseconds(5);
  mean_step_ += (step - mean_step_) / 32;
  uneven_ = uneven_ << 1 | static_cast<std::uint64_t>(is_uneven);
  times.uneven = std::popcount(uneven_) >= kTooManyUneven;
  if (times.uneven) uneven_ = 0;
}

void TrackClock::judge_gop(FrameTimes &times, bool keyframe) {
  if (kind_ != Kind::video) return;
  if (keyframe) {
    since_keyframe_ = Nanoseconds(0);
    return;
  }
  const Nanoseconds before = since_keyframe_;
  if (last_) since_keyframe_ += std::clamp(times.dts - *last_, Nanoseconds(0), kLargestStep);
  times.long_gop = before <= kLongGop && since_keyframe_ > kLongGop;
}

FrameTimes TrackClock::read(const SentTimes &as_sent, bool keyframe, Nanoseconds start) {
  FrameTimes times;
  SentTimes sent = as_sent;
  for (auto *time : {&sent.dts, &sent.pts}) {
    if (!*time || can_be_true(**time)) continue;
    time->reset();
    times.illegal = true;
  }
  if (const auto dts = dts_of(sent, times)) {
    times.dts = *dts;
  } else {
    times.dts = last_ ? *last_ + usual_step() : start;
    times.estimated = times.illegal = true;
  }
  settle_pts(sent, times);
  unfreeze(sent, times);
  judge_step(times);
  judge_gop(times, keyframe);

  const Nanoseconds duration = sent.duration.value_or(Nanoseconds(0));
  const bool says_duration = duration > Nanoseconds(0) && duration <= kLongestFrame;
  times.duration = says_duration ? duration : usual_step();
  times.illegal = times.illegal || duration > kLongestFrame;
  last_ = times.dts;
  return times;
}

}  // namespace rec
