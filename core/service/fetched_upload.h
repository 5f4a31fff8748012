// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>

#include "core/base/result.h"
#include "core/service/multipart_upload.h"
#include "core/service/object_store.h"

namespace rec {

// All of them. Errors: those of reading; corrupt when they are not those that were recorded.
Result<std::string> read_whole(const FetchedBytes &fetched);

// Parts that are longer are not held in memory: an object of more than 392 GiB has such.
inline constexpr std::uint64_t kLongestFetchedPart = std::uint64_t{128} << 20;

// What is in another store goes up in parts, each of which is read, sent and let go of before the next one.
// An upload that broke off goes on: what the store has of it is read again, for the digest of the whole, and
// sent again only where it is another. Completes nothing but what has that digest. `job`: as for
// upload_in_parts(), without path. Errors: as upload_in_parts(); those of reading; corrupt, and the parts are
// gone, when the bytes are not those that were recorded.
Status upload_fetched(BucketClient &bucket, const FetchedBytes &fetched, MultipartJob job,
                      GCancellable *cancel);

}  // namespace rec
