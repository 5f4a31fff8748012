// SPDX-License-Identifier: LGPL-2.1-or-later
// The judge of playlists itself: every rule has a text that breaks it and nothing else.
#include "tests/common/hls_lint.h"

#include <gtest/gtest.h>

namespace rec::test {
namespace {

const std::string kHead = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:0\n";
const std::string kSegment = "#EXTINF:9.5,\na.ts\n";

std::string sole_complaint(const std::string &text) {
  const auto complaints = lint_playlist(text).complaints;
  if (complaints.empty()) return "none";
  return complaints.size() == 1 ? complaints[0] : complaints[0] + " AND " + complaints[1];
}

TEST(HlsLint, HasNothingAgainstWhatTheStandardShows) {
  EXPECT_EQ(sole_complaint(kHead + kSegment), "none");
  EXPECT_EQ(
      sole_complaint("#EXTM3U\r\n#EXT-X-TARGETDURATION:10\r\n\r\n#EXTINF:9,x\r\na.ts\r\n#EXT-X-ENDLIST\r\n"),
      "none");
  EXPECT_EQ(
      sole_complaint("#EXTM3U\n#EXT-X-VERSION:8\n#EXT-X-TARGETDURATION:2\n#EXT-X-PLAYLIST-TYPE:EVENT\n"
                     "#EXT-X-MAP:URI=\"i.mp4\"\n#EXT-X-PROGRAM-DATE-TIME:2026-11-21T09:20:54.125+01:00\n"
                     "#EXTINF:2.4,\n#EXT-X-BYTERANGE:5@0\na.m4s\n# comment\n#EXT-X-DISCONTINUITY\n"
                     "#EXT-X-MAP:URI=\"j.mp4\",BYTERANGE=\"5@0\"\n#EXT-X-GAP\n#EXTINF:2,\nb.m4s\n"),
      "none");
}

struct Broken {
  std::string text, complaint;
};
class HlsLintRules : public ::testing::TestWithParam<Broken> {};

TEST_P(HlsLintRules, AreHeld) {
  const std::string said = sole_complaint(GetParam().text);
  EXPECT_NE(said.find(GetParam().complaint), std::string::npos) << said << "\n" << GetParam().text;
  EXPECT_EQ(said.find(" AND "), std::string::npos) << said;
}

INSTANTIATE_TEST_SUITE_P(
    Each, HlsLintRules,
    ::testing::Values(
        Broken{"#\n" + kHead.substr(8), "no #EXTM3U first"},
        Broken{kHead + "#EXT-X-VERSION:3\n", "VERSION twice"}, Broken{kHead + "#EXTINF:9.5,\na.ts", "torn"},
        Broken{kHead + "# a\x01\n", "control character"}, Broken{kHead + "a.ts\n", "without EXTINF"},
        Broken{kHead + "#EXTINF:9.5\na.ts\n", "comma"},
        Broken{kHead + "#EXTINF:1,\n" + kSegment, "EXTINF twice"},
        Broken{kHead + "#EXTINF:10.5,\na.ts\n", "longer than"},
        Broken{kHead + kSegment + "#EXT-X-DISCONTINUITY\n", "without a segment"},
        Broken{kHead + kSegment + "#EXT-X-ENDLIST\n" + kSegment, "after EXT-X-ENDLIST"},
        Broken{kHead + "#EXT-X-PLAYLIST-TYPE:LIVE\n", "neither EVENT"},
        Broken{kHead + "#EXT-X-PLAYLIST-TYPE:VOD\n" + kSegment, "VOD without"},
        Broken{kHead + kSegment + "#EXT-X-DISCONTINUITY-SEQUENCE:1\n", "after a segment"},
        Broken{"#EXTM3U\n#EXT-X-TARGETDURATION:9.5\n", "decimal integer"},
        Broken{"#EXTM3U\n#EXT-X-VERSION:3\n", "no EXT-X-TARGETDURATION"},
        Broken{"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:9,\na\n#EXT-X-MEDIA-SEQUENCE:0\n",
               "after a segment"},
        Broken{"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-PLAYLIST-TYPE:EVENT\n",
               "removed from an EVENT"},
        Broken{kHead + "#EXT-X-GAP\n" + kSegment, "GAP needs 8"},
        Broken{kHead + "#EXT-X-BYTERANGE:5@0\n" + kSegment, "BYTERANGE needs 4"},
        Broken{kHead + "#EXT-X-MAP:URI=\"i\"\n" + kSegment, "MAP needs 6"},
        Broken{
            "#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:10\n#EXT-X-MAP:BYTERANGE=\"1@0\"\n" + kSegment,
            "MAP without URI"},
        Broken{"#EXTM3U\n#EXT-X-VERSION:6\n#EXT-X-TARGETDURATION:10\n#EXT-X-MAP:URI=\"i\"\n" + kSegment +
                   "#EXT-X-MAP:URI=\"j\"\n" + kSegment,
               "another EXT-X-MAP"},
        Broken{kHead + "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T09:20:54\n" + kSegment, "ISO 8601"},
        Broken{kHead + "#EXT-X-STREAM-INF:BANDWIDTH=1\n", "multivariant"}));

TEST(HlsLint, LooksForTheFiles) {
  const auto complaints =
      lint_playlist(kHead + kSegment, [](const auto &uri) { return uri != "a.ts"; }).complaints;
  ASSERT_EQ(complaints.size(), 1u);
  EXPECT_NE(complaints[0].find("does not exist"), std::string::npos);
}

std::string change(const std::string &before, const std::string &after) {
  const auto complaints = lint_change(lint_playlist(before), lint_playlist(after));
  return complaints.empty() ? "none" : complaints[0];
}

TEST(HlsLint, ComparesVersions) {
  const std::string live = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:";
  const std::string event = "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXT-X-PLAYLIST-TYPE:EVENT\n";
  const std::string a = "#EXT-X-DISCONTINUITY\n#EXTINF:9,\na.ts\n", b = "#EXTINF:9,\nb.ts\n";
  EXPECT_EQ(change(live + "0\n" + a, live + "0\n" + a + b), "none");
  EXPECT_EQ(change(live + "0\n" + a + b, live + "1\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n" + b), "none");
  EXPECT_EQ(change(event + a,
                   "#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXT-X-PLAYLIST-TYPE:VOD\n" + a + "#EXT-X-ENDLIST\n"),
            "none");
  EXPECT_NE(change(live + "0\n" + a + b, live + "1\n" + b).find("DISCONTINUITY-SEQUENCE is 0 and not 1"),
            std::string::npos);
  EXPECT_NE(change(live + "1\n" + a, live + "0\n" + a).find("went back"), std::string::npos);
  EXPECT_NE(change(live + "0\n" + a + b, live + "0\n" + a).find("vanished"), std::string::npos);
  EXPECT_NE(change(live + "0\n" + a, live + "0\n" + b).find("changed"), std::string::npos);
  EXPECT_NE(change(event + a, "#EXTM3U\n#EXT-X-TARGETDURATION:11\n#EXT-X-PLAYLIST-TYPE:EVENT\n" + a)
                .find("TARGETDURATION changed"),
            std::string::npos);
  EXPECT_NE(change(event + a, live + "0\n" + a).find("lost its type"), std::string::npos);
  EXPECT_NE(change(event + a + "#EXT-X-ENDLIST\n", event + a).find("after EXT-X-ENDLIST"), std::string::npos);
}

}  // namespace
}  // namespace rec::test
