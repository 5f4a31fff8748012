// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <initializer_list>
#include <map>

#include "core/model/object_label.h"
#include "core/model/utf8.h"
#include "core/service/config_parts.h"

namespace rec {
namespace {

// scheme://authority[/path], without user name, query and fragment: those are where people put secrets.
bool is_plain_url(std::string_view text, std::string_view scheme) {
  if (!text.starts_with(scheme) || !is_printable_utf8(text)) return false;
  const std::string_view rest = text.substr(scheme.size());
  return !rest.empty() && rest.front() != '/' && rest.find_first_of("@?# \\") == std::string_view::npos;
}

bool is_bucket(std::string_view uri) {
  return is_plain_url(uri, "s3://") || is_plain_url(uri, "cos://") || is_plain_url(uri, "oss://");
}

std::string without_slash(std::string text) {
  while (text.ends_with('/')) text.pop_back();
  return text;
}

bool has_dot_parts(std::string_view path) {
  while (!path.empty()) {
    const auto slash = path.find('/');
    const std::string_view part = path.substr(0, slash);
    if (part == "." || part == "..") return true;
    path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
  }
  return false;
}

bool is_variable_name(std::string_view text) {
  const auto word = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
  return !text.empty() && word(text.front()) &&
         std::all_of(text.begin(), text.end(), [&](char c) { return word(c) || (c >= '0' && c <= '9'); });
}

constexpr const char *kBucketMembers[] = {"endpoint",  "region",    "credentials",  "bucket-in",
                                          "signature", "bandwidth", "ca",           "proxy",
                                          "metadata",  "tags",      "content-types"};
constexpr std::int64_t kLeastBandwidth = 1000;
constexpr std::int64_t kMostBandwidth = 1'000'000'000'000;
constexpr std::size_t kMostLabels = 10;
constexpr std::size_t kLongestLabelName = 32;
constexpr std::size_t kLongestLabel = 128;
constexpr std::size_t kMostContentTypes = 20;
constexpr std::size_t kLongestExtension = 8;
const std::string kAddress = "an http or https address without user name and query";

const std::string kCallbackUrl =
    "an http or https address without user name, or {\"env\": \"NAME\"} with the variable that holds it";

// "env", {"file": "/path"} or {"url": "http://169.254.169.254/..."}.
CredentialPlace read_credential_place(ConfigNotes &notes, const Field &field) {
  static const std::string kWhat = "\"env\", {\"file\": PATH} or {\"url\": ADDRESS}";
  CredentialPlace place;
  if (field.value.kind == JsonValue::Kind::string) {
    if (field.value.string != "env")  // somebody may have put a key there
      notes.problems.expected(field.value.at, field.path, kWhat, "another string");
    return place;
  }
  ObjectReader reader(notes.problems, field);
  const auto file = reader.take("file");
  const auto url = reader.take("url");
  if (file) {
    place.kind = CredentialPlace::Kind::file;
    place.where = read_text(notes.problems, *file, "the path of a file").value_or("");
    if (!place.where.starts_with('/'))
      notes.problems.expected(file->value.at, file->path, "an absolute path", "another string");
  } else if (url) {
    place.kind = CredentialPlace::Kind::url;
    place.where = read_url(notes, *url, kAddress, {"http://", "https://"}).value_or("");
  }
  if (field.value.kind == JsonValue::Kind::object && file.has_value() == url.has_value())
    notes.problems.expected(field.value.at, field.path, kWhat, "another object");
  reader.finish();
  return place;
}

std::string read_region(ConfigNotes &notes, const Field &field) {
  const auto fits = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  std::string region = read_text(notes.problems, field, "a region's name").value_or("");
  if (!std::all_of(region.begin(), region.end(), fits))  // it becomes a part of a host's name
    notes.problems.expected(field.value.at, field.path, "lower-case letters, digits and '-'",
                            "another string");
  return region;
}

std::string read_ca(ConfigNotes &notes, const Field &field) {
  static const std::string kWhat = "the absolute path of a PEM file";
  std::string path = read_text(notes.problems, field, kWhat).value_or("/");
  if (path.starts_with('/')) return path;
  notes.problems.expected(field.value.at, field.path, kWhat, "another string");
  return {};
}

std::string read_proxy(ConfigNotes &notes, const Field &field) {
  if (field.value.kind == JsonValue::Kind::string && field.value.string == "none") return "none";
  static const std::string kWhat = "\"none\" or a proxy's address without user name and query";
  return read_url(notes, field, kWhat, {"http://"}).value_or("");
}

bool is_one_of(char c, std::string_view more) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || more.find(c) != std::string_view::npos;
}

// What no service changes on its way: it becomes a header, and is signed.
bool is_label(std::string_view text, bool is_tag) {
  if (text.empty() || text.size() > kLongestLabel || text.front() == ' ' || text.back() == ' ' ||
      text.find("  ") != std::string_view::npos)
    return false;
  return std::all_of(text.begin(), text.end(), [&](char c) {
    return is_tag ? is_one_of(c, "ABCDEFGHIJKLMNOPQRSTUVWXYZ +-=._:/@{}") : c >= ' ' && c <= '~';
  });
}

std::map<std::string, std::string> read_labels(ConfigNotes &notes, const Field &field, bool is_tag) {
  static const std::string kWhat = "up to 10 names (lower-case letters, digits, '-') with texts";
  std::map<std::string, std::string> labels;
  const ObjectReader reader(notes.problems, field);
  for (const JsonMember &member : reader.members()) {
    const Field one = reader.field(member);
    const std::string &name = member.name;
    const bool is_named = !name.empty() && name.size() <= kLongestLabelName &&
                          std::all_of(name.begin(), name.end(), [](char c) { return is_one_of(c, "-"); });
    if (!is_named || labels.size() == kMostLabels) {
      notes.problems.expected(member.at, field.path, kWhat, is_named ? "more" : "another name");
      break;
    }
    const std::string text = read_text(notes.problems, one, "a text").value_or("x");
    if (!is_label(text, is_tag))
      notes.problems.expected(one.value.at, one.path, "1 to 128 characters that a header can have",
                              "another string");
    else if (const Status filled = check_label(text); !filled)
      notes.problems.expected(one.value.at, one.path, "a text with placeholders", filled.error().message);
    labels[name] = text;
  }
  return labels;
}

// {"m3u8": "application/x-mpegURL"}: type/subtype, without parameters.
std::map<std::string, std::string> read_content_types(ConfigNotes &notes, const Field &field) {
  static const std::string kWhat = "up to 20 extensions (lower-case letters and digits) with media types";
  const auto is_token = [](std::string_view text) {
    return !text.empty() && text.size() <= kLongestLabel && std::all_of(text.begin(), text.end(), [](char c) {
      return is_one_of(c, "ABCDEFGHIJKLMNOPQRSTUVWXYZ!#$&^_.+-");
    });
  };
  std::map<std::string, std::string> types;
  const ObjectReader reader(notes.problems, field);
  for (const JsonMember &member : reader.members()) {
    const Field one = reader.field(member);
    const bool is_named =
        !member.name.empty() && member.name.size() <= kLongestExtension &&
        std::all_of(member.name.begin(), member.name.end(), [](char c) { return is_one_of(c, ""); });
    if (!is_named || types.size() == kMostContentTypes) {
      notes.problems.expected(member.at, field.path, kWhat, is_named ? "more" : "another name");
      break;
    }
    const std::string type = read_text(notes.problems, one, "a media type").value_or("a/b");
    const std::size_t slash = type.find('/');
    if (slash == type.npos || !is_token(type.substr(0, slash)) || !is_token(type.substr(slash + 1)))
      notes.problems.expected(one.value.at, one.path, "a media type like \"video/mp2t\"", "another string");
    types[member.name] = type;
  }
  return types;
}

void read_traffic(ConfigNotes &notes, ObjectReader &reader, StoreSettings &store) {
  if (const auto field = reader.take("bandwidth"))
    store.bandwidth = static_cast<std::uint64_t>(
        read_count(notes.problems, *field, kLeastBandwidth, kMostBandwidth).value_or(0));
  if (const auto field = reader.take("metadata")) store.metadata = read_labels(notes, *field, false);
  if (const auto field = reader.take("tags")) store.tags = read_labels(notes, *field, true);
  if (const auto field = reader.take("content-types"))
    store.content_types = read_content_types(notes, *field);
  if (const auto field = reader.take("ca")) store.ca_file = read_ca(notes, *field);
  if (const auto field = reader.take("proxy")) store.proxy = read_proxy(notes, *field);
}

void read_bucket(ConfigNotes &notes, ObjectReader &reader, StoreSettings &store) {
  const bool is_s3 = store.uri.starts_with("s3:");
  const auto endpoint =
      is_s3 ? reader.need("endpoint", "the service's address, like \"https://s3.example.org\"")
            : reader.take("endpoint");
  if (endpoint) store.endpoint = read_url(notes, *endpoint, kAddress, {"http://", "https://"}).value_or("");
  const auto region = is_s3 ? reader.take("region") : reader.need("region", "the region of the bucket");
  store.region = region ? read_region(notes, *region) : "us-east-1";
  if (const auto field = reader.take("credentials")) store.credentials = read_credential_place(notes, *field);
  if (const auto field = reader.take("bucket-in")) {
    const auto word = read_word(notes.problems, *field, {"host", "path"});
    if (word) store.bucket_in_host = *word == "host";
  }
  read_traffic(notes, reader, store);
  if (!store.uri.starts_with("oss:")) return;
  store.signature = "v4";
  if (const auto field = reader.take("signature"))
    store.signature = read_word(notes.problems, *field, {"v1", "v4"}).value_or("v4");
}

// {"env": "NAME"}: the only way to give a secret.
std::string read_secret(ConfigNotes &notes, const Field &field) {
  static const std::string kWhat = "{\"env\": \"NAME\"} with the name of an environment variable";
  if (field.value.kind != JsonValue::Kind::object) {
    notes.problems.expected(field.value.at, field.path, kWhat, describe_kind(field.value));
    return {};
  }
  ObjectReader reader(notes.problems, field);
  std::string name;
  if (const auto env = reader.need("env", "the name of an environment variable")) {
    name = read_text(notes.problems, *env, "the name of an environment variable").value_or("");
    if (!name.empty() && !is_variable_name(name))
      notes.problems.expected(env->value.at, env->path, "letters, digits and underscores", "another string");
  }
  reader.finish();
  return name;
}

// "https://host/path?token=x": what is behind '?' is a secret, but stands where people put it.
bool is_callback_url(std::string_view text) {
  const std::size_t query = text.find('?');
  const std::string_view plain = text.substr(0, query);
  if (!is_plain_url(plain, "http://") && !is_plain_url(plain, "https://")) return false;
  return is_printable_utf8(text) && (query == std::string_view::npos ||
                                     text.substr(query).find_first_of("# \\") == std::string_view::npos);
}

// A string, or {"env": "NAME"}. Never repeated.
void read_callback_url(ConfigNotes &notes, const Field &field, CallbackTarget &target) {
  if (field.value.kind == JsonValue::Kind::object) {
    target.url_env = read_secret(notes, field);
    return;
  }
  const auto text = read_text(notes.problems, field, kCallbackUrl);
  if (!text) return;
  if (!is_callback_url(*text))
    notes.problems.expected(field.value.at, field.path, kCallbackUrl, "another string");
  target.url = text->find('?') == std::string::npos ? without_slash(*text) : *text;
}

RecordingEvents read_events(ConfigNotes &notes, const Field &field, const std::string &schema) {
  std::vector<std::string> words;
  for (const RecordingEvent event : events_of_schema(schema)) words.emplace_back(name_of(event));
  RecordingEvents events;
  for (const Field &element : read_list(notes.problems, field, "an array of names of events")) {
    const auto word = read_word(notes.problems, element, words);
    const auto event = word ? recording_event_named(*word) : std::nullopt;
    if (!event) continue;
    if (!events.insert(*event).second)
      notes.problems.expected(element.value.at, element.path, "every event once", describe(element.value));
  }
  if (events.empty())
    notes.problems.expected(field.value.at, field.path, "at least one event", describe_kind(field.value));
  return events;
}

}  // namespace

