// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/model/multipart_plan.h"
#include "core/service/bucket_client.h"
#include "core/service/multipart_answers.h"

namespace rec {

using PartNames = std::map<unsigned, std::string>;  // number -> ETag

// What is said to a bucket about one upload in parts. One request each, unless it says so. Errors as
// BucketClient::send(); not_found: the store does not know the upload.
class MultipartRequests {
 public:
  // Both outlive it.
  MultipartRequests(BucketClient &bucket, std::string key, GCancellable *cancel)
      : bucket_(&bucket), key_(std::move(key)), cancel_(cancel) {}

  // The upload's name. Of `object` counts what is new with it: storage class, content type, labels.
  Result<std::string> begin(const BucketCall &object);
  Result<std::string> send(const std::string &upload_id, const std::string &path, const PartRange &part);
  // The same of bytes in memory.
  Result<std::string> send_bytes(const std::string &upload_id, unsigned number, const std::string &bytes);
  // A part from an object of the same bucket: the store copies it.
  Result<std::string> copy(const std::string &upload_id, const std::string &from, const PartRange &part);
  // What the store has; a request per thousand parts.
  Result<std::vector<PartAnswer>> list(const std::string &upload_id);
  Status complete(const std::string &upload_id, const PartNames &parts);
  Status abort(const std::string &upload_id);  // ok() also when there is no such upload
  // All uploads to this key, whoever began them: a request for each and one more. Some stores cannot list
  // them: those that nobody completes are then the lifecycle's.
  Status abort_all();

  Status remove();  // the object; ok() also when there is none

  // Of the object; nothing = there is none.
  struct Facts {
    std::string length;
    std::string etag;  // with its quotes
  };
  Result<std::optional<Facts>> object();

 private:
  BucketCall call(const char *method, HeaderList query) const;
  Result<HttpResponse> send(const BucketCall &call) { return bucket_->send(call, cancel_); }
  Result<std::string> send_part(const BucketCall &put, unsigned number);

  BucketClient *bucket_;
  std::string key_;
  GCancellable *cancel_;
};

}  // namespace rec
