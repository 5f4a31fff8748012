// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/part_store.h"

#include <utility>

#include "core/model/object_key.h"
#include "core/service/bucket_client.h"
#include "core/service/grown_copy.h"
#include "core/service/grown_object.h"
#include "core/service/multipart_requests.h"

namespace rec {
namespace {

class BucketParts final : public PartStore {
 public:
  explicit BucketParts(BucketClient bucket) : bucket_(std::move(bucket)) {}

  Result<std::string> key_of(const GrowingFile &file, const std::string &name) const override {
    if (name.empty()) return growing_key_of(file, bucket_.prefix());
    return key_of_name(bucket_.prefix(), name);
  }

  // An object that is copied later is to be at hand until then.
  Result<std::string> begin(const GrowingFile &file, const std::string &key, const std::string &storage_class,
                            GCancellable *cancel) override {
    MultipartRequests store(bucket_, key, cancel);
    REC_CHECK(store.abort_all());
    BucketCall object;
    object.content_type = bucket_.content_type_of(key);
    if (!is_growing_key(key)) object.storage_class = storage_class;
    object.about = file.about;
    return store.begin(object);
  }

  Result<std::string> send(const std::string &key, const std::string &upload_id, const std::string &path,
                           const PartRange &part, GCancellable *cancel) override {
    return MultipartRequests(bucket_, key, cancel).send(upload_id, path, part);
  }

  Status abort(const std::string &key, const std::string &upload_id, GCancellable *cancel) override {
    return abort_grown(bucket_, key, upload_id, cancel);
  }

 private:
  BucketClient bucket_;
};

}  // namespace

std::string growing_key_of(const GrowingFile &file, const std::string &prefix) {
  return growing_key(prefix, file.session_id + "-" + std::to_string(file.file_id), extension_of(file.format));
}

Result<std::unique_ptr<PartStore>> make_part_store(const StoreSettings &settings,
                                                   StoreCredentials of_environment, HttpClient &http,
                                                   const Clock &clock,
                                                   std::shared_ptr<StoreTraffic> traffic) {
  if (settings.uri.starts_with("file:")) {
    REC_TRY(std::string directory, directory_of_store(settings));
    return make_copy_parts(std::move(directory));
  }
  REC_TRY(BucketClient bucket,
          BucketClient::create(settings, std::move(of_environment), http, clock, std::move(traffic)));
  return std::unique_ptr<PartStore>(std::make_unique<BucketParts>(std::move(bucket)));
}

}  // namespace rec