std::optional<std::string> read_url(ConfigNotes &notes, const Field &field, const std::string &what,
                                    std::initializer_list<std::string_view> schemes) {
  const auto text = read_text(notes.problems, field, what);
  if (!text) return std::nullopt;
  const bool fits =
      std::any_of(schemes.begin(), schemes.end(), [&](auto s) { return is_plain_url(*text, s); });
  if (!fits) notes.problems.expected(field.value.at, field.path, what, "another string");
  return fits ? std::optional(without_slash(*text)) : std::nullopt;
}

StoreSettings read_store(ConfigNotes &notes, const Field &field, const std::string &name) {
  static const std::string kWhat =
      "\"s3://bucket[/prefix]\", \"cos://...\", \"oss://...\" or \"file:///directory\"";
  StoreSettings store;
  store.name = name;
  ObjectReader reader(notes.problems, field);
  const auto uri = reader.need("uri", kWhat);
  const auto text = uri ? read_text(notes.problems, *uri, kWhat) : std::nullopt;
  if (text) {
    const bool file = text->starts_with("file:///") && text->size() > 8 && is_printable_utf8(*text);
    if ((!is_bucket(*text) && !file) || has_dot_parts(text->substr(5)))
      notes.problems.expected(uri->value.at, uri->path, kWhat, "another string");
    store.uri = without_slash(*text);
  }
  const bool is_directory = text && text->starts_with("file:");
  if (is_directory) store.uploads = StoreSettings::kUsualCopies;
  if (const auto uploads = reader.take("uploads"))
    store.uploads = static_cast<unsigned>(
        read_count(notes.problems, *uploads, 1, StoreSettings::kMostUploads).value_or(store.uploads));
  if (const auto keep = reader.take("keep-local")) store.keep_local = read_keep_local(notes, *keep);
  if (text && is_bucket(*text)) {
    read_bucket(notes, reader, store);
  } else if (!is_directory) {
    for (const char *member : kBucketMembers) reader.take(member);
  }
  reader.finish();
  return store;
}

CallbackTarget read_callback(ConfigNotes &notes, const Field &field, const std::string &name) {
  CallbackTarget target;
  target.name = name;
  target.schema = "tencent";
  ObjectReader reader(notes.problems, field);
  if (const auto url = reader.need("url", kCallbackUrl)) read_callback_url(notes, *url, target);
  if (const auto schema = reader.take("schema"))
    target.schema = read_word(notes.problems, *schema, {"tencent", "alibaba", "alibaba-vod", "recording"})
                        .value_or("tencent");
  if (const auto events = reader.take("events")) target.events = read_events(notes, *events, target.schema);
  const auto key = reader.take("key");
  if (key) target.key_env = read_secret(notes, *key);
  if (target.schema == "recording")
    if (const auto older = reader.take("older-key")) {
      target.older_key_env = read_secret(notes, *older);
      if (!key) notes.problems.expected(older->at, older->path, "a key beside it", "none");
    }
  reader.finish();
  return target;
}

}  // namespace rec
