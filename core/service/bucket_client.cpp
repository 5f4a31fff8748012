// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/bucket_client.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/digest.h"
#include "core/io/files.h"
#include "core/model/object_key.h"

namespace rec {

struct BucketService {
  std::string_view scheme;                          // of a store's uri
  std::string_view header_prefix;                   // of its own headers
  bool bucket_in_host;                              // unless the store says otherwise
  std::string_view endpoint;                        // by default; "*" = the region; "" = must be said
  std::array<std::string_view, 5> storage_classes;  // in the order of kStorageClasses; "" = has none such
};

namespace {

constexpr std::size_t kLongestQuote = 200;  // of a store's own words

// The text of the first <Name>...</Name>; hostile XML yields at worst odd text, cut short, and a
// store that says again what it was asked for gives no secret away.
std::string element_text(const std::string &xml, const std::string &name) {
  const std::size_t start = xml.find("<" + name + ">");
  if (start == std::string::npos) return {};
  const std::size_t from = start + name.size() + 2;
  const std::size_t end = xml.find("</" + name + ">", from);
  if (end == std::string::npos) return {};
  std::string text = redacted_text(std::string_view(xml).substr(from, std::min(end - from, kLongestQuote)));
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return text;
}

// What is read of an object may say anything.
bool is_good(const HttpResponse &answer, const BucketCall &call) {
  return answer.status >= 200 && answer.status < 300 &&
         (call.range_bytes > 0 || element_text(answer.body, "Code").empty());
}

// AWS calls a token that has expired a bad request.
bool refuses_credentials(const HttpResponse &answer) {
  return answer.status == 401 || answer.status == 403 ||
         element_text(answer.body, "Code") == "ExpiredToken" ||
         element_text(answer.body, "Code") == "InvalidToken";
}

Error error_of(const HttpResponse &answer, const std::string &store) {
  Errc code = Errc::unavailable;  // 5xx, 408, 429, clock skew that may be mended: time helps
  if (answer.status == 401 || answer.status == 403) code = Errc::denied;
  if (answer.status == 404) code = Errc::not_found;
  if (answer.status == 400 || answer.status == 405 || answer.status == 411) code = Errc::invalid_argument;
  std::string message = "store " + store + " answered " + std::to_string(answer.status);
  if (const std::string text = element_text(answer.body, "Code"); !text.empty()) message += " " + text;
  if (const std::string text = element_text(answer.body, "Message"); !text.empty()) message += ": " + text;
  return {code, std::move(message)};
}

constexpr std::array<std::string_view, 5> kStorageClasses = {"standard", "infrequent-access", "intelligent",
                                                             "archive", "deep-archive"};
constexpr std::array<BucketService, 3> kServices = {{
    {"s3://",
     "x-amz-",
     false,
     "",
     {"STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "GLACIER", "DEEP_ARCHIVE"}},
    {"cos://",
     "x-cos-",
     true,
     "https://cos.*.myqcloud.com",
     {"STANDARD", "STANDARD_IA", "INTELLIGENT_TIERING", "ARCHIVE", "DEEP_ARCHIVE"}},
    {"oss://",
     "x-oss-",
     true,
     "https://oss-*.aliyuncs.com",
     {"Standard", "IA", "", "Archive", "DeepColdArchive"}},
}};

const BucketService *service_of(std::string_view uri) {
  const auto found = std::find_if(kServices.begin(), kServices.end(),
                                  [&](const BucketService &s) { return uri.starts_with(s.scheme); });
  return found == kServices.end() ? nullptr : &*found;
}

std::string_view storage_class_of(const BucketService &service, std::string_view neutral) {
  const auto found = std::find(kStorageClasses.begin(), kStorageClasses.end(), neutral);
  if (found == kStorageClasses.end()) return {};
  return service.storage_classes.at(static_cast<std::size_t>(found - kStorageClasses.begin()));
}

// A copy has what its source has.
bool makes_object(const BucketCall &call) {
  if (call.method == "PUT") return call.query.empty() && call.copy_from.empty();
  return call.method == "POST" && !call.query.empty() && call.query.front().first == "uploads";
}

std::string endpoint_of(const BucketService &service, const StoreSettings &settings) {
  if (!settings.endpoint.empty()) return settings.endpoint;
  std::string endpoint(service.endpoint);
  if (const auto star = endpoint.find('*'); star != endpoint.npos) endpoint.replace(star, 1, settings.region);
  return endpoint;
}

}  // namespace

Result<BucketClient> BucketClient::create(const StoreSettings &settings, StoreCredentials of_environment,
                                          HttpClient &http, const Clock &clock,
                                          std::shared_ptr<StoreTraffic> traffic) {
  const std::string store = "store " + settings.name;
  const BucketService *service = service_of(settings.uri);
  if (!service || settings.uri.size() == service->scheme.size() ||
      settings.uri[service->scheme.size()] == '/')
    return Error{Errc::invalid_argument, store + ": the uri is not s3://, cos:// or oss://bucket[/prefix]"};
  auto endpoint = split_http_url(endpoint_of(*service, settings));
  if (!endpoint) return Error{Errc::invalid_argument, store + ": endpoint: " + endpoint.error().message};
  while (endpoint->path.ends_with('/')) endpoint->path.pop_back();
  if (!traffic) traffic = std::make_shared<StoreTraffic>(settings, clock);
  return BucketClient(*service, settings, std::move(of_environment), *std::move(endpoint), http, clock,
                      std::move(traffic));
}

BucketClient::BucketClient(const BucketService &service, const StoreSettings &settings,
                           StoreCredentials of_environment, UrlParts endpoint, HttpClient &http,
                           const Clock &clock, std::shared_ptr<StoreTraffic> traffic)
    : service_(&service),
      settings_(settings),
      endpoint_(std::move(endpoint)),
      credentials_(settings.credentials, std::move(of_environment)),
      http_(&http),
      clock_(&clock),
      traffic_(std::move(traffic)) {
  if (settings_.region.empty()) settings_.region = "us-east-1";
  const std::string location = settings.uri.substr(service.scheme.size());
  bucket_ = location.substr(0, location.find('/'));
  prefix_ = key_prefix_of(settings.uri);
}

void BucketClient::add_labels(StoreRequest &request, const LabelFacts &about) const {
  const std::string prefix(service_->header_prefix);
  const std::string metadata = prefix + "meta-";
  for (const auto &[name, text] : settings_.metadata) {
    const std::string value = fill_label(text, about, LabelKind::metadata);
    if (!value.empty()) request.headers.emplace_back(metadata + name, value);
  }
  std::string tags;
  for (const auto &[name, text] : settings_.tags) {
    const std::string value = fill_label(text, about, LabelKind::tag);
    if (value.empty()) continue;
    tags += (tags.empty() ? "" : "&") + percent_encode(name, false) + "=" + percent_encode(value, false);
  }
  if (!tags.empty()) request.headers.emplace_back(prefix + "tagging", tags);
}

StoreRequest BucketClient::request_for(const BucketCall &call) const {
  StoreRequest request;
  request.method = call.method;
  request.query = call.query;
  request.bucket = bucket_;
  request.key = call.key;
  request.host = endpoint_.host;
  request.path = endpoint_.path + "/";
  if (settings_.bucket_in_host.value_or(service_->bucket_in_host))
    request.host.insert(0, bucket_ + ".");
  else
    request.path += percent_encode(bucket_, false) + "/";
  request.path += percent_encode(call.key, true);
  if (!call.content_type.empty()) request.headers.emplace_back("content-type", call.content_type);
  if (makes_object(call)) add_labels(request, call.about);
  if (const auto name = storage_class_of(*service_, call.storage_class); !name.empty())
    request.headers.emplace_back(std::string(service_->header_prefix) + "storage-class", name);
  if (call.range_bytes > 0)
    request.headers.emplace_back("range", "bytes=" + std::to_string(call.range_offset) + "-" +
                                              std::to_string(call.range_offset + call.range_bytes - 1));
  if (!call.copy_from.empty()) {
    const std::string name = std::string(service_->header_prefix) + "copy-source";
    const bool is_cos = service_->scheme == "cos://";
    request.headers.emplace_back(name, (is_cos ? request.host : "/" + percent_encode(bucket_, false)) + "/" +
                                           percent_encode(call.copy_from, true));
    if (call.copy_bytes > 0)
      request.headers.emplace_back(name + "-range",
                                   "bytes=" + std::to_string(call.copy_offset) + "-" +
                                       std::to_string(call.copy_offset + call.copy_bytes - 1));
  }
  return request;
}

std::uint64_t BucketClient::longest_copy() const {
  constexpr std::uint64_t kGiB = 1 << 30;
  if (settings_.longest_copy > 0) return settings_.longest_copy;
  return service_->scheme == "oss://" ? kGiB : 5 * kGiB;
}

bool BucketClient::lists_by_version_2() const { return service_->scheme == "s3://"; }

std::string BucketClient::content_type_of(const std::string &path) const {
  const auto own = settings_.content_types.find(path.substr(path.rfind('.') + 1));
  return own == settings_.content_types.end() ? std::string(rec::content_type_of(path)) : own->second;
}

std::string BucketClient::url_of(const std::string &key) const {
  BucketCall call;
  call.key = key;
  const StoreRequest request = request_for(call);
  return endpoint_.scheme + "://" + request.host + request.path;
}

// The service compares it with what arrives. S3 signs one without TLS; a file is read once either way.
Status BucketClient::add_digest(StoreRequest &request, const BucketCall &call, GCancellable *cancel) const {
  const bool is_s3 = service_->header_prefix == "x-amz-";
  const bool is_signed = is_s3 && endpoint_.scheme != "https";
  request.payload_hash = is_signed ? hex_digest(Hash::sha256, call.body) : kUnsignedPayload;
  if (call.content_type.empty()) return ok();
  const Hash hash = is_signed ? Hash::sha256 : Hash::md5;
  std::string digest = raw_digest(hash, call.body);
  if (!call.body_path.empty()) {
    const auto is_cancelled = [cancel] { return cancel && g_cancellable_is_cancelled(cancel); };
    REC_TRY(digest, digest_of_file(hash, call.body_path, call.body_offset, call.body_bytes, is_cancelled));
  }
  if (is_signed)
    request.payload_hash = to_hex(digest);
  else
    request.headers.emplace_back("content-md5", to_base64(digest));
  return ok();
}

HeaderList BucketClient::sign(const StoreRequest &request, const StoreCredentials &credentials) const {
  const UtcTime now = clock_->now_utc();
  if (service_->header_prefix == "x-cos-") return sign_cos(request, credentials, now);
  if (service_->header_prefix == "x-amz-") return sign_s3(request, credentials, settings_.region, now);
  return settings_.signature == "v1" ? sign_oss_v1(request, credentials, now)
                                     : sign_oss_v4(request, credentials, settings_.region, now);
}

Result<StoreCredentials> BucketClient::credentials(GCancellable *cancel) {
  auto found = credentials_.get(*http_, clock_->now_utc(), cancel);
  if (found) return found;
  return Error{found.error().code, "store " + settings_.name + ": " + found.error().message};
}

Result<std::string> BucketClient::presigned(const BucketCall &call, Seconds valid, GCancellable *cancel) {
  REC_TRY(const StoreCredentials signer, credentials(cancel));
  const StoreRequest request = request_for(call);
  const Validity validity{clock_->now_utc(), valid};
  std::string query;
  if (service_->scheme == "cos://")
    query = presign_cos(request, signer, validity);
  else if (service_->scheme == "s3://")
    query = presign_s3(request, signer, settings_.region, validity);
  else
    query = settings_.signature == "v1" ? presign_oss_v1(request, signer, validity)
                                        : presign_oss_v4(request, signer, settings_.region, validity);
  return endpoint_.scheme + "://" + request.host + request.path + "?" + query;
}

Result<HttpResponse> BucketClient::send(const BucketCall &call, GCancellable *cancel) {
  REC_CHECK(traffic_->wait_turn(cancel));
  REC_TRY(const StoreCredentials signer, credentials(cancel));
  StoreRequest request = request_for(call);
  REC_CHECK(add_digest(request, call, cancel));

  HttpRequest http;
  http.method = request.method;
  http.url = endpoint_.scheme + "://" + request.host + request.path;
  if (!call.query.empty()) http.url += "?" + query_of(request);
  http.content_type = call.content_type;
  http.body = call.body;
  http.body_path = call.body_path;
  http.body_offset = call.body_offset;
  http.body_bytes = call.body_bytes;
  http.before_bytes = [&](std::uint64_t bytes) { traffic_->pace(bytes, cancel); };
  http.deadline = longest_request(call.body_bytes, settings_.bandwidth, settings_.uploads);
  http.headers = sign(request, signer);
  for (const auto &header : request.headers)
    if (header.first != "content-type") http.headers.push_back(header);
  REC_TRY(HttpResponse answer, http_->send(http, cancel));
  traffic_->learn(answer);
  if (is_good(answer, call)) return answer;
  if (refuses_credentials(answer)) credentials_.forget();
  return error_of(answer, settings_.name);
}

}  // namespace rec
