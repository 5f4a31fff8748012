// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <string>

#include "core/base/result.h"
#include "core/service/bucket_client.h"
#include "core/service/multipart_requests.h"

namespace rec {

// A file that goes up in parts, so that whoever comes after a crash, or after the network was away, sends at
// most one part again (spec 7.6).
struct MultipartJob {
  std::string key;
  std::string path;  // of a file that does not change any more
  std::uint64_t bytes = 0;
  std::string content_type;
  std::string storage_class;  // neutral; "" = the store's own
  LabelFacts about = {};      // for its labels
  std::string upload_id;      // of an earlier attempt; "" = none is known
  // Parts of that upload that are the file's, as it was seen that they are: their digests are not computed
  // again.
  PartNames known = {};
  bool only_go_on =
      false;  // with `upload_id`: not_found when the store has forgotten it and has no such object
  // Called before the first part is sent, with what `upload_id` is to be the next time; "" = forget it.
  std::function<Status(const std::string &upload_id)> remember;
  // Called when the store has got a part that it did not have, whatever becomes of the rest: how many bytes
  // of the file it has. On any thread that sends, several at a time.
  std::function<void(std::uint64_t sent_bytes)> on_progress = {};
};

// What is new with the object of a job, for MultipartRequests::begin().
BucketCall new_object(const MultipartJob &job);

// Goes on with what the store has of it, sends the rest with the help of the store's other lanes (PartCrew),
// completes it, and compares its length with the file's. Parts that
// the store has are compared by their digest where it tells one. What earlier attempts at the same key began
// and nobody knows any more is aborted. Errors: as BucketClient::send(); corrupt when the object is not the
// file.
Status upload_in_parts(BucketClient &bucket, MultipartJob job, GCancellable *cancel);

}  // namespace rec
