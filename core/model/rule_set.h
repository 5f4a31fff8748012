// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/model/push.h"

namespace rec {

// Binds a template to pushes (spec 1.3). Domains compare without regard to case, the rest exactly.
struct RecordingRule {
  std::string domain;  // never a wildcard
  std::string app;     // "" and "*" = every app
  std::string stream;  // "" and "*" = every stream
  std::string template_name;
  std::string origin;  // where it was written, "recording.json:12:5": for people
};

// How narrow a rule is, strongest first: the order of spec 1.3, in which a stream beats an app.
enum class RuleRank { domain_app_stream = 1, domain_stream, domain_app, domain };

RuleRank rank_of(const RecordingRule &rule);
std::string_view name_of(RuleRank rank);  // "domain + app + stream", ...

// Why a rule does not fit a push: "its app is \"live\""; "" when it fits.
std::string why_not(const RecordingRule &rule, const PushIdentity &push);
bool same_domain(std::string_view a, std::string_view b);  // without regard to case

// Every rule that fits a push. The pointers live as long as the RuleSet, unmoved.
struct RuleMatch {
  const RecordingRule *winner = nullptr;      // null: the push is not recorded
  std::vector<const RecordingRule *> weaker;  // fit too and lost by their rank, strongest first
};

// Rules with different keys, found in constant time however many there are. match() may be called by any
// number of threads at once, add() by none beside it.
class RuleSet {
 public:
  // Takes a rule in, unless one with the same domain, app and stream is there: that one is returned.
  std::optional<RecordingRule> add(RecordingRule rule);

  void reserve(std::size_t rules);
  RuleMatch match(const PushIdentity &push) const;
  std::size_t size() const { return rules_.size(); }
  const std::vector<RecordingRule> &all() const { return rules_; }  // in the order of add()

 private:
  const RecordingRule *find(std::string_view domain, std::string_view app, std::string_view stream) const;

  std::vector<RecordingRule> rules_;                    // in the order of add()
  std::unordered_map<std::string, std::size_t> index_;  // key -> index in rules_
};

}  // namespace rec
