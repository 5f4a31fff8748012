// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/store_credentials.h"

#include <glib.h>

#include <initializer_list>

#include "core/base/glib_ptr.h"
#include "core/io/files.h"
#include "core/io/json.h"

namespace rec {
namespace {

constexpr std::uint64_t kLargestFile = 64 << 10;
constexpr Seconds kRenewBefore{300};
constexpr UtcTime kAlwaysOld{};  // what is not kept

struct Variables {
  std::string_view scheme;
  const char *access_key, *secret_key, *session_token;
};
constexpr Variables kVariables[] = {
    {"s3:", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"},
    {"cos:", "TENCENTCLOUD_SECRET_ID", "TENCENTCLOUD_SECRET_KEY", "TENCENTCLOUD_TOKEN"},
    {"oss:", "OSS_ACCESS_KEY_ID", "OSS_ACCESS_KEY_SECRET", "OSS_SESSION_TOKEN"},
};

std::string first_text(const JsonValue &object, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const JsonMember *member = object.member(name);
    if (member && member->value.kind == JsonValue::Kind::string) return member->value.string;
  }
  return {};
}

std::optional<UtcTime> expiry_of(const JsonValue &object) {
  const JsonMember *unix_time = object.member("ExpiredTime");
  if (unix_time && unix_time->value.kind == JsonValue::Kind::integer)
    return UtcTime(Seconds(unix_time->value.integer));
  const std::string text = first_text(object, {"Expiration"});
  const std::unique_ptr<GDateTime, Freer<g_date_time_unref>> time(
      text.empty() ? nullptr : g_date_time_new_from_iso8601(text.c_str(), nullptr));
  if (!time) return std::nullopt;
  return UtcTime(Seconds(g_date_time_to_unix(time.get())));
}

LoadedCredentials from_json(const JsonValue &object) {
  LoadedCredentials loaded;
  loaded.credentials.access_key = first_text(object, {"AccessKeyId", "TmpSecretId"});
  loaded.credentials.secret_key = first_text(object, {"SecretAccessKey", "AccessKeySecret", "TmpSecretKey"});
  loaded.credentials.session_token = first_text(object, {"SessionToken", "SecurityToken", "Token"});
  loaded.expires = expiry_of(object);
  return loaded;
}

Result<LoadedCredentials> from_key_file(std::string_view text) {
  const std::unique_ptr<GKeyFile, Freer<g_key_file_free>> file(g_key_file_new());
  if (!g_key_file_load_from_data(file.get(), text.data(), text.size(), G_KEY_FILE_NONE, nullptr))
    return Error{Errc::corrupt, "neither JSON nor a file with a group [default]"};
  const auto value = [&](const char *name) {
    const CString found(g_key_file_get_string(file.get(), "default", name, nullptr));
    return std::string(found ? found.get() : "");
  };
  LoadedCredentials loaded;
  loaded.credentials = {value("aws_access_key_id"), value("aws_secret_access_key"),
                        value("aws_session_token")};
  return loaded;
}

bool complete(const StoreCredentials &c) { return !c.access_key.empty() && !c.secret_key.empty(); }

}  // namespace

StoreCredentials environment_credentials(const StoreSettings &settings,
                                         const std::function<std::string(const char *name)> &variable) {
  for (const Variables &v : kVariables)
    if (settings.uri.starts_with(v.scheme))
      return {variable(v.access_key), variable(v.secret_key), variable(v.session_token)};
  return {};
}

Result<LoadedCredentials> parse_credentials(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r\n");
  LoadedCredentials loaded;
  if (first != text.npos && text[first] == '{') {
    const auto json = parse_json(text);
    if (!json) return Error{Errc::corrupt, "the JSON of the credentials cannot be read"};
    loaded = from_json(*json);
  } else {
    REC_TRY(loaded, from_key_file(text));
  }
  if (!complete(loaded.credentials)) return Error{Errc::denied, "there is no key with its secret in it"};
  return loaded;
}

Result<LoadedCredentials> CredentialSource::ask(HttpClient &http, GCancellable *cancel) const {
  if (place_.kind == CredentialPlace::Kind::file) {
    REC_TRY(const std::string text, read_file(place_.where, kLargestFile));
    auto loaded = parse_credentials(text);
    if (!loaded) return Error{loaded.error().code, place_.where + ": " + loaded.error().message};
    loaded->expires = kAlwaysOld;
    return loaded;
  }
  HttpRequest request;
  request.url = place_.where;
  REC_TRY(const HttpResponse answer, http.send(request, cancel));
  const std::string from = redacted_url(place_.where);
  if (answer.status != 200)
    return Error{Errc::unavailable, from + " answered " + std::to_string(answer.status)};
  auto loaded = parse_credentials(answer.body);
  if (!loaded) return Error{loaded.error().code, from + ": " + loaded.error().message};
  if (!loaded->expires) loaded->expires = kAlwaysOld;
  return loaded;
}

Result<StoreCredentials> CredentialSource::get(HttpClient &http, UtcTime now, GCancellable *cancel) {
  const bool is_asked = place_.kind != CredentialPlace::Kind::env;
  const bool is_old = !loaded_.expires || *loaded_.expires - kRenewBefore <= now;
  if (is_asked && is_old) {
    auto asked = ask(http, cancel);
    if (!asked) return Error{asked.error().code, "credentials: " + asked.error().message};
    loaded_ = *std::move(asked);
  }
  if (!complete(loaded_.credentials)) return Error{Errc::denied, "there are no credentials"};
  return loaded_.credentials;
}

void CredentialSource::forget() {
  if (place_.kind != CredentialPlace::Kind::env) loaded_ = {};
}

}  // namespace rec
