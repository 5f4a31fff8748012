// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <vector>

#include "core/io/sqlite.h"
#include "core/service/fsck.h"

// For fsck's own sources.
namespace rec {

// Longer ones are not read.
inline constexpr std::uint64_t kLongestManifest = 64 << 20;  // bytes

// By its extension.
bool is_media(const std::string &path);
bool is_manifest(const std::string &path);

// Whether the catalogue has the recording of this manifest: nothing to report, or what is wrong with it.
Result<std::vector<Finding>> look_at_manifest(SqlDatabase &db, const std::string &path,
                                              const Result<std::string> &text);

// A manifest's text. Errors: as read_object(); corrupt when it is too long for one.
Result<std::string> read_manifest_object(BucketClient &bucket, const ObjectAnswer &object);

// What the catalogue has in a store, and what a bucket lists, compared.
Result<std::vector<Finding>> check_bucket(SqlDatabase &db, const std::string &store, BucketClient &bucket);

}  // namespace rec
