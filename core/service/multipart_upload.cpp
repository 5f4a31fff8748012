// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/multipart_upload.h"

#include <optional>
#include <utility>

#include "core/base/digest.h"
#include "core/io/files.h"

namespace rec {
namespace {

constexpr std::size_t kMd5Hex = 32;

// The 16 bytes that an ETag tells, if it is an MD5.
std::optional<std::string> md5_named(const std::string &etag) {
  std::string raw;
  for (std::size_t i = 0; i + 1 < etag.size(); i += 2) {
    const int high = g_ascii_xdigit_value(etag[i]);
    const int low = g_ascii_xdigit_value(etag[i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    raw += static_cast<char>(high * 16 + low);
  }
  return etag.size() == kMd5Hex ? std::optional(raw) : std::nullopt;
}

class Upload {
 public:
  Upload(BucketClient &bucket, MultipartJob job, GCancellable *cancel)
      : bucket_(bucket),
        job_(std::move(job)),
        store_(bucket, job_.key, cancel),
        cancel_(cancel),
        parts_(parts_of(job_.bytes)) {}

  Status run() {
    if (parts_.empty())
      return Error{Errc::invalid_argument, "'" + job_.path + "' is longer than an object can be"};
    if (!job_.upload_id.empty()) {
      Status resumed = go_on();
      // The store has forgotten it, or it was completed: the answer to that may have been lost.
      if (resumed || resumed.error().code != Errc::not_found) return resumed;
      REC_TRY(const bool is_there, is_complete());
      if (is_there) return ok();
      if (job_.only_go_on) return resumed;
      REC_CHECK(job_.remember(""));
    }
    REC_CHECK(store_.abort_all());  // begun by who died before it could be remembered
    REC_TRY(job_.upload_id, store_.begin(new_object(job_)));
    REC_CHECK(job_.remember(job_.upload_id));
    sent_.clear();
    sent_bytes_ = 0;
    return send_and_complete();
  }

 private:
  // Errors: not_found when the store does not know the upload.
  Status go_on() {
    REC_TRY(const auto there, store_.list(job_.upload_id));
    for (const PartAnswer &part : there) {
      if (part.number > parts_.size() || part.bytes != parts_[part.number - 1].bytes) continue;
      REC_TRY(const bool same, is_same(part));
      if (!same) continue;
      sent_[part.number] = part.etag;
      sent_bytes_ += part.bytes;
    }
    return send_and_complete();
  }

  // Where the store tells the MD5 of a part, as all do for what is not encrypted with a key of its own.
  Result<bool> is_same(const PartAnswer &part) const {
    if (const auto known = job_.known.find(part.number); known != job_.known.end())
      return g_ascii_strcasecmp(known->second.c_str(), part.etag.c_str()) == 0;
    if (part.etag.size() != kMd5Hex) return true;
    REC_TRY(const std::string md5, digest_of(parts_[part.number - 1]));
    return g_ascii_strcasecmp(to_hex(md5).c_str(), part.etag.c_str()) == 0;
  }

  Status send_and_complete() {
    std::vector<PartRange> missing;
    for (const PartRange &part : parts_)
      if (!sent_.contains(part.number)) missing.push_back(part);
    Mutex mutex;  // of sent_ and sent_bytes_ while several are at it
    const PartCrew::Send send = [&](BucketClient &bucket, const PartRange &part) -> Status {
      REC_TRY(std::string name,
              MultipartRequests(bucket, job_.key, cancel_).send(job_.upload_id, job_.path, part));
      std::uint64_t bytes = 0;
      {
        MutexLock lock(mutex);
        sent_[part.number] = std::move(name);
        bytes = sent_bytes_ += part.bytes;
      }
      if (job_.on_progress) job_.on_progress(bytes);
      return ok();
    };
    const Status all_sent = bucket_.traffic().crew().send_all(missing, bucket_, send);
    REC_CHECK(all_sent);
    REC_CHECK(store_.complete(job_.upload_id, sent_));
    return compare_length();
  }

  Status compare_length() {
    REC_TRY(const auto object, store_.object());
    if (object && object->length == std::to_string(job_.bytes)) return ok();
    return Error{Errc::corrupt, "the store's object is not as long as '" + job_.path + "'"};
  }

  // Whether the object is this file, put together from these parts: an older one may be as long. Where the
  // store names objects otherwise (S3: MD5 of the parts' MD5s and their number) the file goes up again.
  Result<bool> is_complete() {
    REC_TRY(const auto object, store_.object());
    if (!object || object->length != std::to_string(job_.bytes)) return false;
    std::string digests;
    for (const PartRange &part : parts_) {
      REC_TRY(const std::string md5, md5_of(part));
      digests += md5;
    }
    const std::string name = hex_digest(Hash::md5, digests) + "-" + std::to_string(parts_.size());
    return g_ascii_strcasecmp(object->etag.c_str(), ("\"" + name + "\"").c_str()) == 0;
  }

  Result<std::string> md5_of(const PartRange &part) const {
    const auto known = job_.known.find(part.number);
    const auto raw = known == job_.known.end() ? std::nullopt : md5_named(known->second);
    if (raw) return *raw;
    return digest_of(part);
  }

  Result<std::string> digest_of(const PartRange &part) const {
    return digest_of_file(Hash::md5, job_.path, part.offset, part.bytes,
                          [this] { return cancel_ && g_cancellable_is_cancelled(cancel_); });
  }

  BucketClient &bucket_;
  MultipartJob job_;
  MultipartRequests store_;
  GCancellable *cancel_;
  const std::vector<PartRange> parts_;
  PartNames sent_;
  std::uint64_t sent_bytes_ = 0;  // in these
};

}  // namespace

BucketCall new_object(const MultipartJob &job) {
  BucketCall object;
  object.content_type = job.content_type;
  object.storage_class = job.storage_class;
  object.about = job.about;
  return object;
}

Status upload_in_parts(BucketClient &bucket, MultipartJob job, GCancellable *cancel) {
  return Upload(bucket, std::move(job), cancel).run();
}

}  // namespace rec
