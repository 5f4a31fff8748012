// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/model/clip_plan.h"
#include "core/service/catalogue.h"
#include "core/service/open_stores.h"

namespace rec {

struct ClipRequest {
  std::vector<std::int64_t> recordings;  // at least one, in playback order; may be running
  std::optional<UtcTime> from;           // wall clock; nothing = the beginning
  std::optional<UtcTime> to;             // > from; nothing = the end, or what there is by now
  ClipBounds bounds = ClipBounds::covering;
  Format format = Format::hls;  // hls: a playlist over the segments there are; mp4, flv: a new file
  std::string path;             // absolute, of the result; "" = beside the first recording's
  RecordingSource source = RecordingSource::clip;  // or merge
  std::int64_t job = 0;                            // that asked for it (recording_jobs.h); 0 = none
  std::string session_id;  // of the result, whose file an earlier attempt may have left; "" = a new one
};

// Makes it and a recording of its own for it, which is uploaded and announced like others: that one. Nothing
// is encoded again; of HLS nothing is copied. Errors: not_found (a recording, or there is nothing in the
// range), invalid_argument (the range; a recording that does not have what is needed), exists (path), and the
// disk's. `stores`: from which a file is made of what has no local copy any more (fetched_media.h); null =
// none. Errors then are also those of stores.
Result<Recording> make_clip(Catalogue &catalogue, const ClipRequest &request, OpenStores *stores = nullptr);

}  // namespace rec
