// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <string>

#include "core/base/result.h"
#include "core/model/multipart_plan.h"
#include "core/service/bucket_client.h"

namespace rec {

// A file that goes up in parts, so that whoever comes after a crash, or after the network was away, sends at
// most one part again (spec 7.6).
struct MultipartJob {
  std::string key;
  std::string path;  // of a file that does not change any more
  std::uint64_t bytes = 0;
  std::string content_type;
  std::string storage_class;  // neutral; "" = the store's own
  std::string upload_id;      // of an earlier attempt; "" = none is known
  // Called before the first part is sent, with what `upload_id` is to be the next time; "" = forget it.
  std::function<Status(const std::string &upload_id)> remember;
};

// Goes on with what the store has of it, completes it, and compares its length with the file's. Parts that
// the store has are compared by their digest where it tells one. What earlier attempts at the same key began
// and nobody knows any more is aborted. Errors: as BucketClient::send(); corrupt when the object is not the
// file.
Status upload_in_parts(BucketClient &bucket, MultipartJob job, GCancellable *cancel);

// What a store says about parts (ListParts) or uploads (ListMultipartUploads): hostile XML gives an error.
struct PartAnswer {
  unsigned number = 0;
  std::uint64_t bytes = 0;
  std::string etag;  // without quotes
};
struct PartList {
  std::vector<PartAnswer> parts;
  unsigned next = 0;  // the marker that the rest begins behind; 0: this is all
};
Result<PartList> parse_part_list(const std::string &xml);
struct UploadAnswer {
  std::string key, upload_id;
};
Result<std::vector<UploadAnswer>> parse_upload_list(const std::string &xml);
Result<std::string> parse_upload_id(const std::string &xml);  // of InitiateMultipartUpload

}  // namespace rec
