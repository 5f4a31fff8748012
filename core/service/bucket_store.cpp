// SPDX-License-Identifier: LGPL-2.1-or-later
#include <utility>

#include "core/io/files.h"
#include "core/model/object_key.h"
#include "core/service/bucket_client.h"
#include "core/service/grown_object.h"
#include "core/service/multipart_upload.h"
#include "core/service/object_store.h"

namespace rec {
namespace {

class BucketStore final : public ObjectStore {
 public:
  explicit BucketStore(BucketClient bucket) : bucket_(std::move(bucket)) {}

  Result<std::string> put(const NewObject &object, GCancellable *cancel) override {
    REC_TRY(const std::string key, object_key(bucket_.prefix(), object.directory, object.path));
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

  bool help() override { return bucket_.traffic().crew().help(bucket_); }

 private:
  Status put_whole(const NewObject &object, const std::string &key, std::uint64_t bytes,
                   GCancellable *cancel) {
    BucketCall put;
    put.method = "PUT";
    put.key = key;
    put.storage_class = object.storage_class;
    put.content_type = content_type_of(object.path);
    put.body_path = object.path;
    put.body_bytes = bytes;
    REC_CHECK(bucket_.send(put, cancel));
    return ok();
  }

  static MultipartJob job_of(const NewObject &object, const std::string &key, std::uint64_t bytes) {
    MultipartJob job;
    job.key = key;
    job.path = object.path;
    job.bytes = bytes;
    job.content_type = content_type_of(object.path);
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
