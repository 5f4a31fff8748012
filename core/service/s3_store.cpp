// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>

#include "core/base/digest.h"
#include "core/io/files.h"
#include "core/model/object_key.h"
#include "core/service/object_store.h"

namespace rec {
namespace {

constexpr std::string_view kScheme = "s3://";
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

class S3Store final : public ObjectStore {
 public:
  S3Store(const StoreSettings &settings, S3Credentials credentials, UrlParts endpoint, HttpClient &http,
          const Clock &clock)
      : name_(settings.name),
        endpoint_(std::move(endpoint)),
        region_(settings.region.empty() ? "us-east-1" : settings.region),
        credentials_(std::move(credentials)),
        http_(http),
        clock_(clock) {
    const std::string location = settings.uri.substr(kScheme.size());
    const std::size_t slash = location.find('/');
    bucket_ = location.substr(0, slash);
    if (slash != std::string::npos) prefix_ = location.substr(slash + 1);
  }

  Result<std::string> put(const std::string &directory, const std::string &path,
                          GCancellable *cancel) override {
    REC_TRY(const std::string key, object_key(prefix_, directory, path));
    REC_TRY(const FileFacts facts, file_facts(path));
    if (facts.size_bytes > kLargestPut)
      return Error{Errc::invalid_argument, path + " is larger than one PUT may be (5 GiB)"};
    SigV4Request to_sign;
    to_sign.method = "PUT";
    to_sign.host = endpoint_.host;
    to_sign.path = endpoint_.path + "/" + percent_encode(bucket_, false) + "/" + percent_encode(key, true);
    to_sign.payload_hash = kUnsignedPayload;
    if (endpoint_.scheme != "https") {
      const auto is_cancelled = [cancel] { return cancel && g_cancellable_is_cancelled(cancel); };
      REC_TRY(to_sign.payload_hash, sha256_of_file(path, facts.size_bytes, is_cancelled));
    }
    HttpRequest request;
    request.method = to_sign.method;
    request.url = endpoint_.scheme + "://" + endpoint_.host + to_sign.path;
    request.content_type = content_type_of(path);
    request.body_path = path;
    request.body_bytes = facts.size_bytes;
    request.headers = sigv4_headers(to_sign, credentials_, region_, clock_.now_utc());
    REC_TRY(const HttpResponse answer, http_.send(request, cancel));
    if (answer.status != 200) return error_of(answer, name_);
    return std::move(request.url);
  }

 private:
  const std::string name_;
  const UrlParts endpoint_;  // path without a trailing '/'
  const std::string region_;
  const S3Credentials credentials_;
  std::string bucket_;
  std::string prefix_;
  HttpClient &http_;
  const Clock &clock_;
};

}  // namespace

Result<std::unique_ptr<ObjectStore>> make_s3_store(const StoreSettings &settings, S3Credentials credentials,
                                                   HttpClient &http, const Clock &clock) {
  if (!settings.uri.starts_with(kScheme) || settings.uri.size() == kScheme.size() ||
      settings.uri[kScheme.size()] == '/')
    return Error{Errc::invalid_argument, "store " + settings.name + ": the uri is not s3://bucket/prefix"};
  auto endpoint = split_http_url(settings.endpoint);
  if (!endpoint)
    return Error{Errc::invalid_argument,
                 "store " + settings.name + ": endpoint: " + endpoint.error().message};
  while (endpoint->path.ends_with('/')) endpoint->path.pop_back();
  if (credentials.access_key.empty() || credentials.secret_key.empty())
    return Error{Errc::denied, "store " + settings.name + " has no credentials"};
  return std::unique_ptr<ObjectStore>(
      std::make_unique<S3Store>(settings, std::move(credentials), *std::move(endpoint), http, clock));
}

Result<std::unique_ptr<ObjectStore>> make_object_store(const StoreSettings &settings,
                                                       const std::optional<S3Credentials> &credentials,
                                                       HttpClient &http, const Clock &clock) {
  if (settings.uri.starts_with("file:")) return make_file_store(settings);
  return make_s3_store(settings, credentials.value_or(S3Credentials{}), http, clock);
}

}  // namespace rec
