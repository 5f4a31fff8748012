// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/rule_set.h"

#include <algorithm>
#include <utility>

namespace rec {
namespace {

bool is_wildcard(std::string_view text) { return text.empty() || text == "*"; }

void append_lower(std::string &out, std::string_view text) {
  for (const char c : text) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

// Different rules have different keys whatever bytes they hold: the lengths stand in front.
std::string key_of(std::string_view domain, std::string_view app, std::string_view stream) {
  if (is_wildcard(app)) app = {};
  if (is_wildcard(stream)) stream = {};
  std::string key = std::to_string(domain.size()) + "," + std::to_string(app.size()) + ",";
  key.reserve(key.size() + domain.size() + app.size() + stream.size());
  append_lower(key, domain);
  key += app;
  key += stream;
  return key;
}

}  // namespace

RuleRank rank_of(const RecordingRule &rule) {
  if (is_wildcard(rule.stream)) return is_wildcard(rule.app) ? RuleRank::domain : RuleRank::domain_app;
  return is_wildcard(rule.app) ? RuleRank::domain_stream : RuleRank::domain_app_stream;
}

std::string_view name_of(RuleRank rank) {
  switch (rank) {
    case RuleRank::domain_app_stream:
      return "domain + app + stream";
    case RuleRank::domain_stream:
      return "domain + stream";
    case RuleRank::domain_app:
      return "domain + app";
    case RuleRank::domain:
      break;
  }
  return "domain";
}

bool same_domain(std::string_view a, std::string_view b) {
  const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return lower(x) == lower(y); });
}

std::string why_not(const RecordingRule &rule, const PushIdentity &push) {
  if (!same_domain(rule.domain, push.domain)) return "its domain is \"" + rule.domain + "\"";
  if (!is_wildcard(rule.app) && (is_wildcard(push.app) || rule.app != push.app))
    return "its app is \"" + rule.app + "\"";
  if (!is_wildcard(rule.stream) && (is_wildcard(push.stream) || rule.stream != push.stream))
    return "its stream is \"" + rule.stream + "\"";
  return {};
}

std::optional<RecordingRule> RuleSet::add(RecordingRule rule) {
  const auto [entry, added] = index_.try_emplace(key_of(rule.domain, rule.app, rule.stream), rules_.size());
  if (!added) return rules_[entry->second];
  rules_.push_back(std::move(rule));
  return std::nullopt;
}

void RuleSet::reserve(std::size_t rules) {
  rules_.reserve(rules);
  index_.reserve(rules);
}

const RecordingRule *RuleSet::find(std::string_view domain, std::string_view app,
                                   std::string_view stream) const {
  const auto entry = index_.find(key_of(domain, app, stream));
  return entry == index_.end() ? nullptr : &rules_[entry->second];
}

RuleMatch RuleSet::match(const PushIdentity &push) const {
  const bool has_app = !is_wildcard(push.app);
  const bool has_stream = !is_wildcard(push.stream);
  const RecordingRule *const candidates[] = {
      has_app && has_stream ? find(push.domain, push.app, push.stream) : nullptr,
      has_stream ? find(push.domain, {}, push.stream) : nullptr,
      has_app ? find(push.domain, push.app, {}) : nullptr,
      find(push.domain, {}, {}),
  };
  RuleMatch match;
  for (const RecordingRule *rule : candidates) {
    if (!rule) continue;
    if (match.winner)
      match.weaker.push_back(rule);
    else
      match.winner = rule;
  }
  return match;
}

}  // namespace rec
