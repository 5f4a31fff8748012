// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "core/model/repeat_filter.h"
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
  std::uint64_t repeated = 0;         // dropped: recorded already, before an interruption
  std::uint64_t before_keyframe = 0;  // dropped: nothing decodable can begin with them
  std::uint64_t not_supported = 0;    // dropped: the segments cannot hold the codec
  std::uint64_t write_failed = 0;     // dropped: no segment could be written
};

// Lays frames into periods, each with a muxer of its own, and says where segments end. A period is left at
// the first keyframe after
//   - a break of the timestamps, or another push;
//   - a change of the encoding, or a track that the period does not have (RFC 8216 section 4.3.2.3);
//   - the video's death, once the segment is half as long again as it should be: no keyframe will end it.
// What is sent again after an interruption is dropped, to the next keyframe that was not recorded.
// Under the recorder's lock.
class PeriodRecorder {
 public:
  struct Host {
    std::shared_ptr<WriterGroup> writers;
    std::shared_ptr<SpliceKeeper> keeper;
    std::function<UtcTime(Nanoseconds line_time)> wall_clock;
    std::function<void(Error)> warn;
    std::function<void(Nanoseconds running_time)> request_keyframe;  // of the publisher
    // So many frames in a row came once more and were dropped.
    std::function<void(std::uint64_t frames, Nanoseconds media)> report_repeated;
    bool keep_repeated = false;  // records them again
  };

  explicit PeriodRecorder(Host host);

  // `states`: when the frame came. False: the frame was not taken, it would be the first one of a
  // push, and what was recorded before it must be known (know_past()) to tell what to do with it.
  bool record(const Frame &frame, const TrackStates &states);
  // The end of the recording that the push continues; an empty one if it continues none.
  void know_past(Trail past);
  void finish();  // the push ends: completes what is open; another one may be recorded afterwards

  const PeriodLedger &ledger() const { return ledger_; }

 private:
  struct Period {
    std::unique_ptr<Writer> writer;
    std::vector<Writer::Track> tracks;
    std::vector<Nanoseconds> fed;  // per track: until when (line time) the muxer knows what there is
    Nanoseconds base{0};           // line time of the muxer's 0
    Nanoseconds first{0};          // PTS of its first frame
    Nanoseconds first_sound = Nanoseconds::min();  // audio before it is left out
    Nanoseconds segment_begin{0};                  // PTS of the frame that began the segment
    unsigned cuts = 0;
    bool has_video = false;
    std::shared_ptr<Guarded<PeriodProgress>> progress;
  };

  bool fits(const Frame &frame) const;
  bool must_leave(const Frame &frame, const TrackStates &states) const;
  void hold(const Frame &frame);
  void begin_period(const Frame &frame, const TrackStates &states);
  std::optional<Period> open_period(const Frame &frame, const TrackStates &states, Nanoseconds base);
  void cut_before(const Frame &frame);
  void store(const Frame &frame);
  Nanoseconds first_sound(const Frame &first) const;
  std::unique_ptr<PeriodOutput> make_output(const Period &period, PeriodFacts facts) const;
  void keep_silent_tracks_moving(const Frame &frame, const TrackStates &states);
  bool container_holds(const Frame &frame);
  bool drop_repeated(const Frame &frame, bool leads);
  void report_repeated();

  const Host host_;
  const SegmentFormat format_;
  Holdings holdings_;
  const Nanoseconds target_;  // length of a segment
  PeriodLedger ledger_;
  std::optional<Period> period_;
  HeldFrames held_;  // audio that only the next period can take
  bool must_leave_ = false;
  bool knows_past_ = false;
  Trail trail_;  // what was recorded last
  RepeatFilter filter_;
  bool after_repeats_ = false;  // until a keyframe comes that was not recorded
  struct Run {
    std::uint64_t frames = 0;
    Nanoseconds media{0};  // of the kind that leads
  };
  Run repeated_;          // and not yet reported
  bool refused_ = false;  // the video's codec; said once
  bool audio_refused_ = false;
  unsigned next_id_ = 0;
  Nanoseconds retry_at_ = Nanoseconds::min();  // after a failure: line time before which no period is begun
};

}  // namespace rec
