// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/model/destinations.h"
#include "core/service/part_store.h"

namespace rec {

// The directory of a store with the uri "file:///...".
Result<std::string> directory_of_store(const StoreSettings &settings);

// Takes parts to their places in a hidden file, "<store>/.growing/<recording>-<file>.flv.<upload>", under a
// name that no other upload has, so that parts of one are never taken for those of another (an NFS mount that
// comes back has what was there before). What was sent is synced.
std::unique_ptr<PartStore> make_copy_parts(std::string directory);

// Makes the complete file at `path` of what was copied of it while it grew, and renames that to `target`:
// only what is not there yet, or other bytes there, is copied. False: there is nothing that can be gone on
// with, and the file is to be copied as any other; what there may be of it is the Grower's. Errors: try
// again.
Result<bool> complete_grown_copy(const std::string &directory, const GrownUpload &grown,
                                 const std::string &path, const std::string &target);

}  // namespace rec
