// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "core/base/clock.h"
#include "core/base/sync.h"
#include "core/io/files.h"
#include "core/service/configuration.h"

namespace rec {

// What of a configuration file is in force. Never changes: whoever acts on it keeps it for as long as it
// wants to see the same.
struct ConfigurationInForce {
  // The last good content; null: there was none yet. `problems` are those of the file as it is, so that both
  // are there when an older content stays in force. `notices` belong to the content in force.
  LoadedConfiguration loaded;
  std::uint64_t change = 0;  // counts what was found in the file, good or bad, from 1

  bool is_outdated() const { return loaded.configuration && !loaded.problems.empty(); }
};

// One configuration file and its last good content. Looks at the file whenever it is asked, which costs a
// stat(), and reads it again when it has changed. Any thread.
class ConfigurationStore {
 public:
  // `path` also stands in problems and in the origins of rules. `clock` must outlive it.
  ConfigurationStore(std::string path, const Clock &clock) : path_(std::move(path)), clock_(clock) {}

  // Never null. Of several threads that find the file changed one reads it and the others wait for it: who
  // asks after a change was made sees it.
  std::shared_ptr<const ConfigurationInForce> sample() REC_EXCLUDES(mutex_);

 private:
  void look() REC_REQUIRES(mutex_);
  void replace(LoadedConfiguration loaded, std::string digest) REC_REQUIRES(mutex_);

  const std::string path_;
  const Clock &clock_;
  Mutex mutex_;
  std::shared_ptr<const ConfigurationInForce> in_force_ REC_GUARDED_BY(mutex_);
  std::optional<FileStamp> stamp_ REC_GUARDED_BY(mutex_);  // of what was read; nothing: look again
  std::string digest_ REC_GUARDED_BY(mutex_);              // of its bytes, or what kept us from reading them
};

// The store of a file that all elements of the process share, so that they agree on what is in force, also
// after the one that read it has gone. Of very many files only those that are in use are kept.
std::shared_ptr<ConfigurationStore> shared_configuration(const std::string &path);

}  // namespace rec
