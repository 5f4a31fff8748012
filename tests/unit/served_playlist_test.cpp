// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/served_playlist.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

std::string served(std::string_view text) {
  return served_playlist(text, [](std::string_view uri) -> std::optional<std::string> {
    if (uri.find("unknown") != std::string_view::npos) return std::nullopt;
    return "segment/" + std::string(uri);
  });
}

constexpr const char *kHeader = "#EXTM3U\n#EXT-X-TARGETDURATION:2\n";

TEST(ServedPlaylist, UrisAreReplacedAndTagsStay) {
  EXPECT_EQ(served(std::string(kHeader) +
                   "#EXT-X-MAP:URI=\"i.mp4\",BYTERANGE=\"7@0\"\n#EXTINF:2,\na.m4s\n#EXT-X-DISCONTINUITY\n"
                   "#EXTINF:1,\nb.m4s\n#EXT-X-ENDLIST\n"),
            std::string(kHeader) +
                "#EXT-X-MAP:URI=\"segment/i.mp4\",BYTERANGE=\"7@0\"\n#EXTINF:2,\nsegment/a.m4s\n"
                "#EXT-X-DISCONTINUITY\n#EXTINF:1,\nsegment/b.m4s\n#EXT-X-ENDLIST\n");
}

TEST(ServedPlaylist, ItSaysNothingOfTheSegmentThatIsBeingWritten) {
  EXPECT_EQ(served(std::string(kHeader) + "#EXTINF:2,\na.ts\n# open: /private/.b.ts.part\n"),
            std::string(kHeader) + "#EXTINF:2,\nsegment/a.ts\n");
}

TEST(ServedPlaylist, AGrowingOneEndsBeforeWhatIsNotKnownYet) {
  EXPECT_EQ(served(std::string(kHeader) + "#EXTINF:2,\na.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:2,\nunknown.ts\n"),
            std::string(kHeader) + "#EXTINF:2,\nsegment/a.ts\n");
}

TEST(ServedPlaylist, AGrowingOneEndsBeforeALineThatIsBeingWritten) {
  EXPECT_EQ(served(std::string(kHeader) + "#EXTINF:2,\na.ts\n#EXTINF:2,\nb.t"),
            std::string(kHeader) + "#EXTINF:2,\nsegment/a.ts\n");
}

TEST(ServedPlaylist, OneWithoutSegmentsHasItsHeader) { EXPECT_EQ(served(kHeader), kHeader); }

TEST(ServedPlaylist, AFinishedOneSaysWhatIsMissing) {
  EXPECT_EQ(
      served(std::string(kHeader) + "#EXTINF:2,\nunknown.ts\n#EXTINF:2,\nb.ts\n#EXT-X-ENDLIST\n"),
      std::string(kHeader) + "#EXTINF:2,\n#EXT-X-GAP\nmissing\n#EXTINF:2,\nsegment/b.ts\n#EXT-X-ENDLIST\n");
}

TEST(ServedPlaylist, SegmentsWhoseMapIsNotThereAreNotThereEither) {
  EXPECT_EQ(
      served(std::string(kHeader) + "#EXT-X-MAP:URI=\"unknown.mp4\"\n#EXTINF:2,\na.m4s\n#EXT-X-ENDLIST\n"),
      std::string(kHeader) + "#EXTINF:2,\n#EXT-X-GAP\nmissing\n#EXT-X-ENDLIST\n");
}

TEST(PathOfUri, IsSeenFromThePlaylist) {
  EXPECT_EQ(path_of_uri("s1.ts", "/rec/live/index.m3u8"), "/rec/live/s1.ts");
  EXPECT_EQ(path_of_uri("a%20b/s1.ts?x=1", "/rec/live/index.m3u8"), "/rec/live/a b/s1.ts");
  EXPECT_EQ(path_of_uri("../other/./s1.ts", "/rec/live/index.m3u8"), "/rec/other/s1.ts");
  EXPECT_EQ(path_of_uri("../../../../s1.ts", "/rec/live/index.m3u8"), "/s1.ts");
  EXPECT_EQ(path_of_uri("file:///rec/a%25b.ts", "/x/y.m3u8"), "/rec/a%b.ts");
  EXPECT_EQ(path_of_uri("/rec/a.ts", "/x/y.m3u8"), "/rec/a.ts");
  EXPECT_EQ(path_of_uri("a:b.ts/c", "/x/y.m3u8"), std::nullopt);
}

TEST(PathOfUri, OfAnotherPlaceOrNonsenseThereIsNone) {
  for (const char *uri : {"https://example.org/a.ts", "data:video/mp2t;base64,AA", "", "%", "%zz", "a%00b",
                          "%4", "file://", "file://host/a.ts"})
    EXPECT_EQ(path_of_uri(uri, "/x/y.m3u8"), std::nullopt) << uri;
}

}  // namespace
}  // namespace rec
