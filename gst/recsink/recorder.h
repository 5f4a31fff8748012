// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/model/pre_roll.h"
#include "gst/common/recorder_bin.h"
#include "gst/common/timer.h"
#include "gst/recsink/file_recorder.h"
#include "gst/recsink/format_child.h"
#include "gst/recsink/part_recovery.h"

namespace rec {

struct RecSinkSettings {
  std::string formats = "mp4";
  std::string location = "recording-{EscapedStartTime}-{Sequence}";
  guint64 cycle = 0;  // ns
  guint64 max_size_bytes = 0;
  CutMode cut_mode = CutMode::at_or_after;
  bool align_to_clock = false;
  std::string time_zone = "UTC";
  guint start_index = 0;
  bool send_keyframe_requests = true;
  bool auto_start = true;
  guint64 pre_roll = 0;  // ns
  guint64 max_pre_roll_bytes = guint64{256} << 20;
  guint64 min_duration = 0;  // ns
  gint64 end_time = 0;       // us since the epoch; 0: none
  Durability durability = Durability::file;
  bool faststart = false;
  guint64 max_backlog_bytes = FileStorage().limits.bytes;
  bool recover = true;
};

// recsink's behaviour: every format of `formats` from one input.
class Recorder final : public RecorderBin {
 public:
  static constexpr std::array kFormats = {Format::flv, Format::mp4, Format::aac, Format::mp3};

  explicit Recorder(GstBin *bin, const Clock &clock);

  Guarded<RecSinkSettings> settings;  // any thread; a copy is taken at start
  // Of kFormats[i]; any thread; copied at start.
  std::array<SharedFormatSettings, kFormats.size()> format_settings;

  // The action signals; any thread. Without effect before PAUSED.
  void start_recording() REC_EXCLUDES(mutex_);  // from the pre-roll's begin
  void stop_recording() REC_EXCLUDES(mutex_);   // completes the files
  void restart_recording() REC_EXCLUDES(mutex_);
  void split_now() REC_EXCLUDES(mutex_);
  void split_at(Nanoseconds running_time) REC_EXCLUDES(mutex_);

  StructurePtr stats() REC_EXCLUDES(mutex_);

 private:
  struct Files {
    unsigned open = 0;    // begun, not yet ended
    bool ending = false;  // post EOS when none is open
    guint64 begun = 0;
    guint64 stored = 0;  // complete under their final name
    guint64 failed = 0;
    guint64 dropped = 0;  // shorter than min-duration
    guint64 bytes = 0;    // of those stored
  };

  Status start() override REC_REQUIRES(mutex_);
  void record(const Frame &frame) override REC_REQUIRES(mutex_);
  void push_ended() override REC_REQUIRES(mutex_);
  void stop() override REC_REQUIRES(mutex_);

  Result<FilePlan> plan_for(Format format) const;
  void end_at(UtcTime time) REC_REQUIRES(mutex_);
  void recover(std::vector<PartOrigin> origins) REC_REQUIRES(mutex_);
  FileRecorder::Host host() REC_REQUIRES(mutex_);
  UtcTime wall_clock(Nanoseconds line) const REC_REQUIRES(mutex_);
  void keep_for_pre_roll(const Frame &frame) REC_REQUIRES(mutex_);
  void begin_recording() REC_REQUIRES(mutex_);
  void end_recording(const char *reason) REC_REQUIRES(mutex_);
  void end_time_came() REC_EXCLUDES(mutex_);
  void ask_for_keyframe(std::optional<Nanoseconds> running_time) REC_REQUIRES(mutex_);
  void finish_all() REC_REQUIRES(mutex_);
  void file_ended(Guarded<Files> &run, const FileResult &result) REC_EXCLUDES(mutex_);

  const Clock &clock_;      // outlives us
  RecSinkSettings active_;  // since start()
  bool started_ REC_GUARDED_BY(mutex_) = false;
  bool recording_ REC_GUARDED_BY(mutex_) = false;  // otherwise media go through the pre-roll and are left out
  std::vector<FileRecorder> formats_ REC_GUARDED_BY(mutex_);
  PreRoll<Frame> pre_roll_ REC_GUARDED_BY(mutex_){{}};
  std::optional<Timer> deadline_ REC_GUARDED_BY(mutex_);
  std::shared_ptr<std::atomic<bool>> recovery_ends_ REC_GUARDED_BY(mutex_);  // shared with the recovery
  // Keyframes that were asked for, so that formats with one cycle ask once.
  std::optional<Nanoseconds> keyframe_asked_for_ REC_GUARDED_BY(mutex_);
  bool keyframe_awaited_ REC_GUARDED_BY(mutex_) = false;

  // The wall clock at one place of the line; set by the first frame and again wherever the line breaks.
  struct Anchor {
    Nanoseconds line;
    UtcTime wall;
  };
  std::optional<Anchor> anchor_ REC_GUARDED_BY(mutex_);

  // Of this run; any thread. With the outputs: a disk that did not answer may end a file of an earlier run.
  std::shared_ptr<Guarded<Files>> files_ REC_GUARDED_BY(mutex_) = std::make_shared<Guarded<Files>>();
};

}  // namespace rec
