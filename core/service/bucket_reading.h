// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/io/http.h"
#include "core/service/bucket_client.h"
#include "core/service/delivery.h"
#include "core/service/multipart_answers.h"

namespace rec {

// A bucket that is looked into, on a connection of its own. For one thread.
struct OpenBucket {
  std::unique_ptr<HttpClient> http;
  BucketClient client;
};
// By the names of their stores.
using OpenBuckets = std::map<std::string, OpenBucket>;

// All stores of `destinations` but directories. `clock` must outlive them.
Result<OpenBuckets> open_buckets(const Destinations &destinations, const Clock &clock,
                                 const MakeHttp &make_http);

// Calls `see` with every object below the bucket's prefix, in the order of their keys' bytes; what `see`
// fails with ends it. A request for some hundred objects each.
Status list_objects(BucketClient &bucket, const std::function<Status(const ObjectAnswer &object)> &see,
                    GCancellable *cancel);

// Reads an object of so many bytes, piece by piece. Errors: as BucketClient::send(); corrupt when it has not
// so many.
Status read_object(BucketClient &bucket, const ObjectAnswer &object,
                   const std::function<Status(const std::string &piece)> &take, GCancellable *cancel);

}  // namespace rec
