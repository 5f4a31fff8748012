// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "gst/common/containers.h"
#include "gst/common/held_frames.h"
#include "gst/common/intake.h"
#include "gst/common/writer.h"
#include "gst/splicesink/segment_output.h"

namespace rec {

// Every frame that came: ingested = stored + the sum of the dropped.
struct PeriodLedger {
  std::uint64_t ingested = 0;
  std::uint64_t stored = 0;           // taken by a muxer
  std::uint64_t before_keyframe = 0;  // dropped: nothing decodable can begin with them
  std::uint64_t not_supported = 0;    // dropped: MPEG-TS cannot hold the codec
  std::uint64_t write_failed = 0;     // dropped: no segment could be written
};

// Lays frames into periods, each with a muxer of its own, and says where segments end. A period is left at
// the first keyframe after
//   - a break of the timestamps, or another push;
//   - a change of the encoding, or a track that the period does not have (RFC 8216 section 4.3.2.3);
//   - the video's death, once the segment is half as long again as it should be: no keyframe will end it.
// Under the recorder's lock.
class PeriodRecorder {
 public:
  struct Host {
    std::shared_ptr<WriterGroup> writers;
    std::shared_ptr<SpliceKeeper> keeper;
    std::function<UtcTime(Nanoseconds line_time)> wall_clock;
    std::function<void(Error)> warn;
  };

  explicit PeriodRecorder(Host host);

  // `intake` says which tracks are alive.
  void record(const Frame &frame, const Intake &intake);
  void finish();  // completes what is open; more may be recorded afterwards

  const PeriodLedger &ledger() const { return ledger_; }

 private:
  struct Period {
    std::unique_ptr<Writer> writer;
    std::vector<Writer::Track> tracks;
    std::vector<Nanoseconds> fed;  // per track: until when (line time) the muxer knows what there is
    Nanoseconds base{0};           // line time of the muxer's 0
    Nanoseconds first{0};          // PTS of its first frame
    Nanoseconds segment_begin{0};  // PTS of the frame that began the segment
    unsigned cuts = 0;
    bool has_video = false;
    std::shared_ptr<Guarded<PeriodProgress>> progress;
  };

  bool fits(const Frame &frame) const;
  bool must_leave(const Frame &frame, const Intake &intake) const;
  void hold(const Frame &frame);
  void begin_period(const Frame &frame, const Intake &intake);
  std::optional<Period> open_period(const Frame &frame, const Intake &intake, Nanoseconds base);
  void cut_before(const Frame &frame);
  void store(const Frame &frame);
  void keep_silent_tracks_moving(const Frame &frame, const Intake &intake);
  bool container_holds(const Frame &frame);

  const Host host_;
  Holdings holdings_{container_of(Format::hls)};
  const Nanoseconds target_;  // length of a segment
  PeriodLedger ledger_;
  std::optional<Period> period_;
  HeldFrames held_;  // audio that only the next period can take
  bool must_leave_ = false;
  bool refused_ = false;  // the video's codec; said once
  bool audio_refused_ = false;
  unsigned next_id_ = 0;
  Nanoseconds retry_at_ = Nanoseconds::min();  // after a failure: line time before which no period is begun
};

}  // namespace rec
