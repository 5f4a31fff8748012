// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/fetched_upload.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "core/base/digest.h"

namespace rec {
namespace {

Error not_as_recorded() {
  return {Errc::corrupt, "what the other store has are not the bytes that were recorded"};
}

using PartEtags = std::map<unsigned, std::string>;

// Names of the parts that the store has of an upload, as far as they may be the right ones. `upload_id` is
// cleared where the store has forgotten it.
Result<PartEtags> parts_there(MultipartRequests &store, const std::vector<PartRange> &parts,
                              std::string &upload_id) {
  PartEtags there;
  if (upload_id.empty()) return there;
  const auto list = store.list(upload_id);
  if (!list && list.error().code != Errc::not_found) return list.error();
  if (!list) {
    upload_id.clear();
    return there;
  }
  for (const PartAnswer &part : *list)
    if (part.number <= parts.size() && part.bytes == parts[part.number - 1].bytes)
      there[part.number] = part.etag;
  return there;
}

Status compare_length(MultipartRequests &store, const MultipartJob &job) {
  REC_TRY(const auto object, store.object());
  if (object && object->length == std::to_string(job.bytes)) return ok();
  return Error{Errc::corrupt, "the store's object is not as long as what went into it"};
}

Status begin_if_new(MultipartRequests &store, MultipartJob &job) {
  if (!job.upload_id.empty()) return ok();
  REC_CHECK(store.abort_all());  // begun by who died before it could be remembered
  REC_TRY(job.upload_id, store.begin(new_object(job)));
  return job.remember(job.upload_id);
}

bool is_named(const std::string &bytes, const std::string &etag) {
  return g_ascii_strcasecmp(hex_digest(Hash::md5, bytes).c_str(), etag.c_str()) == 0;
}

Error refuse(MultipartRequests &store, const MultipartJob &job) {
  if (const Status aborted = store.abort(job.upload_id); !aborted) return aborted.error();
  if (const Status forgotten = job.remember(""); !forgotten) return forgotten.error();
  return not_as_recorded();
}

}  // namespace

Result<std::string> read_whole(const FetchedBytes &fetched) {
  REC_TRY(std::string bytes, fetched.read(0, fetched.bytes));
  if (!fetched.sha256.empty() && hex_digest(Hash::sha256, bytes) != fetched.sha256) return not_as_recorded();
  return bytes;
}

Status upload_fetched(BucketClient &bucket, const FetchedBytes &fetched, MultipartJob job,
                      GCancellable *cancel) {
  const std::vector<PartRange> parts = parts_of(job.bytes);
  const bool is_too_long = std::any_of(
      parts.begin(), parts.end(), [](const PartRange &part) { return part.bytes > kLongestFetchedPart; });
  if (parts.empty() || is_too_long)
    return Error{Errc::invalid_argument, "an object of " + std::to_string(job.bytes) +
                                             " bytes is too long to be brought from the other store"};
  MultipartRequests store(bucket, job.key, cancel);
  REC_TRY(const PartEtags there, parts_there(store, parts, job.upload_id));
  REC_CHECK(begin_if_new(store, job));
  Hasher sum(Hash::sha256);
  PartNames sent;
  for (const PartRange &part : parts) {
    REC_TRY(const std::string bytes, fetched.read(part.offset, part.bytes));
    sum.add(bytes);
    const auto old = there.find(part.number);
    if (old != there.end() && is_named(bytes, old->second)) {
      sent[part.number] = old->second;
      continue;
    }
    REC_TRY(sent[part.number], store.send_bytes(job.upload_id, part.number, bytes));
    if (job.on_progress) job.on_progress(part.offset + part.bytes);
  }
  if (!fetched.sha256.empty() && to_hex(sum.raw()) != fetched.sha256) return refuse(store, job);
  REC_CHECK(store.complete(job.upload_id, sent));
  return compare_length(store, job);
}

}  // namespace rec
