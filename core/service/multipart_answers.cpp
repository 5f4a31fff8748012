// SPDX-License-Identifier: LGPL-2.1-or-later
// What stores answer about uploads in parts, and about what they hold.
#include "core/service/multipart_answers.h"

#include <glib.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "core/base/glib_ptr.h"
#include "core/model/multipart_plan.h"

namespace rec {
namespace {

constexpr std::size_t kMostText = 4096;  // of one element

// Elements one below another are known by "Outer/Inner"; of what stands in a repeated one, a row each.
struct Reading {
  const char *row;  // name of the repeated element, below the root
  std::vector<std::string> open = {};
  std::map<std::string, std::string> outside = {};  // texts of the root's children
  std::vector<std::map<std::string, std::string>> rows = {};
  std::string text = {};

  bool in_row() const { return open.size() >= 2 && open[1] == row; }
};

void on_start(GMarkupParseContext *, const gchar *name, const gchar **, const gchar **, gpointer data,
              GError **) {
  auto &reading = *static_cast<Reading *>(data);
  reading.open.emplace_back(name);
  reading.text.clear();
  if (reading.open.size() == 2 && reading.in_row()) reading.rows.emplace_back();
}

void on_end(GMarkupParseContext *, const gchar *name, gpointer data, GError **) {
  auto &reading = *static_cast<Reading *>(data);
  if (reading.in_row() && reading.open.size() == 3) reading.rows.back()[name] = reading.text;
  if (!reading.in_row() && reading.open.size() == 2) reading.outside[name] = reading.text;
  reading.open.pop_back();
  reading.text.clear();
}

void on_text(GMarkupParseContext *, const gchar *text, gsize bytes, gpointer data, GError **) {
  auto &reading = *static_cast<Reading *>(data);
  reading.text.append(text, std::min(bytes, kMostText - std::min(reading.text.size(), kMostText)));
}

Result<Reading> read(const std::string &xml, const char *row) {
  Reading reading{row};
  constexpr GMarkupParser kParser = {on_start, on_end, on_text, nullptr, nullptr};
  const std::unique_ptr<GMarkupParseContext, Freer<g_markup_parse_context_free>> context(
      g_markup_parse_context_new(&kParser, G_MARKUP_TREAT_CDATA_AS_TEXT, &reading, nullptr));
  if (!g_markup_parse_context_parse(context.get(), xml.data(), static_cast<gssize>(xml.size()), nullptr) ||
      !g_markup_parse_context_end_parse(context.get(), nullptr))
    return Error{Errc::unavailable, "the store's answer about uploads or objects cannot be read"};
  return reading;
}

template <typename Number>
Number number(const std::string &text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() ? value : Number(0);
}

std::string text_of(const std::map<std::string, std::string> &texts, const char *name) {
  const auto found = texts.find(name);
  return found == texts.end() ? "" : found->second;
}

std::string without_quotes(std::string text) {
  if (text.size() >= 2 && text.front() == '"' && text.back() == '"') return text.substr(1, text.size() - 2);
  return text;
}

// In a list that is percent-encoded; "" = it is not.
std::string decoded(std::string text) {
  std::replace(text.begin(), text.end(), '+', ' ');
  const CString plain(g_uri_unescape_string(text.c_str(), nullptr));
  return plain ? plain.get() : "";
}

}  // namespace

Result<PartList> parse_part_list(const std::string &xml) {
  REC_TRY(const Reading reading, read(xml, "Part"));
  PartList list;
  for (const auto &row : reading.rows) {
    PartAnswer part;
    part.number = number<unsigned>(text_of(row, "PartNumber"));
    part.bytes = number<std::uint64_t>(text_of(row, "Size"));
    part.etag = without_quotes(text_of(row, "ETag"));
    if (part.number >= 1 && part.number <= kMaxParts && !part.etag.empty()) list.parts.push_back(part);
  }
  if (text_of(reading.outside, "IsTruncated") == "true")
    list.next = number<unsigned>(text_of(reading.outside, "NextPartNumberMarker"));
  return list;
}

Result<std::vector<UploadAnswer>> parse_upload_list(const std::string &xml) {
  REC_TRY(const Reading reading, read(xml, "Upload"));
  std::vector<UploadAnswer> uploads;
  for (const auto &row : reading.rows) uploads.push_back({text_of(row, "Key"), text_of(row, "UploadId")});
  return uploads;
}

Result<ObjectList> parse_object_list(const std::string &xml) {
  REC_TRY(const Reading reading, read(xml, "Contents"));
  const bool is_encoded = text_of(reading.outside, "EncodingType") == "url";
  ObjectList list;
  for (const auto &row : reading.rows) {
    const std::string key = text_of(row, "Key");
    list.objects.push_back(
        {.key = is_encoded ? decoded(key) : key, .bytes = number<std::uint64_t>(text_of(row, "Size"))});
    if (list.objects.back().key.empty())
      return Error{Errc::unavailable, "the store lists an object without a name"};
  }
  list.has_more = text_of(reading.outside, "IsTruncated") == "true";
  return list;
}

Result<std::string> parse_upload_id(const std::string &xml) {
  REC_TRY(const Reading reading, read(xml, ""));
  std::string id = text_of(reading.outside, "UploadId");
  if (id.empty()) return Error{Errc::unavailable, "the store began an upload and did not name it"};
  return id;
}

Result<std::string> parse_copied_part(const std::string &xml) {
  REC_TRY(const Reading reading, read(xml, ""));
  std::string etag = without_quotes(text_of(reading.outside, "ETag"));
  if (etag.empty()) return Error{Errc::unavailable, "the store copied a part and did not name it"};
  return etag;
}

}  // namespace rec
