// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/bucket_reading.h"

#include <algorithm>
#include <utility>

namespace rec {
namespace {

// Of the longest keys, each byte as %XX, so many fit into an answer.
constexpr const char *kObjectsAtOnce = "250";
constexpr Seconds kSilence{60};  // of the network

Result<ObjectList> list_behind(BucketClient &bucket, const std::string &last, GCancellable *cancel) {
  BucketCall list;
  list.method = "GET";
  const bool is_v2 = bucket.lists_by_version_2();
  if (is_v2) list.query.emplace_back("list-type", "2");
  list.query.emplace_back("encoding-type", "url");
  list.query.emplace_back("max-keys", kObjectsAtOnce);
  if (!bucket.prefix().empty()) list.query.emplace_back("prefix", bucket.prefix() + "/");
  if (!last.empty()) list.query.emplace_back(is_v2 ? "start-after" : "marker", last);
  REC_TRY(const HttpResponse answer, bucket.send(list, cancel));
  return parse_object_list(answer.body);
}

}  // namespace

Result<OpenBuckets> open_buckets(const Destinations &destinations, const Clock &clock,
                                 const MakeHttp &make_http) {
  OpenBuckets buckets;
  for (const auto &[name, settings] : destinations.stores) {
    if (settings.uri.starts_with("file:")) continue;
    auto http = make_http(http_settings_of(settings, destinations.proxies, kSilence));
    const auto found = destinations.credentials.find(name);
    auto of_environment = found == destinations.credentials.end() ? StoreCredentials{} : found->second;
    REC_TRY(BucketClient client, BucketClient::create(settings, std::move(of_environment), *http, clock));
    buckets.emplace(name, OpenBucket{std::move(http), std::move(client)});
  }
  return buckets;
}

Status list_objects(BucketClient &bucket, const std::function<Status(const ObjectAnswer &object)> &see,
                    GCancellable *cancel) {
  std::string last;
  for (bool more = true; more;) {
    REC_TRY(const ObjectList page, list_behind(bucket, last, cancel));
    for (const ObjectAnswer &object : page.objects) {
      if (object.key <= last)
        return Error{Errc::unavailable, "the store lists its objects in no order that leads to an end"};
      last = object.key;
      REC_CHECK(see(object));
    }
    more = page.has_more && !page.objects.empty();
  }
  return ok();
}

Status read_object(BucketClient &bucket, const ObjectAnswer &object,
                   const std::function<Status(const std::string &piece)> &take, GCancellable *cancel) {
  for (std::uint64_t at = 0; at < object.bytes;) {
    BucketCall get;
    get.method = "GET";
    get.key = object.key;
    get.range_offset = at;
    get.range_bytes = std::min<std::uint64_t>(kLargestAnswer, object.bytes - at);
    REC_TRY(const HttpResponse answer, bucket.send(get, cancel));
    const bool is_that_piece = answer.status == 206 || at == 0;  // 200: it is all of it, from the beginning
    if (!is_that_piece || answer.body.size() != get.range_bytes)
      return Error{Errc::corrupt, "the store does not give the " + std::to_string(object.bytes) +
                                      " bytes of " + object.key + " that it told of"};
    REC_CHECK(take(answer.body));
    at += get.range_bytes;
  }
  return ok();
}

}  // namespace rec
