// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/model/cmaf_fragment.h"
#include "core/model/cmaf_init.h"

namespace rec {

// One frame on its way into a segment. Times count from anywhere, as long as it is the same place for all.
template <typename Media>
struct CmafFrame {
  std::size_t track = 0;  // index into the initialisation section's tracks
  Nanoseconds dts{0};     // of audio: its PTS
  Nanoseconds pts{0};
  Nanoseconds duration{0};
  bool keyframe = false;
  std::uint32_t size = 0;  // bytes
  Media media;             // handed through
};

// Lays the frames of one period into fragments and segments of the form that every player plays:
//   - tfdt continues where the period before it ended, so that a recording is one line of decoding times;
//   - the period's first picture is shown at its decoding time, and no audio comes before it. What is
//     reordered has negative composition offsets, so that no edit list is needed, which hls.js ignores;
//     ffmpeg (5.1) and qtdemux (1.22) show such pictures later than that, by the largest of these offsets;
//   - a segment begins with a keyframe, and its audio with that keyframe's time of presentation, not of
//     decoding: else Chromium finds a hole at each seek;
//   - a sample lasts until the next one of its track; a hole in the audio is a hole between two fragments.
//
// Frames come in order of decoding, none earlier than the period's begin. Holds at most half a second or 4
// MiB of media, and in a segment that is about to end as much as pictures are reordered.
template <typename Media>
class CmafSegmenter {
 public:
  using Frame = CmafFrame<Media>;
  // To be done in this order: write the fragment, if it has runs; then end the segment, if `ends`.
  struct Step {
    std::vector<CmafRun> runs;
    std::vector<Media> media;         // of all samples, run after run
    std::optional<Nanoseconds> ends;  // the segment's duration
  };
  using Steps = std::vector<Step>;

  // `is_video`: of each track. `begin`: PTS of the period's first frame. `line`: where on the recording's
  // line the period begins. `target`: where there is no video, a segment ends when it is as long.
  CmafSegmenter(std::vector<bool> is_video, Nanoseconds begin, Nanoseconds line, Nanoseconds target)
      : is_video_(std::move(is_video)),
        has_video_(std::find(is_video_.begin(), is_video_.end(), true) != is_video_.end()),
        has_audio_(std::find(is_video_.begin(), is_video_.end(), false) != is_video_.end()),
        line_(line - begin),
        target_(target),
        segment_begin_(begin),
        end_(begin),
        now_(is_video_.size()),
        next_(is_video_.size()) {}

  // The next video frame begins a segment.
  void cut() { cut_ = true; }

  Steps push(Frame frame) {
    Steps steps;
    const bool begins = begins_segment(frame);
    if (next_begin_ && (begins || order_of(frame) >= *next_begin_)) end_segment(steps);
    if (begins) {
      cut_ = false;
      next_begin_ = frame.pts;
      if (!has_audio_ || !has_video_ || order_of(frame) >= frame.pts) end_segment(steps, &frame);
    } else if (!next_begin_ && must_flush(frame)) {
      steps.push_back(flush(now_, &frame));
    }
    add(std::move(frame));
    return steps;
  }
  // Nothing comes: what there is belongs on the disk.
  Steps idle() {
    Steps steps;
    if (!next_begin_) steps.push_back(flush(now_, nullptr));
    return steps;
  }
  // Nothing follows. The last step's segment is the period's last.
  Steps finish() {
    Steps steps;
    if (next_begin_) end_segment(steps);
    Step last = flush(now_, nullptr);
    last.ends = end_ - segment_begin_;
    steps.push_back(std::move(last));
    return steps;
  }

 private:
  static constexpr Nanoseconds kFragment = std::chrono::milliseconds(500);
  static constexpr std::uint64_t kMostBytes = std::uint64_t{4} << 20;
  static constexpr Nanoseconds kLongestPicture = std::chrono::seconds(10);

  using Gathered = std::vector<std::vector<Frame>>;  // by track

  bool is_video(const Frame &frame) const { return is_video_[frame.track]; }
  // Audio belongs to the picture beside which most of it is heard.
  Nanoseconds order_of(const Frame &frame) const {
    return is_video(frame) ? frame.dts : frame.pts + frame.duration / 2;
  }
  bool begins_segment(const Frame &frame) const {
    return has_video_ ? cut_ && is_video(frame) : frame.pts + frame.duration / 2 - segment_begin_ >= target_;
  }

