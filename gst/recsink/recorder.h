// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "gst/common/recorder_bin.h"
#include "gst/recsink/file_recorder.h"

namespace rec {

struct RecSinkSettings {
  std::string formats = "mp4";
  std::string location = "recording-{EscapedStartTime}-{Sequence}";
  guint64 cycle = 0;  // ns
  std::string time_zone = "UTC";
  guint start_index = 0;
};

// recsink's behaviour: every format of `formats` from one input.
class Recorder final : public RecorderBin {
 public:
  explicit Recorder(GstBin *bin, const Clock &clock);

  Guarded<RecSinkSettings> settings;  // any thread; a copy is taken at start
  StructurePtr stats() REC_EXCLUDES(mutex_);

 private:
  Status start() override REC_REQUIRES(mutex_);
  void record(const Frame &frame) override REC_REQUIRES(mutex_);
  void push_ended() override REC_REQUIRES(mutex_);
  void stop() override REC_REQUIRES(mutex_);

  Result<std::string> name(Format format, UtcTime start, unsigned fragment_id) const;
  FileRecorder::Host host();
  void finish_all() REC_REQUIRES(mutex_);
  void file_ended(std::uint64_t bytes, bool stored) REC_EXCLUDES(mutex_);

  const Clock &clock_;      // outlives us
  RecSinkSettings active_;  // since start()
  std::vector<FileRecorder> formats_ REC_GUARDED_BY(mutex_);

  // The wall clock at one place of the line; set by the first frame and again wherever the line breaks.
  struct Anchor {
    Nanoseconds line;
    UtcTime wall;
  };
  std::optional<Anchor> anchor_ REC_GUARDED_BY(mutex_);

  struct Files {
    unsigned open = 0;    // begun, not yet ended
    bool ending = false;  // post EOS when none is open
    guint64 stored = 0;   // complete under their final name
    guint64 failed = 0;
    guint64 bytes = 0;  // of those stored
  };
  Guarded<Files> files_;  // any thread
};

}  // namespace rec
