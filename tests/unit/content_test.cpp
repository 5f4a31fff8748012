// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/content.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

using Names = std::vector<std::string>;

std::vector<Content> contents(const Names &names) {
  std::vector<Content> list;
  for (const std::string &name : names) list.push_back(content_named(name).value());
  return list;
}

Names names(const std::vector<Content> &list) {
  Names text;
  for (const Content &content : list) text.push_back(name_of(content));
  return text;
}

struct Case {
  Names wanted, there, recorded, missing;
};

TEST(Contents, FallBackAsTheCloudsDo) {
  const std::vector<Case> cases = {
      {{"origin"}, {}, {"origin"}, {}},
      {{"origin"}, {"watermarked"}, {"origin"}, {}},
      {{"watermarked"}, {"watermarked"}, {"watermarked"}, {}},
      {{"watermarked"}, {}, {"origin"}, {"watermarked"}},
      {{"transcoded:720"}, {"watermarked", "transcoded:720"}, {"transcoded:720"}, {}},
      {{"transcoded:720"}, {"watermarked", "transcoded:480"}, {"watermarked"}, {"transcoded:720"}},
      {{"transcoded:720"}, {"transcoded:480"}, {"origin"}, {"transcoded:720"}},
      {{"origin", "watermarked", "transcoded:1"}, {}, {"origin"}, {"watermarked", "transcoded:1"}},
      {{"origin", "watermarked"}, {"watermarked"}, {"origin", "watermarked"}, {}},
      {{"transcoded:*"},
       {"transcoded:1", "watermarked", "transcoded:2"},
       {"transcoded:1", "transcoded:2"},
       {}},
      {{"transcoded:*"}, {"watermarked"}, {"watermarked"}, {}},
      {{"origin", "transcoded:*"}, {}, {"origin"}, {}},
  };
  for (const Case &c : cases) {
    const auto wanted = contents(c.wanted), there = contents(c.there);
    EXPECT_EQ(names(contents_to_record(wanted, there)), c.recorded) << c.wanted[0];
    EXPECT_EQ(names(contents_missing(wanted, there)), c.missing) << c.wanted[0];
  }
}

TEST(Contents, HaveLabelsForPadsAndFiles) {
  for (const char *label : {"origin", "watermarked", "transcoded_720p", "transcoded_a_b"}) {
    const auto content = content_labelled(label);
    ASSERT_TRUE(content) << label;
    EXPECT_EQ(label_of(*content), label);
  }
  EXPECT_EQ(content_labelled("transcoded_720")->id, "720");
  for (const char *label : {"", "0", "transcoded", "transcoded_", "transcoded:7", "transcoded_*",
                            "transcoded_a/b", "watermarked_1", "Watermarked"})
    EXPECT_FALSE(content_labelled(label)) << label;
  EXPECT_EQ(record_source_of(*content_labelled("transcoded_720")), "720");
  EXPECT_EQ(record_source_of(*content_labelled("watermarked")), "origin");
}

}  // namespace
}  // namespace rec