  bool must_flush(const Frame &frame) const {
    if (bytes_ == 0) return false;
    if (frame.dts - fragment_begin_ >= kFragment || bytes_ + frame.size > kMostBytes) return true;
    const auto &before = now_[frame.track];
    return !is_video(frame) && !before.empty() && leaves_hole(before.back(), frame);
  }

  void add(Frame frame) {
    if (is_video(frame) && !reordering_) reordering_ = frame.pts - frame.dts;
    end_ = std::max(end_, frame.pts + frame.duration);
    const bool is_next = next_begin_ && (is_video(frame) || order_of(frame) >= *next_begin_);
    if (!is_next) {
      if (bytes_ == 0) fragment_begin_ = frame.dts;
      bytes_ += frame.size;
    }
    auto &frames = (is_next ? next_ : now_)[frame.track];
    frames.push_back(std::move(frame));
  }

  void end_segment(Steps &steps, const Frame *follows = nullptr) {
    Step step = flush(now_, follows);
    step.ends = *next_begin_ - std::exchange(segment_begin_, *next_begin_);
    next_begin_.reset();
    steps.push_back(std::move(step));
    for (auto &frames : std::exchange(next_, Gathered(is_video_.size())))
      for (Frame &frame : frames) add(std::move(frame));
  }

  std::int64_t ticks(Nanoseconds time) const {
    constexpr std::int64_t kSecond = 1'000'000'000;
    const std::int64_t on_line = (line_ + time).count();
    const std::int64_t seconds = on_line / kSecond;
    return seconds * kCmafTimescale + (on_line % kSecond * kCmafTimescale + kSecond / 2) / kSecond;
  }
  Nanoseconds decoding_time(const Frame &frame) const {
    return is_video(frame) ? frame.dts + reordering_.value_or(Nanoseconds(0)) : frame.pts;
  }
  std::int64_t decoding_ticks(const Frame &frame) const { return ticks(decoding_time(frame)); }

  // The frame of the same track that comes after all that are gathered.
  const Frame *after(std::size_t track, const Frame *pushed) const {
    if (!next_[track].empty()) return &next_[track].front();
    return pushed && pushed->track == track ? pushed : nullptr;
  }
  bool leaves_hole(const Frame &frame, const Frame &next) const {
    if (is_video(frame)) return next.dts - frame.dts > kLongestPicture;
    return next.pts - frame.pts > frame.duration + next.duration;
  }
  // Of the last sample of a run, whose follower, if known, tells its own time.
  std::int64_t end_of(const Frame &frame, const Frame *next) const {
    return next && !leaves_hole(frame, *next) ? decoding_ticks(*next)
                                              : ticks(decoding_time(frame) + frame.duration);
  }

  Step flush(Gathered &gathered, const Frame *pushed) {
    Step step;
    for (std::size_t track = 0; track < gathered.size(); ++track) {
      auto &frames = gathered[track];
      if (frames.empty()) continue;
      CmafRun run{static_cast<std::uint32_t>(track + 1), 0, is_video_[track], {}};
      run.time = static_cast<std::uint64_t>(std::max<std::int64_t>(decoding_ticks(frames.front()), 0));
      for (std::size_t i = 0; i < frames.size(); ++i) {
        const Frame &frame = frames[i];
        const std::int64_t at = decoding_ticks(frame);
        const bool is_last = i + 1 == frames.size();
        const std::int64_t end =
            is_last ? end_of(frame, after(track, pushed)) : decoding_ticks(frames[i + 1]);
        run.samples.push_back({frame.size, static_cast<std::uint32_t>(std::max<std::int64_t>(end - at, 0)),
                               static_cast<std::int32_t>(ticks(frame.pts) - at), frame.keyframe});
      }
      for (Frame &frame : frames) step.media.push_back(std::move(frame.media));
      step.runs.push_back(std::move(run));
      frames.clear();
    }
    bytes_ = 0;
    return step;
  }

  const std::vector<bool> is_video_;
  const bool has_video_, has_audio_;
  const Nanoseconds line_;  // to be added to a frame's time
  const Nanoseconds target_;
  Nanoseconds segment_begin_;              // PTS
  Nanoseconds end_;                        // of all frames
  std::optional<Nanoseconds> reordering_;  // PTS less DTS of the first picture
  bool cut_ = false;                       // the next video frame begins a segment
  std::optional<Nanoseconds> next_begin_;  // the segment ends there; its last audio may still come
  Gathered now_, next_;            // frames of the fragment; of the segment that begins at next_begin_
  Nanoseconds fragment_begin_{0};  // DTS
  std::uint64_t bytes_ = 0;        // gathered in now_
};

}  // namespace rec
