// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <map>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/model/name_pattern.h"
#include "core/model/recording_template.h"

namespace rec {

// What the recorders of one push are to call their files: patterns in which times and numbers are left, and
// the identity of the push is not (core/model/name_pattern.h).
struct RecordingNames {
  std::map<Format, std::string> files;  // of every single-file format, with the directory, without extension
  std::string playlist;                 // with the directory; "" without HLS
  std::string segments;                 // relative to the playlist's folder; "" = the recorder's own names
};

// `directory`: where all of it lies; not a pattern, whatever it holds. `facts`: who pushes, and when. Fails
// when that cannot be part of a name: the Error says why.
Result<RecordingNames> bind_names(const RecordingTemplate &recording_template, std::string_view directory,
                                  const NameFacts &facts);

}  // namespace rec
