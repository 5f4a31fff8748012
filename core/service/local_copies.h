// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/service/catalogue.h"

namespace rec {

// What lies in a spool and is in its store, too: a file, or all that belongs to the playlists of a recording.
struct LocalCopy {
  std::int64_t id = 0;  // rising; of the file, or of the first playlist
  std::int64_t recording_id = 0;
  bool is_hls = false;
  std::string directory;           // spool root
  std::vector<std::string> paths;  // playlists last
};

// The local copies that may go, on the connection of a catalogue. Never one that is owed to a store, or only
// in the backup store, or open, or part of what may go on.
class LocalCopies {
 public:
  explicit LocalCopies(Catalogue &catalogue) : db_(catalogue.db_), clock_(*catalogue.clock_) {}

  // Those of `store` that it has had since `until` at least, oldest first: at most `limit` with ids above
  // `after`.
  Result<std::vector<LocalCopy>> removable_files(const std::string &store, UtcTime until, std::int64_t after,
                                                 int limit);
  Result<std::vector<LocalCopy>> removable_playlists(const std::string &store, UtcTime until,
                                                     std::int64_t after, int limit);
  Status removed(const LocalCopy &copy);
  // Of the newest recordings.
  Result<std::vector<std::string>> spool_directories();

 private:
  Result<std::vector<std::string>> paths_of_playlists(std::int64_t recording_id);

  SqlDatabase &db_;
  const Clock &clock_;
};

}  // namespace rec
