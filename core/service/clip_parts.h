// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>
#include <vector>

#include "core/disk/disk_file.h"
#include "core/service/clip.h"
#include "core/service/derived_recording.h"

// What the sources of clip.h share.
namespace rec {

// A request that was looked at: its recordings, and what its result will be.
struct ClipJob {
  ClipRequest request;
  std::vector<Recording> sources;  // as request.recordings
  DerivedRecording result;         // without files
  std::string path;                // of its file; nothing is there
};

// The file is complete: gives it its name, and announces it. On an error, or when the process dies, nothing
// is left of it (clip_names.h).
Result<Recording> publish_clip(Catalogue &catalogue, ClipJob &job, DiskFile file, ClosedFile facts);

// As announced by whoever recorded the first of them that has it; what is not known stays "" and 0.
void take_codecs(Catalogue &catalogue, const std::vector<Recording> &sources, ClosedFile &facts);

Result<Recording> make_playlist_clip(Catalogue &catalogue, ClipJob &job);
Result<Recording> make_file_clip(Catalogue &catalogue, ClipJob &job, OpenStores *stores);

// As the model wants them, in the same order.
std::vector<ClipSegment> clip_segments(const std::vector<NamedSegment> &named);

}  // namespace rec
