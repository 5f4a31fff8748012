// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/service/catalogue.h"

namespace rec {

// What lies in a spool and is in its store, too: a file, all that belongs to the playlists of a recording,
// or, when nothing else of it is left here, its manifest.
struct LocalCopy {
  enum class Kind { file, playlists, manifest };
  Kind kind = Kind::file;
  std::int64_t id = 0;  // rising; of the file, the first playlist, or the recording
  std::int64_t recording_id = 0;
  std::string directory;             // spool root
  std::vector<std::string> paths;    // playlists last
  std::vector<std::string> objects;  // what they are called in stores, in the same order
};

// The local copies that may go, on the connection of a catalogue. Never one that is owed to a store, or open,
// or part of what may go on; one that only the backup store has only when it is the holder.
class LocalCopies {
 public:
  explicit LocalCopies(Catalogue &catalogue) : db_(catalogue.db_), clock_(*catalogue.clock_) {}

  // Those of a kind.
  struct Wanted {
    std::string store;                        // of their recordings
    std::string holder;                       // that has them: that one, or the backup store
    std::vector<std::string> templates = {};  // of these only, or
    bool all_but_these = true;                // of all others
    UtcTime until;                            // the holder has had them since then at least
    std::int64_t after = 0;                   // ids above
    int limit = 0;                            // at most so many, oldest first
  };
  Result<std::vector<LocalCopy>> removable(LocalCopy::Kind kind, const Wanted &wanted);
  // Before it goes: what a manifest that is still to be written will say of its bytes.
  Status remember_digests(const LocalCopy &copy, const std::function<bool()> &is_cancelled);
  Status removed(const LocalCopy &copy);
  // Of the newest recordings.
  Result<std::vector<std::string>> spool_directories();

 private:
  Result<std::vector<LocalCopy>> files(const Wanted &wanted);
  Result<std::vector<LocalCopy>> playlists(const Wanted &wanted);
  Result<std::vector<LocalCopy>> manifests(const Wanted &wanted);
  Status add_playlists(LocalCopy &copy);
  Result<SqlStatement> query(const std::string &sql, const Wanted &wanted);

  SqlDatabase &db_;
  const Clock &clock_;
};

}  // namespace rec
