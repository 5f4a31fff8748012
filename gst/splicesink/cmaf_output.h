// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/model/cmaf_segmenter.h"
#include "gst/splicesink/period_output.h"

namespace rec {

// The initialisation section for these tracks, in their order. Errc::invalid_argument: the caps lack what it
// needs.
Result<std::string> cmaf_init_of(const std::vector<Writer::Track> &tracks);

// A period of fragmented MP4 segments. There is no muxer: it is given the frames themselves, and cut() comes
// through in front of the keyframe that begins a segment; without video it cuts by itself.
class CmafOutput final : public PeriodOutput {
 public:
  // `is_video`: of each track of the writer; `begin`: PTS of the period's first frame, as the writer gives
  // it.
  CmafOutput(std::shared_ptr<SpliceKeeper> keeper, PeriodFacts facts,
             std::shared_ptr<Guarded<PeriodProgress>> progress, std::vector<bool> is_video, Nanoseconds begin)
      : PeriodOutput(std::move(keeper), std::move(facts), std::move(progress)),
        is_video_(std::move(is_video)),
        begin_(begin) {}

  Status write(Ref<GstBuffer> buffer) override;
  Status seek(std::uint64_t) override { return ok(); }  // nobody does
  void cut(unsigned) override {
    if (segmenter_) segmenter_->cut();
  }
  Status tick() override;

 private:
  using Segmenter = CmafSegmenter<Ref<GstBuffer>>;

  Status complete() override;
  Status append(std::string bytes);
  Status write_fragment(Segmenter::Step step);
  Status take(Segmenter::Steps steps);

  const std::vector<bool> is_video_;
  const Nanoseconds begin_;
  std::optional<Segmenter> segmenter_;  // once the period has begun
  std::uint32_t fragments_ = 0;
  bool in_segment_ = false;  // the open segment has its head
};

}  // namespace rec
