// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/io/http.h"
#include "core/model/destinations.h"
#include "core/model/object_label.h"
#include "core/service/store_credentials.h"
#include "core/service/store_signature.h"
#include "core/service/store_traffic.h"

namespace rec {

struct BucketService;  // what one cloud wants said otherwise than the others do

// One request about an object of a bucket.
struct BucketCall {
  std::string method;
  std::string key;
  HeaderList query = {};           // not encoded
  std::string storage_class = {};  // neutral, of a new object; "" = the store's own
  LabelFacts about = {};           // what a new object is of, for metadata and tags
  std::string content_type = {};   // of the body; "" = no body
  std::string body = {};
  std::string body_path = {};  // when set, the body is this stretch of this file
  std::uint64_t body_offset = 0;
  std::uint64_t body_bytes = 0;
  std::uint64_t range_offset = 0;  // of a GET: with range_bytes > 0 that stretch of the object
  std::uint64_t range_bytes = 0;
  // When set, there is no body: the bucket takes its own object with this key. `copy_bytes` > 0: that
  // stretch.
  std::string copy_from = {};
  std::uint64_t copy_offset = 0;
  std::uint64_t copy_bytes = 0;
};

// Talks to one bucket of S3, COS or OSS: addresses, signs, sends, and makes errors of answers. For one
// thread.
class BucketClient {
 public:
  // Fails where the settings cannot work. `of_environment`: the credentials, when that is their place. `http`
  // and `clock` must outlive it. `traffic`: shared by all clients of the store; null = one of its own.
  static Result<BucketClient> create(const StoreSettings &settings, StoreCredentials of_environment,
                                     HttpClient &http, const Clock &clock,
                                     std::shared_ptr<StoreTraffic> traffic = nullptr);

  // The answer, of status 2xx and without an error in it (a completed upload may say 200 and fail). Errors:
  // unavailable (try again), denied, not_found, invalid_argument, cancelled; they quote the store's own code
  // and words, cut short, and hold no secret. Bodies are sent with a digest that the store compares. Waits
  // while the store wants to be left alone.
  Result<HttpResponse> send(const BucketCall &call, GCancellable *cancel);

  // The address of the request for whoever has it: a secret for so long. Asks nobody but, where they come
  // from there, an endpoint for credentials.
  Result<std::string> presigned(const BucketCall &call, Seconds valid, GCancellable *cancel);

  StoreTraffic &traffic() { return *traffic_; }

  // Longest object that one request copies (spec 7.6); of longer ones a stretch.
  std::uint64_t longest_copy() const;

  const std::string &prefix() const { return prefix_; }  // of keys, without a trailing '/'
  std::string url_of(const std::string &key) const;
  std::string content_type_of(const std::string &path) const;  // of an object with that name
  bool lists_by_version_2() const;  // ListObjectsV2, which S3 wants; the others have what came before

 private:
  BucketClient(const BucketService &service, const StoreSettings &settings, StoreCredentials of_environment,
               UrlParts endpoint, HttpClient &http, const Clock &clock,
               std::shared_ptr<StoreTraffic> traffic);
  void add_labels(StoreRequest &request, const LabelFacts &about) const;
  StoreRequest request_for(const BucketCall &call) const;
  Status add_digest(StoreRequest &request, const BucketCall &call, GCancellable *cancel) const;
  Result<StoreCredentials> credentials(GCancellable *cancel);
  HeaderList sign(const StoreRequest &request, const StoreCredentials &credentials) const;

  const BucketService *service_;
  StoreSettings settings_;
  UrlParts endpoint_;  // path without a trailing '/'
  CredentialSource credentials_;
  std::string bucket_, prefix_;
  HttpClient *http_;
  const Clock *clock_;
  std::shared_ptr<StoreTraffic> traffic_;  // shared by the lanes of the store
};

}  // namespace rec
