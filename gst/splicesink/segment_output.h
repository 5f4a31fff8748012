// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <optional>

#include "gst/splicesink/period_output.h"

namespace rec {

// A period of MPEG-TS segments. One that continues the one before goes on with its packets' counters, too.
//
// Video is cut where Writer::cut() comes through. Without video mpegtsmux takes no cuts; then a segment
// ends where its tables come (every 100 ms) at or after the target duration.
class SegmentOutput final : public PeriodOutput {
 public:
  using PeriodOutput::PeriodOutput;

  Status write(Ref<GstBuffer> buffer) override;
  Status seek(std::uint64_t) override { return ok(); }  // a transport stream never goes back
  void cut(unsigned number) override;

 private:
  Status begin_with(GstBuffer *first);
  Status complete() override;
  Status cut_audio(GstBuffer *buffer);
  Result<Ref<GstBuffer>> placed(Ref<GstBuffer> buffer);

  std::int64_t shift_ = 0;                 // 90 kHz: what the period's timestamps are moved by
  std::optional<TsCounterLine> counters_;  // of a period that continues the one before
  Status cut_status_ = ok();               // of the last cut()
  Nanoseconds zero_{0};                    // audio only: PTS of the period's first packet
  Nanoseconds segment_begin_{0};           // since the period's first frame
};

}  // namespace rec
