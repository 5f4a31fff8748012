// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <initializer_list>

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

void read_s3(ConfigNotes &notes, ObjectReader &reader, StoreSettings &store) {
  if (const auto field = reader.need("endpoint", "the service's address, like \"https://s3.example.org\""))
    store.endpoint = read_url(notes, *field, "an http or https address without user name and query",
                              {"http://", "https://"})
                         .value_or("");
  store.region = "us-east-1";
  if (const auto field = reader.take("region"))
    store.region = read_text(notes.problems, *field, "a region's name").value_or("");
  store.credentials = "env";
  if (const auto field = reader.take("credentials")) read_word(notes.problems, *field, {"env"});
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
  static const std::string kWhat = "\"s3://bucket[/prefix]\" or \"file:///directory\"";
  StoreSettings store;
  store.name = name;
  ObjectReader reader(notes.problems, field);
  const auto uri = reader.need("uri", kWhat);
  const auto text = uri ? read_text(notes.problems, *uri, kWhat) : std::nullopt;
  if (text) {
    const bool s3 = is_plain_url(*text, "s3://");
    const bool file = text->starts_with("file:///") && text->size() > 8 && is_printable_utf8(*text);
    if ((!s3 && !file) || has_dot_parts(text->substr(5)))
      notes.problems.expected(uri->value.at, uri->path, kWhat, "another string");
    store.uri = without_slash(*text);
  }
  if (text && text->starts_with("s3:")) {
    read_s3(notes, reader, store);
  } else if (!text || !text->starts_with("file:")) {
    for (const char *name_of_s3 : {"endpoint", "region", "credentials"}) reader.take(name_of_s3);
  }
  reader.finish();
  return store;
}

CallbackTarget read_callback(ConfigNotes &notes, const Field &field, const std::string &name) {
  CallbackTarget target;
  target.name = name;
  target.schema = "tencent";
  ObjectReader reader(notes.problems, field);
  if (const auto url = reader.need("url", "an http or https address"))
    target.url =
        read_url(notes, *url, "an http or https address without user name and query", {"http://", "https://"})
            .value_or("");
  if (const auto schema = reader.take("schema")) read_word(notes.problems, *schema, {"tencent"});
  if (const auto key = reader.take("key")) target.key_env = read_secret(notes, *key);
  reader.finish();
  return target;
}

}  // namespace rec
