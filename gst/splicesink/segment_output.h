// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/sync.h"
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
};

// One period of a recording, on its muxer's thread: a run of segments with continuous timestamps. It waits
// until the period before it has ended.
//
// Its timestamps go on where those of the period before it ended. Players need not be told so, they look at
// EXT-X-DISCONTINUITY; for those that do not know it the recording is one stream. A period that continues the
// one before goes on with its packets' counters, too.
//
// Video is cut where Writer::cut() comes through. Without video mpegtsmux takes no cuts; then a segment
// ends where its tables come (every 100 ms) at or after the target duration.
class SegmentOutput final : public MuxOutput {
 public:
  SegmentOutput(std::shared_ptr<SpliceKeeper> keeper, PeriodFacts facts,
                std::shared_ptr<Guarded<PeriodProgress>> progress)
      : keeper_(std::move(keeper)),
        facts_(std::move(facts)),
        progress_(std::move(progress)),
        turn_(keeper_->turns().take()) {}
  ~SegmentOutput() override;

  Status write(Ref<GstBuffer> buffer) override;
  Status seek(std::uint64_t) override { return ok(); }  // a transport stream never goes back
  void cut(unsigned number) override;
  void end(Status status) override;
  Status tick() override { return begun_ && !ended_ ? keeper_->tick() : ok(); }

 private:
  Status begin(GstBuffer *first);
  Status cut_audio(GstBuffer *buffer);
  void note_frames();
  Result<Ref<GstBuffer>> placed(Ref<GstBuffer> buffer);

  const std::shared_ptr<SpliceKeeper> keeper_;  // shared with the recorder and the other periods
  const PeriodFacts facts_;
  const std::shared_ptr<Guarded<PeriodProgress>> progress_;  // shared with the recorder, which fills it
  const std::uint64_t turn_;
  std::int64_t shift_ = 0;                 // 90 kHz: what the period's timestamps are moved by
  std::optional<TsCounterLine> counters_;  // of a period that continues the one before
  bool begun_ = false;
  bool ended_ = false;
  Status cut_status_ = ok();      // of the last cut()
  Nanoseconds zero_{0};           // audio only: PTS of the period's first packet
  Nanoseconds segment_begin_{0};  // since the period's first frame
};

}  // namespace rec
