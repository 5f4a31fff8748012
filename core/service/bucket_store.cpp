// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <array>

#include "core/base/digest.h"
#include "core/io/files.h"
#include "core/model/object_key.h"
#include "core/service/object_store.h"

namespace rec {
namespace {

constexpr std::uint64_t kLargestPut = std::uint64_t{5} << 30;  // spec 7.6
constexpr std::size_t kLongestQuote = 200;                     // of a store's own words

// The text of the first <Name>...</Name>; hostile XML yields at worst odd text, cut short.
std::string element_text(const std::string &xml, const std::string &name) {
  const std::size_t start = xml.find("<" + name + ">");
  if (start == std::string::npos) return {};
  const std::size_t from = start + name.size() + 2;
  const std::size_t end = xml.find("</" + name + ">", from);
  if (end == std::string::npos) return {};
  std::string text = xml.substr(from, std::min(end - from, kLongestQuote));
  std::replace_if(
      text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c >= 0x7f; }, '?');
  return text;
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

// What one service wants said otherwise than the others do.
struct Service {
  std::string_view scheme;                          // of a store's uri
  std::string_view header_prefix;                   // of its own headers
  bool bucket_in_host;                              // unless the store says otherwise
  std::string_view endpoint;                        // by default; "*" = the region; "" = must be said
  std::array<std::string_view, 5> storage_classes;  // in the order of kStorageClasses; "" = has none such
};
constexpr std::array<std::string_view, 5> kStorageClasses = {"standard", "infrequent-access", "intelligent",
                                                             "archive", "deep-archive"};
constexpr std::array<Service, 3> kServices = {{
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

const Service *service_of(std::string_view uri) {
  const auto found = std::find_if(kServices.begin(), kServices.end(),
                                  [&](const Service &s) { return uri.starts_with(s.scheme); });
  return found == kServices.end() ? nullptr : &*found;
}

std::string_view storage_class_of(const Service &service, std::string_view neutral) {
  const auto found = std::find(kStorageClasses.begin(), kStorageClasses.end(), neutral);
  if (found == kStorageClasses.end()) return {};
  return service.storage_classes.at(static_cast<std::size_t>(found - kStorageClasses.begin()));
}

class BucketStore final : public ObjectStore {
 public:
  BucketStore(const Service &service, const StoreSettings &settings, StoreCredentials of_environment,
              UrlParts endpoint, HttpClient &http, const Clock &clock)
      : service_(service),
        settings_(settings),
        endpoint_(std::move(endpoint)),
        credentials_(settings.credentials, std::move(of_environment)),
        http_(http),
        clock_(clock) {
    if (settings_.region.empty()) settings_.region = "us-east-1";
    const std::string location = settings.uri.substr(service.scheme.size());
    const std::size_t slash = location.find('/');
    bucket_ = location.substr(0, slash);
    if (slash != std::string::npos) prefix_ = location.substr(slash + 1);
  }

  Result<std::string> put(const NewObject &object, GCancellable *cancel) override {
    const std::string &path = object.path;
    REC_TRY(const std::string key, object_key(prefix_, object.directory, path));
    REC_TRY(const FileFacts facts, file_facts(path));
    if (facts.size_bytes > kLargestPut)
      return Error{Errc::invalid_argument, path + " is larger than one PUT may be (5 GiB)"};
    auto credentials = credentials_.get(http_, clock_.now_utc(), cancel);
    if (!credentials)
      return Error{credentials.error().code, "store " + settings_.name + ": " + credentials.error().message};
    StoreRequest request = request_for("PUT", key);
    request.headers.emplace_back("content-type", content_type_of(path));
    if (const auto name = storage_class_of(service_, object.storage_class); !name.empty())
      request.headers.emplace_back(std::string(service_.header_prefix) + "storage-class", name);
    REC_CHECK(add_digest(request, path, facts.size_bytes, cancel));

    HttpRequest http;
    http.method = request.method;
    http.url = endpoint_.scheme + "://" + request.host + request.path;
    http.content_type = content_type_of(path);
    http.body_path = path;
    http.body_bytes = facts.size_bytes;
    http.headers = sign(request, *credentials);
    for (const auto &header : request.headers)
      if (header.first != "content-type") http.headers.push_back(header);
    REC_TRY(const HttpResponse answer, http_.send(http, cancel));
    if (answer.status != 200) return error_of(answer, settings_.name);
    return std::move(http.url);
  }

 private:
  StoreRequest request_for(std::string method, const std::string &key) const {
    StoreRequest request;
    request.method = std::move(method);
    request.bucket = bucket_;
    request.key = key;
    request.host = endpoint_.host;
    request.path = endpoint_.path + "/";
    if (settings_.bucket_in_host.value_or(service_.bucket_in_host))
      request.host.insert(0, bucket_ + ".");
    else
      request.path += percent_encode(bucket_, false) + "/";
    request.path += percent_encode(key, true);
    return request;
  }

  // The service compares it with what arrives. S3 signs one without TLS; the file is read once either way.
  Status add_digest(StoreRequest &request, const std::string &path, std::uint64_t bytes,
                    GCancellable *cancel) const {
    const auto is_cancelled = [cancel] { return cancel && g_cancellable_is_cancelled(cancel); };
    request.payload_hash = kUnsignedPayload;
    if (service_.header_prefix == "x-amz-" && endpoint_.scheme != "https") {
      REC_TRY(const std::string sha256, digest_of_file(Hash::sha256, path, bytes, is_cancelled));
      request.payload_hash = to_hex(sha256);
      return ok();
    }
    REC_TRY(const std::string md5, digest_of_file(Hash::md5, path, bytes, is_cancelled));
    request.headers.emplace_back("content-md5", to_base64(md5));
    return ok();
  }

  HeaderList sign(const StoreRequest &request, const StoreCredentials &credentials) const {
    const UtcTime now = clock_.now_utc();
    if (service_.header_prefix == "x-cos-") return sign_cos(request, credentials, now);
    if (service_.header_prefix == "x-amz-") return sign_s3(request, credentials, settings_.region, now);
    return settings_.signature == "v1" ? sign_oss_v1(request, credentials, now)
                                       : sign_oss_v4(request, credentials, settings_.region, now);
  }

  const Service &service_;
  StoreSettings settings_;
  const UrlParts endpoint_;  // path without a trailing '/'
  CredentialSource credentials_;
  std::string bucket_;
  std::string prefix_;
  HttpClient &http_;
  const Clock &clock_;
};

std::string endpoint_of(const Service &service, const StoreSettings &settings) {
  if (!settings.endpoint.empty()) return settings.endpoint;
  std::string endpoint(service.endpoint);
  if (const auto star = endpoint.find('*'); star != endpoint.npos) endpoint.replace(star, 1, settings.region);
  return endpoint;
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> make_bucket_store(const StoreSettings &settings,
                                                       StoreCredentials of_environment, HttpClient &http,
                                                       const Clock &clock) {
  const std::string store = "store " + settings.name;
  const Service *service = service_of(settings.uri);
  if (!service || settings.uri.size() == service->scheme.size() ||
      settings.uri[service->scheme.size()] == '/')
    return Error{Errc::invalid_argument, store + ": the uri is not s3://, cos:// or oss://bucket[/prefix]"};
  auto endpoint = split_http_url(endpoint_of(*service, settings));
  if (!endpoint) return Error{Errc::invalid_argument, store + ": endpoint: " + endpoint.error().message};
  while (endpoint->path.ends_with('/')) endpoint->path.pop_back();
  return std::unique_ptr<ObjectStore>(std::make_unique<BucketStore>(
      *service, settings, std::move(of_environment), *std::move(endpoint), http, clock));
}

Result<std::unique_ptr<ObjectStore>> make_object_store(const StoreSettings &settings,
                                                       StoreCredentials of_environment, HttpClient &http,
                                                       const Clock &clock) {
  if (settings.uri.starts_with("file:")) return make_file_store(settings);
  return make_bucket_store(settings, std::move(of_environment), http, clock);
}

}  // namespace rec
