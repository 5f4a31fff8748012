// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/stored_playlist.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

const std::string kHeader = "#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-TARGETDURATION:3\n";
const std::string kPlaylist = kHeader +
                              "#EXT-X-MAP:URI=\"a/init.mp4\"\n#EXTINF:2,\na/1.m4s\n#EXTINF:2,\na/2.m4s\n"
                              "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"b/init.mp4\"\n#EXTINF:2,\nb/3.m4s\n"
                              "#EXTINF:2,\nb/4.m4s\n#EXT-X-ENDLIST\n";

std::string up_to(const std::string &text) { return kPlaylist.substr(0, kPlaylist.find(text)) + text; }

TEST(StoredPlaylist, NamesWhatTheStoreHasAndSaysNotThatItEnds) {
  EXPECT_EQ(stored_part_of(kPlaylist, {{}, "b/4.m4s"}), up_to("b/4.m4s\n"));
  EXPECT_EQ(stored_part_of(kPlaylist, {{"b/4.m4s"}, "b/4.m4s"}), up_to("b/3.m4s\n"));
}

TEST(StoredPlaylist, EndsBeforeAHoleWhateverIsBehindIt) {
  EXPECT_EQ(stored_part_of(kPlaylist, {{"a/2.m4s"}, "b/4.m4s"}), up_to("a/1.m4s\n"));
  EXPECT_EQ(stored_part_of(kPlaylist, {{"a/2.m4s", "b/3.m4s"}, "b/4.m4s"}), up_to("a/1.m4s\n"));
}

TEST(StoredPlaylist, NamesNoSegmentWhoseInitialisationSectionIsMissing) {
  EXPECT_EQ(stored_part_of(kPlaylist, {{"b/init.mp4"}, "b/4.m4s"}), up_to("a/2.m4s\n"));
  EXPECT_EQ(stored_part_of(kPlaylist, {{"a/init.mp4"}, "b/4.m4s"}), "");
}

TEST(StoredPlaylist, NamesNothingThatTheCatalogueDoesNotKnowYet) {
  EXPECT_EQ(stored_part_of(kPlaylist, {{}, "a/2.m4s"}), up_to("a/2.m4s\n"));
}

TEST(StoredPlaylist, TellsNothingOfAnotherPlaylist) {
  EXPECT_EQ(stored_part_of(kPlaylist, {{}, "c/9.m4s"}), "");
  EXPECT_EQ(stored_part_of(kPlaylist, {{}, ""}), "");
  EXPECT_EQ(stored_part_of("", {{}, "a/1.m4s"}), "");
}

TEST(StoredPlaylist, TakesNoLineThatIsNotWhole) {
  const std::string torn = up_to("b/3.m4s\n") + "#EXTINF:2,\nb/4.m4s";
  EXPECT_EQ(stored_part_of(torn, {{}, "b/3.m4s"}), up_to("b/3.m4s\n"));
  EXPECT_EQ(stored_part_of(torn, {{}, "b/4.m4s"}), "") << "it is not there yet";
}

TEST(StoredPlaylist, GoesUpLessOftenWhenItIsLong) {
  EXPECT_EQ(playlist_refresh(Seconds(10), 0), Seconds(10));
  EXPECT_EQ(playlist_refresh(Seconds(10), 10'000), Seconds(10));
  EXPECT_EQ(playlist_refresh(Seconds(10), 21'600), Milliseconds(21'600));
  EXPECT_EQ(playlist_refresh(Seconds(10), UINT64_MAX), std::chrono::hours(1));
}

}  // namespace
}  // namespace rec
