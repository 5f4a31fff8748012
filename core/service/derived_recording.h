// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/service/catalogue.h"

namespace rec {

// A recording that is made of others: a clip, a merge, the result of a job. It is finished from the first.
struct DerivedRecording {
  struct Part {
    std::int64_t source_id = 0;
    std::optional<UtcTime> from, to;  // wall clock of what was taken; nothing = its beginning, its end
  };
  struct File {
    Format format = Format::hls;
    ClosedFile facts;  // without recording_id
  };

  RecordingSource source = RecordingSource::clip;
  std::string session_id;  // random_decimal_id()
  std::string directory;   // absolute spool root
  // The rest it has from the first one: stream, template, content, stores, callbacks.
  std::vector<Part> parts;               // at least one, in playback order
  bool is_stored = true;                 // false: the files stay where they are
  std::vector<File> files;               // complete, with their names
  std::int64_t job = 0;                  // that asked for it, and is done with it; 0 = none
  std::vector<std::int64_t> segments{};  // of others, that its playlist names (rows of segment)
  std::int64_t noted_name = 0;           // of its file, until its row tells (clip_names.h); 0 = none
};

// Writes the rows, with the uploads and the callbacks that they owe: callbacks are told of the files, not of
// a beginning or an end, for nothing was pushed. One transaction. Errors: not_found = a source is not there,
// or its files are being deleted; and the catalogue's.
Result<Recording> add_derived(Catalogue &catalogue, const DerivedRecording &derived);

// The segments that a playlist of this recording names, with the initialisation sections, in playback order;
// those of others, if it is a clip.
struct NamedSegment {
  std::int64_t id = 0;
  NewSegment facts;
  std::string url;        // of its object; "" = not (yet) uploaded, or only the object's name is known
  std::string object;     // that name; "" = it is not needed
  std::string stored_in;  // store that has that
};
Result<std::vector<NamedSegment>> named_segments(Catalogue &catalogue, std::int64_t recording_id);

}  // namespace rec
