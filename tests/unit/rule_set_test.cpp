// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/rule_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace rec {
namespace {

RecordingRule rule(const char *domain, const char *app, const char *stream, const char *name = "t") {
  return {domain, app, stream, name, ""};
}

RuleSet set_of(const std::vector<RecordingRule> &rules) {
  RuleSet set;
  for (const RecordingRule &r : rules) set.add(r);
  return set;
}

std::string winner(const RuleSet &set, const char *domain, const char *app, const char *stream) {
  const RuleMatch match = set.match({domain, app, stream, ""});
  return match.winner ? match.winner->template_name : "none";
}

TEST(RuleSet, TheNarrowerRuleWinsAndAStreamBeatsAnApp) {
  const RuleSet set = set_of(
      {rule("d", "", "", "4"), rule("d", "a", "", "3"), rule("d", "", "s", "2"), rule("d", "a", "s", "1")});
  EXPECT_EQ(winner(set, "d", "a", "s"), "1");
  EXPECT_EQ(winner(set, "d", "x", "s"), "2");
  EXPECT_EQ(winner(set, "d", "a", "x"), "3");
  EXPECT_EQ(winner(set, "d", "x", "x"), "4");
  EXPECT_EQ(winner(set, "x", "a", "s"), "none");
}

TEST(RuleSet, SaysWhichRulesLostStrongestFirst) {
  const RuleSet set = set_of({rule("d", "", "", "4"), rule("d", "a", "", "3"), rule("d", "", "s", "2"),
                              rule("d", "b", "s", "other")});
  const RuleMatch match = set.match({"d", "a", "s", ""});
  ASSERT_NE(match.winner, nullptr);
  EXPECT_EQ(rank_of(*match.winner), RuleRank::domain_stream);
  ASSERT_EQ(match.weaker.size(), 2U);
  EXPECT_EQ(match.weaker[0]->template_name, "3");
  EXPECT_EQ(match.weaker[1]->template_name, "4");
  EXPECT_EQ(name_of(rank_of(*match.weaker[0])), "domain + app");
}

TEST(RuleSet, EmptyAndStarAreTheSameWildcard) {
  RuleSet set = set_of({rule("d", "*", "s", "stream"), rule("d", "", "*", "domain")});
  EXPECT_EQ(winner(set, "d", "a", "s"), "stream");
  EXPECT_EQ(winner(set, "d", "a", "x"), "domain");
  EXPECT_EQ(set.add(rule("d", "", "s"))->template_name, "stream");
  EXPECT_EQ(set.add(rule("d", "*", ""))->template_name, "domain");
}

TEST(RuleSet, RefusesTheSameKeyTwice) {
  RuleSet set;
  EXPECT_FALSE(set.add(rule("d", "a", "s", "first")));
  const auto earlier = set.add(rule("D", "a", "s", "second"));
  ASSERT_TRUE(earlier);
  EXPECT_EQ(earlier->template_name, "first");
  EXPECT_FALSE(set.add(rule("d", "A", "s"))) << "apps and streams compare exactly";
  EXPECT_EQ(set.size(), 2U);
}

TEST(RuleSet, HostNamesCompareWithoutCase) {
  EXPECT_EQ(winner(set_of({rule("Push.Example.org", "", "")}), "pUSH.example.ORG", "a", "s"), "t");
}

TEST(RuleSet, PartsOfAKeyCannotRunIntoEachOther) {
  RuleSet set = set_of({rule("d", "ab", "c", "1"), rule("d", "a", "bc", "2"), rule("da", "b", "c", "3")});
  EXPECT_EQ(set.size(), 3U);
  EXPECT_EQ(winner(set, "d", "a", "bc"), "2");
  EXPECT_EQ(winner(set, "1,1,d", "", ""), "none");
}

TEST(RuleSet, APushNamedStarMatchesOnlyWildcards) {
  const RuleSet set = set_of({rule("d", "a", "s", "1"), rule("d", "", "", "4")});
  EXPECT_EQ(winner(set, "d", "*", "*"), "4");
  EXPECT_EQ(winner(set, "d", "", ""), "4");
  EXPECT_EQ(winner(set, "*", "a", "s"), "none");
}

// Spec 1.3, word for word.
const RecordingRule *reference(const std::vector<RecordingRule> &rules, const PushIdentity &push) {
  const auto wild = [](const std::string &s) { return s.empty() || s == "*"; };
  const RecordingRule *best = nullptr;
  int best_rank = 4;
  for (const RecordingRule &r : rules) {
    if (r.domain != push.domain || !(wild(r.app) || r.app == push.app) ||
        !(wild(r.stream) || r.stream == push.stream))
      continue;
    const int rank = (wild(r.stream) ? 2 : 0) + (wild(r.app) ? 1 : 0);
    if (rank >= best_rank) continue;
    best = &r;
    best_rank = rank;
  }
  return best;
}

TEST(RuleSet, AgreesWithTheReferenceResolverOnRandomRules) {
  std::mt19937 random(20261121);  // NOLINT(cert-msc51-cpp): the same rules in every run
  const char *const domains[] = {"d1", "d2", "d3"};
  const char *const parts[] = {"", "*", "a", "b", "c", "ab"};
  const auto pick = [&](auto &from) { return from[random() % std::size(from)]; };
  for (int round = 0; round < 300; ++round) {
    RuleSet set;
    std::vector<RecordingRule> kept;
    for (int i = 0; i < 12; ++i) {
      RecordingRule r = rule(pick(domains), pick(parts), pick(parts), std::to_string(i).c_str());
      if (!set.add(r)) kept.push_back(r);
    }
    for (int i = 0; i < 60; ++i) {
      const PushIdentity push{pick(domains), pick(parts), pick(parts), ""};
      const RecordingRule *const expected = reference(kept, push);
      const RuleMatch match = set.match(push);
      ASSERT_EQ(match.winner != nullptr, expected != nullptr);
      if (expected) {
        ASSERT_EQ(match.winner->template_name, expected->template_name);
      }
      EXPECT_TRUE(std::is_sorted(match.weaker.begin(), match.weaker.end(),
                                 [](const auto *a, const auto *b) { return rank_of(*a) < rank_of(*b); }));
    }
  }
}

TEST(RuleSet, FindsOneAmongAHundredThousand) {
  RuleSet set;
  for (int i = 0; i < 100000; ++i)
    set.add({"d" + std::to_string(i % 100), "live", "s" + std::to_string(i), "t", ""});
  EXPECT_EQ(set.size(), 100000U);
  for (int i = 0; i < 100000; ++i) {
    const RuleMatch match = set.match({"d" + std::to_string(i % 100), "live", "s" + std::to_string(i), ""});
    ASSERT_NE(match.winner, nullptr);
  }
}

TEST(RuleSet, SaysWhyARuleDoesNotFit) {
  const PushIdentity push{"Push.example.org", "live", "cam1", ""};
  const auto why = [&](const char *domain, const char *app, const char *stream) {
    return why_not({domain, app, stream, "t", ""}, push);
  };
  EXPECT_EQ(why("push.EXAMPLE.org", "*", ""), "");
  EXPECT_EQ(why("push.example.org", "live", "cam1"), "");
  EXPECT_EQ(why("push.example.com", "live", "cam1"), "its domain is \"push.example.com\"");
  EXPECT_EQ(why("push.example.org", "Live", "cam2"), "its app is \"Live\"");
  EXPECT_EQ(why("push.example.org", "live", "cam"), "its stream is \"cam\"");
  EXPECT_EQ(why_not({"d", "*", "x", "t", ""}, {"d", "live", "*", ""}), "its stream is \"x\"");
}

}  // namespace
}  // namespace rec
