// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/io/json.h"
#include "core/io/sqlite.h"
#include "core/service/fsck.h"

namespace rec {

// What a manifest says about other recordings: they are told by their session, because numbers of rows do not
// outlive a catalogue.
struct ManifestReferences {
  struct Source {
    std::int64_t position = 0;
    std::string session_id;
    std::optional<std::int64_t> from_us, to_us;
  };
  struct Segment {
    std::int64_t position = 0;
    std::string session_id;  // of the recording that it is of
    std::string path;        // below that one's directory
  };

  std::string session_id;            // of the recording itself
  std::vector<Source> sources;       // what it is made of
  std::vector<Segment> segments;     // of others, that its playlist names
  std::vector<std::string> results;  // of its jobs, in their order; "" = none

  bool empty() const { return sources.empty() && segments.empty() && results.empty(); }
};

// Hostile until here; what is no reference is left out.
ManifestReferences references_in(const JsonValue &manifest, const std::string &session_id);

// Writes the rows, as far as all recordings are known; what is there already stays. A source that is not
// known is a finding.
Status restore_references(SqlDatabase &db, const ManifestReferences &references,
                          std::vector<Finding> &findings);

// "" = the object has no text of that name.
std::string text_member(const JsonValue &object, std::string_view name);

}  // namespace rec
