// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/object_label.h"

#include <algorithm>

namespace rec {
namespace {

constexpr std::string_view kNames[] = {"Domain",        "AppName",  "StreamName", "StreamID",  "RecordSource",
                                       "UnixTimestamp", "Template", "TaskId",     "SessionId", "Format"};

std::string value_of(std::string_view name, const LabelFacts &facts) {
  if (name == "Domain") return facts.domain;
  if (name == "AppName") return facts.app;
  if (name == "RecordSource") return facts.record_source;
  if (name == "Template") return facts.template_name;
  if (name == "TaskId") return facts.task;
  if (name == "SessionId") return facts.session_id;
  if (name == "Format") return facts.format;
  if (name == "UnixTimestamp")
    return std::to_string(std::chrono::floor<Seconds>(facts.started.time_since_epoch()).count());
  return facts.stream;
}

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_';
}

std::string escaped(const std::string &value, LabelKind kind) {
  static constexpr std::string_view kHex = "0123456789ABCDEF";
  std::string out;
  for (const char c : value) {
    if (is_plain(c)) {
      out += c;
    } else if (kind == LabelKind::tag) {
      out += '_';
    } else {
      const auto byte = static_cast<unsigned char>(c);
      out += {'%', kHex[byte >> 4], kHex[byte & 15]};
    }
  }
  return out;
}

// Runs of spaces as one, none at the ends: what services sign is made so.
std::string trimmed(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kLongestFilledLabel))
    if (c != ' ' || (!out.empty() && out.back() != ' ')) out += c;
  if (out.ends_with(' ')) out.pop_back();
  return out;
}

}  // namespace

Status check_label(std::string_view text) {
  while (!text.empty()) {
    const auto open = text.find('{');
    if (text.substr(0, open).find('}') != std::string_view::npos)
      return Error{Errc::invalid_argument, "'}' without '{'"};
    if (open == std::string_view::npos) return ok();
    const auto close = text.find('}', open);
    if (close == std::string_view::npos) return Error{Errc::invalid_argument, "'{' without '}'"};
    const std::string_view name = text.substr(open + 1, close - open - 1);
    if (std::find(std::begin(kNames), std::end(kNames), name) == std::end(kNames)) {
      std::string known;
      for (const std::string_view one : kNames)
        known += (known.empty() ? "{" : ", {") + std::string(one) + "}";
      return Error{Errc::invalid_argument, "there is no such placeholder: expected one of " + known};
    }
    text.remove_prefix(close + 1);
  }
  return ok();
}

std::string fill_label(std::string_view text, const LabelFacts &facts, LabelKind kind) {
  std::string filled;
  while (!text.empty()) {
    const auto open = text.find('{');
    filled += text.substr(0, open);
    const auto close = open == std::string_view::npos ? open : text.find('}', open);
    if (close == std::string_view::npos) break;
    filled += escaped(value_of(text.substr(open + 1, close - open - 1), facts), kind);
    text.remove_prefix(close + 1);
  }
  return trimmed(filled);
}

}  // namespace rec
