// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/grown_object.h"

#include <algorithm>

#include "core/model/object_key.h"

namespace rec {
namespace {

Status copy_in_parts(BucketClient &bucket, const std::string &from, const MultipartJob &job,
                     GCancellable *cancel) {
  const std::uint64_t stretch = std::min(std::uint64_t{1} << 30, bucket.longest_copy());
  MultipartRequests store(bucket, job.key, cancel);
  REC_CHECK(store.abort_all());  // of a copy that was broken off
  REC_TRY(const std::string upload_id, store.begin(new_object(job)));
  PartNames parts;
  for (PartRange part{1, 0, 0}; part.offset < job.bytes; ++part.number, part.offset += part.bytes) {
    part.bytes = std::min(stretch, job.bytes - part.offset);
    REC_TRY(parts[part.number], store.copy(upload_id, from, part));
  }
  return store.complete(upload_id, parts);
}

Status copy_object(BucketClient &bucket, const std::string &from, const MultipartJob &job,
                   GCancellable *cancel) {
  if (job.bytes > bucket.longest_copy()) return copy_in_parts(bucket, from, job, cancel);
  BucketCall copy;
  copy.method = "PUT";
  copy.key = job.key;
  copy.copy_from = from;
  copy.storage_class = job.storage_class;
  REC_CHECK(bucket.send(copy, cancel));
  return ok();
}

// Once more, for a copy tells nothing.
Status compare_length(BucketClient &bucket, const MultipartJob &job, GCancellable *cancel) {
  REC_TRY(const auto object, MultipartRequests(bucket, job.key, cancel).object());
  if (object && object->length == std::to_string(job.bytes)) return ok();
  return Error{Errc::corrupt, "the store's copy is not as long as '" + job.path + "'"};
}

}  // namespace

Result<bool> complete_grown(BucketClient &bucket, const GrownUpload &grown, const MultipartJob &job,
                            GCancellable *cancel) {
  const bool is_copied = is_growing_key(grown.key);
  const bool is_usable = job.bytes > kLongestSinglePut && !grown.upload_id.empty() &&
                         (is_copied || grown.key == job.key);  // another file may have had the name first
  Status completed = Error{Errc::not_found, "no upload"};
  if (is_usable) {
    MultipartJob growing = job;
    growing.key = grown.key;
    growing.upload_id = grown.upload_id;
    growing.known = grown.parts;
    growing.only_go_on = true;
    completed = upload_in_parts(bucket, std::move(growing), cancel);
  }
  if (!completed && completed.error().code != Errc::not_found) return completed.error();
  if (completed && is_copied) {
    REC_CHECK(copy_object(bucket, grown.key, job, cancel));
    REC_CHECK(compare_length(bucket, job, cancel));
    // It is where it belongs; what is left is also looked after by who sends files that grow.
    (void)MultipartRequests(bucket, grown.key, cancel).remove();
  }
  if (!completed) REC_CHECK(abort_grown(bucket, grown.key, grown.upload_id, cancel));
  return static_cast<bool>(completed);
}

Status abort_grown(BucketClient &bucket, const std::string &key, const std::string &upload_id,
                   GCancellable *cancel) {
  if (key.empty()) return ok();
  MultipartRequests store(bucket, key, cancel);
  REC_CHECK(upload_id.empty() ? store.abort_all() : store.abort(upload_id));
  return is_growing_key(key) ? store.remove() : ok();
}

}  // namespace rec
