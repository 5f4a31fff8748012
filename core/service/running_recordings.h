// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/io/json.h"
#include "core/service/catalogue.h"
#include "core/service/catalogue_progress.h"

namespace rec {

// What is owed to anybody.
struct OwedSum {
  std::uint64_t uploads = 0;
  std::uint64_t upload_bytes = 0;  // of files and segments as they were closed
  std::uint64_t callbacks = 0;
  std::optional<UtcTime> oldest_upload = {};  // owed since then
  std::uint64_t failing = 0;                  // of both, that failed at least once
};

// A recording that is not finished, and how it goes.
struct RunningRecording {
  Recording recording;
  RecordingProgress progress;
  OwedSum owed;

  // What came so far, and when the last of it came: as its recorders count it, or (elements that are not
  // ours) as it is stored.
  std::uint64_t bytes() const;
  UtcTime last_media() const;  // its beginning where nothing is known
  std::uint64_t lost_frames() const;
  GapSum all_gaps() const;
};

struct RunningRecordings {
  UtcTime at{};
  std::vector<RunningRecording> recordings;  // oldest first
  OwedSum owed;                              // for all recordings, finished ones included
};

// What is being recorded now. Its cost grows with that and with what is owed, not with how long recordings
// have become.
Result<RunningRecordings> running_recordings(Catalogue &catalogue);

// As the API and the tool say it.
JsonObjectWriter json_of(const RecordingProgress &progress);
JsonObjectWriter json_of(const OwedSum &owed);

}  // namespace rec
