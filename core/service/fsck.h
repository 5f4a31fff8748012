// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/service/bucket_reading.h"

namespace rec {

// What does not agree between the catalogue, manifests and what lies in folders.
struct Finding {
  enum class Kind {
    missing,    // the catalogue has it, nothing lies there
    different,  // not what the catalogue says
    orphan,     // media that no row names
    forgotten,  // a manifest whose recording the catalogue has not: rebuild_catalogue() adds it
    unreadable  // a manifest, folder or row that says nothing
  };
  Kind kind = Kind::missing;
  std::string path;  // absolute; of an object its URL
  std::string what;  // for people; no secrets
};
const char *name_of(Finding::Kind kind);  // "missing", ...

struct FsckOptions {
  std::vector<std::string> folders;  // looked through with all that is below them; none: the recordings' own
  bool digests = false;              // read all media that lie in folders and compare
  OpenBuckets *buckets = nullptr;    // that are listed, too; null = none
};

// Changes nothing. What was uploaded or deleted by policy is not missing; of stores, directories are looked
// into, and the buckets that are given. A bucket that cannot be listed is a finding. Errors: the catalogue's.
Result<std::vector<Finding>> check_storage(const std::string &catalogue_path, const FsckOptions &options,
                                           const Clock &clock);

struct Rebuilt {
  std::uint64_t recordings = 0;
  std::uint64_t files = 0;
  std::uint64_t segments = 0;
  std::uint64_t owed = 0;
  std::uint64_t known = 0;  // recordings that were there already
  std::vector<Finding> findings;
};

// Adds to the catalogue, which is made if need be, every recording that a manifest in the folders, or then in
// the buckets (null = none), describes and the catalogue has not. What was owed when a manifest was written
// is owed again under the same event ids. A manifest that lies in another folder than it was written to moves
// its recording there. Media are only read.
Result<Rebuilt> rebuild_catalogue(const std::string &catalogue_path, const std::vector<std::string> &folders,
                                  OpenBuckets *buckets, const Clock &clock);

}  // namespace rec
