// SPDX-License-Identifier: LGPL-2.1-or-later
#include <charconv>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "core/base/glib_ptr.h"
#include "core/io/files.h"
#include "core/model/object_key.h"
#include "core/service/bucket_client.h"
#include "core/service/fetched_upload.h"
#include "core/service/grown_object.h"
#include "core/service/multipart_upload.h"
#include "core/service/object_store.h"

namespace rec {
namespace {

// S3 says 204 of one that is not there, others 404, which may also be said of the bucket.
bool is_missing_object(const Error &error) {
  return error.code == Errc::not_found && error.message.find("NoSuchBucket") == std::string::npos;
}

// Of the whole object: "bytes 0-9/10" and, where all of it came, its own.
std::optional<std::uint64_t> length_told(const HttpResponse &answer) {
  const bool is_part = answer.status == 206;
  const auto header = answer.headers.find(is_part ? "content-range" : "content-length");
  if (header == answer.headers.end()) return std::nullopt;
  const std::size_t slash = is_part ? header->second.find('/') : std::string::npos;
  if (is_part && slash == std::string::npos) return std::nullopt;
  const std::string digits = is_part ? header->second.substr(slash + 1) : header->second;
  std::uint64_t length = 0;
  const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (status != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return length;
}

class BucketStore final : public ObjectStore {
 public:
  explicit BucketStore(BucketClient bucket) : bucket_(std::move(bucket)) {}

  Result<std::string> put(const NewObject &object, GCancellable *cancel) override {
    REC_TRY(const std::string key, key_of(object, bucket_.prefix()));
    if (object.content) {
      REC_CHECK(put_content(object, key, cancel));
      return bucket_.url_of(key);
    }
    if (object.fetched) {
      REC_CHECK(put_fetched(object, key, cancel));
      return bucket_.url_of(key);
    }
    REC_TRY(const FileFacts facts, file_facts(object.path));
    if (object.grown && object.upload_id.empty()) {
      const MultipartJob job = job_of(object, key, facts.size_bytes);
      REC_TRY(const bool completed, complete_grown(bucket_, *object.grown, job, cancel));
      if (completed) return bucket_.url_of(key);
    }
    REC_CHECK(facts.size_bytes > kLongestSinglePut
                  ? upload_in_parts(bucket_, job_of(object, key, facts.size_bytes), cancel)
                  : put_whole(object, key, facts.size_bytes, cancel));
    return bucket_.url_of(key);
  }

  Status remove(const std::string &url, GCancellable *cancel) override {
    REC_TRY(const std::string key, key_of_url(url));
    const auto answer = bucket_.send({.method = "DELETE", .key = key}, cancel);
    if (answer || is_missing_object(answer.error())) return ok();
    return answer.error();
  }

  Status abort(const std::string &name, const std::string &upload_id, GCancellable *cancel) override {
    REC_TRY(const std::string key, key_of_name(bucket_.prefix(), name));
    return MultipartRequests(bucket_, key, cancel).abort(upload_id);
  }

  Result<std::string> read(const std::string &url, std::uint64_t offset, std::uint64_t bytes,
                           GCancellable *cancel) override {
    BucketCall get;
    get.method = "GET";
    REC_TRY(get.key, key_of_url(url));
    get.range_offset = offset;
    get.range_bytes = bytes;
    REC_TRY(HttpResponse answer, bucket_.send(get, cancel));
    if (answer.status == 200 && offset == 0 && answer.body.size() >= bytes) answer.body.resize(bytes);
    const bool is_that_piece = answer.status == 206 || offset == 0;
    if (is_that_piece && answer.body.size() == bytes) return std::move(answer.body);
    return Error{Errc::corrupt, "the store does not give the " + std::to_string(bytes) + " bytes at " +
                                    std::to_string(offset) + " of " + redacted_url(url)};
  }

  Result<std::string> read_all(const std::string &url, std::uint64_t most_bytes,
                               GCancellable *cancel) override {
    BucketCall get;
    get.method = "GET";
    REC_TRY(get.key, key_of_url(url));
    get.range_bytes = kLargestAnswer;
    std::string all;
    for (;;) {
      get.range_offset = all.size();
      REC_TRY(const HttpResponse answer, bucket_.send(get, cancel));
      const std::uint64_t whole = length_told(answer).value_or(all.size() + answer.body.size());
      all += answer.body;
      if (whole > most_bytes || all.size() > whole || (all.size() < whole && answer.status != 206))
        return Error{Errc::corrupt, redacted_url(url) + " is longer than it should be"};
      if (all.size() == whole) return all;
      if (answer.body.empty()) return Error{Errc::corrupt, redacted_url(url) + " ends too early"};
    }
  }

  Result<std::string> url_of(const std::string &name) const override {
    if (name.empty()) return bucket_.url_of("");
    REC_TRY(const std::string key, key_of_name(bucket_.prefix(), name));
    return bucket_.url_of(key);
  }

  Result<std::uint64_t> length(const std::string &url, GCancellable *cancel) override {
    REC_TRY(const std::string key, key_of_url(url));
    REC_TRY(const auto object, MultipartRequests(bucket_, key, cancel).object());
    if (!object) return Error{Errc::not_found, "the store has no " + redacted_url(url)};
    std::uint64_t bytes = 0;
    const char *const end = object->length.data() + object->length.size();
    const auto [last, code] = std::from_chars(object->length.data(), end, bytes);
    if (object->length.empty() || code != std::errc() || last != end)
      return Error{Errc::unavailable, "the store does not tell how long " + redacted_url(url) + " is"};
    return bytes;
  }

  Result<std::string> presigned(const std::string &url, const PresignedGet &get,
                                GCancellable *cancel) override {
    BucketCall call;
    call.method = "GET";
    REC_TRY(call.key, key_of_url(url));
    if (!get.content_type.empty()) call.query.emplace_back("response-content-type", get.content_type);
    if (!get.disposition.empty()) call.query.emplace_back("response-content-disposition", get.disposition);
    return bucket_.presigned(call, get.valid, cancel);
  }

  bool help() override { return bucket_.traffic().crew().help(bucket_); }

 private:
  Result<std::string> key_of_url(const std::string &url) const {
    const std::string base = bucket_.url_of("");
    const std::string name = url.starts_with(base) ? url.substr(base.size()) : "";
    const CString key(g_uri_unescape_string(name.c_str(), nullptr));
    const std::string folder = bucket_.prefix().empty() ? "" : bucket_.prefix() + "/";
    if (!key || !std::string_view(key.get()).starts_with(folder) || key.get() == folder)
      return Error{Errc::invalid_argument, "it is not in this store: " + redacted_url(url)};
    return std::string(key.get());
  }

  BucketCall whole(const NewObject &object, const std::string &key) const {
    BucketCall put;
    put.method = "PUT";
    put.key = key;
    put.storage_class = object.storage_class;
    put.content_type = bucket_.content_type_of(object.path);
    put.about = object.about;
    return put;
  }

  Status put_whole(const NewObject &object, const std::string &key, std::uint64_t bytes,
                   GCancellable *cancel) {
    BucketCall put = whole(object, key);
    put.body_path = object.path;
    put.body_bytes = bytes;
    REC_CHECK(bucket_.send(put, cancel));
    return ok();
  }

  Status put_fetched(const NewObject &object, const std::string &key, GCancellable *cancel) {
    const FetchedBytes &fetched = *object.fetched;
    if (object.grown && object.upload_id.empty())
      REC_CHECK(abort_grown(bucket_, object.grown->key, object.grown->upload_id, cancel));
    if (fetched.bytes > kLongestSinglePut)
      return upload_fetched(bucket_, fetched, job_of(object, key, fetched.bytes), cancel);
    NewObject whole = object;
    REC_TRY(whole.content, read_whole(fetched));
    return put_content(whole, key, cancel);
  }

  Status put_content(const NewObject &object, const std::string &key, GCancellable *cancel) {
    BucketCall put = whole(object, key);
    put.body = *object.content;
    REC_CHECK(bucket_.send(put, cancel));
    return ok();
  }

  MultipartJob job_of(const NewObject &object, const std::string &key, std::uint64_t bytes) const {
    MultipartJob job;
    job.key = key;
    job.path = object.path;
    job.bytes = bytes;
    job.content_type = bucket_.content_type_of(object.path);
    job.about = object.about;
    job.storage_class = object.storage_class;
    job.upload_id = object.upload_id;
    job.on_progress = object.on_progress;
    job.remember = [remember = object.remember](const std::string &id) {
      return remember ? remember(id) : ok();
    };
    return job;
  }

  BucketClient bucket_;
};

}  // namespace

Result<std::string> key_of(const NewObject &object, const std::string &prefix) {
  return object.name.empty() ? object_key(prefix, object.directory, object.path)
                             : key_of_name(prefix, object.name);
}

Result<std::unique_ptr<ObjectStore>> make_bucket_store(const StoreSettings &settings,
                                                       StoreCredentials of_environment, HttpClient &http,
                                                       const Clock &clock,
                                                       std::shared_ptr<StoreTraffic> traffic) {
  REC_TRY(BucketClient bucket,
          BucketClient::create(settings, std::move(of_environment), http, clock, std::move(traffic)));
  return std::unique_ptr<ObjectStore>(std::make_unique<BucketStore>(std::move(bucket)));
}

Result<std::unique_ptr<ObjectStore>> make_object_store(const StoreSettings &settings,
                                                       StoreCredentials of_environment, HttpClient &http,
                                                       const Clock &clock,
                                                       std::shared_ptr<StoreTraffic> traffic) {
  if (settings.uri.starts_with("file:")) return make_file_store(settings);
  return make_bucket_store(settings, std::move(of_environment), http, clock, std::move(traffic));
}

}  // namespace rec
