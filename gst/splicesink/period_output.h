// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "core/base/sync.h"
#include "core/model/media_spread.h"
#include "gst/common/writer.h"
#include "gst/splicesink/splice_keeper.h"

namespace rec {

// What the recorder tells the period's output about the frames that it gave to the muxer; media time since
// the period's first frame.
struct PeriodProgress {
  std::deque<Nanoseconds> cuts;    // that have not come out of the muxer yet
  Nanoseconds end{0};              // of the last frame
  std::vector<TrailFrame> frames;  // that the keeper was not told of
  std::uint64_t segment = 0;       // of the last frame, counted from the period's first
  std::deque<SpreadMeter> spreads{
      1};  // of the frames of the segments that are not closed; last the one that grows
};

// One period of a recording, on its muxer's thread: a run of segments with continuous timestamps. It waits
// until the period before it has ended.
//
// Its timestamps go on where those of the period before it ended. Players need not be told so, they look at
// EXT-X-DISCONTINUITY; for those that do not know it the recording is one stream.
class PeriodOutput : public MuxOutput {
 public:
  PeriodOutput(std::shared_ptr<SpliceKeeper> keeper, PeriodFacts facts,
               std::shared_ptr<Guarded<PeriodProgress>> progress)
      : keeper_(std::move(keeper)),
        facts_(std::move(facts)),
        progress_(std::move(progress)),
        turn_(keeper_->turns().take()) {}
  ~PeriodOutput() override {
    if (!ended_) keeper_->turns().done(turn_);  // its muxer could not be made
  }
  void end(Status status) final {
    ended_ = true;
    if (begun_) {
      if (status) status = complete();
      if (!status) keeper_->fail_period(status.error());
    }
    keeper_->turns().done(turn_);
  }
  Status tick() override { return is_open() ? keeper_->tick() : ok(); }

 protected:
  // What came ends with the last segment.
  virtual Status complete() = 0;

  bool begun() const { return begun_; }
  bool is_open() const { return begun_ && !ended_; }
  // With the first media.
  Result<PeriodPlace> begin() {
    begun_ = true;
    keeper_->turns().wait(turn_);
    return keeper_->begin_period(facts_);
  }
  // Tells the keeper what was recorded.
  void note_frames() {
    auto frames = progress_->with([](PeriodProgress &p) { return std::exchange(p.frames, {}); });
    if (!frames.empty()) keeper_->note_frames(std::move(frames));
  }
  // Of the segment that ends now; nothing in a period without video, which is not cut by the recorder.
  std::optional<MediaSpread> take_spread() {
    if (!facts_.has_video()) return std::nullopt;
    return progress_->with([](PeriodProgress &p) {
      std::optional<MediaSpread> spread;
      if (p.spreads.empty()) return spread;
      spread = p.spreads.front().spread();
      p.spreads.pop_front();
      return spread;
    });
  }
  SpliceKeeper &keeper() const { return *keeper_; }
  Guarded<PeriodProgress> &progress() const { return *progress_; }
  const PeriodFacts &facts() const { return facts_; }

 private:
  const std::shared_ptr<SpliceKeeper> keeper_;  // shared with the recorder and the other periods
  const PeriodFacts facts_;
  const std::shared_ptr<Guarded<PeriodProgress>> progress_;  // shared with the recorder, which fills it
  const std::uint64_t turn_;
  bool begun_ = false;
  bool ended_ = false;
};

}  // namespace rec
