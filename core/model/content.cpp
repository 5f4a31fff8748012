// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/content.h"

#include <algorithm>

namespace rec {
namespace {

constexpr std::string_view kTranscoded = "transcoded";

bool has(const std::vector<Content> &list, const Content &content) {
  return std::find(list.begin(), list.end(), content) != list.end();
}

void add_once(std::vector<Content> &list, const Content &content) {
  if (!has(list, content)) list.push_back(content);
}

bool is_all(const Content &content) { return content.kind == Content::Kind::transcoded && content.id == "*"; }

Content instead_of(const Content &wanted, const std::vector<Content> &there) {
  Content watermarked{Content::Kind::watermarked, ""};
  if (has(there, wanted)) return wanted;
  if (wanted.kind == Content::Kind::transcoded && has(there, watermarked)) return watermarked;
  return Content{};
}

}  // namespace

std::string label_of(const Content &content) {
  if (content.kind != Content::Kind::transcoded) return name_of(content);
  return std::string(kTranscoded) + "_" + content.id;
}

std::optional<Content> content_labelled(std::string_view label) {
  std::string name(label);
  if (label.starts_with(kTranscoded) && label.size() > kTranscoded.size() && label[kTranscoded.size()] == '_')
    name[kTranscoded.size()] = ':';
  auto content = content_named(name);
  if (!content || is_all(*content) || label_of(*content) != label) return std::nullopt;
  return content;
}

std::string record_source_of(const Content &content) {
  return content.kind == Content::Kind::transcoded ? content.id : "origin";
}

std::vector<Content> contents_to_record(const std::vector<Content> &wanted,
                                        const std::vector<Content> &there) {
  std::vector<Content> chosen;
  for (const Content &content : wanted) {
    bool any = false;
    for (const Content &one : there) {
      if (!is_all(content) || one.kind != Content::Kind::transcoded) continue;
      any = true;
      add_once(chosen, one);
    }
    if (!any) add_once(chosen, instead_of(content, there));
  }
  return chosen;
}

std::vector<Content> contents_missing(const std::vector<Content> &wanted, const std::vector<Content> &there) {
  std::vector<Content> missing;
  for (const Content &content : wanted)
    if (content.kind != Content::Kind::origin && !is_all(content) && !has(there, content))
      missing.push_back(content);
  return missing;
}

}  // namespace rec
