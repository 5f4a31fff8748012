// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/media_playlist.h"

#include <gtest/gtest.h>

#include <random>

#include "core/model/utf8.h"
#include "tests/unit/playlist_generator.h"

namespace rec {
namespace {

using namespace std::chrono_literals;

MediaSegment segment(const char *uri, PlaylistDuration duration) {
  MediaSegment s;
  s.uri = uri;
  s.duration = duration;
  return s;
}

MediaPlaylist spliced() {
  MediaPlaylist p;
  p.target_duration = 10s;
  p.type = PlaylistType::event;
  p.independent_segments = true;
  p.segments = {segment("segment00000.ts", 10s), segment("segment00001.ts", 9'999'999us),
                segment("segment00002.ts", 40ms)};
  p.segments[0].program_date_time = PlaylistTime(1'795'252'854'125ms);
  p.segments[2].discontinuity = true;
  return p;
}

std::string error_of(const std::string &text) {
  const auto parsed = parse_playlist(text);
  return parsed ? "parsed" : parsed.error().message;
}

constexpr char kHeader[] = "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:0\n";

std::string with_header(const std::string &rest) { return kHeader + rest; }

TEST(MediaPlaylist, WritesTagsInTheOrderOfTheStandard) {
  const auto text = write_playlist(spliced());
  ASSERT_TRUE(text) << text.error().message;
  EXPECT_EQ(*text,
            "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXT-X-MEDIA-SEQUENCE:0\n"
            "#EXT-X-PLAYLIST-TYPE:EVENT\n#EXT-X-INDEPENDENT-SEGMENTS\n"
            "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T09:20:54.125Z\n#EXTINF:10.000000,\nsegment00000.ts\n"
            "#EXTINF:9.999999,\nsegment00001.ts\n#EXT-X-DISCONTINUITY\n#EXTINF:0.040000,\nsegment00002.ts\n");
}

TEST(MediaPlaylist, EndsWithEndList) {
  auto p = spliced();
  p.type = PlaylistType::vod;
  p.end_list = true;
  const auto text = write_playlist(p);
  ASSERT_TRUE(text);
  EXPECT_TRUE(text->ends_with("segment00002.ts\n#EXT-X-ENDLIST\n"));
  EXPECT_NE(text->find("#EXT-X-PLAYLIST-TYPE:VOD\n"), std::string::npos);
}

TEST(MediaPlaylist, KeepsTheOpenSegmentInACommentThatPlayersIgnore) {
  auto p = spliced();
  p.open = OpenSegment{"segment,00003.ts", true, PlaylistTime(1'795'252'900'000ms), {}};
  const auto text = write_playlist(p);
  ASSERT_TRUE(text);
  const auto last = text->substr(text->rfind('\n', text->size() - 2) + 1);
  EXPECT_EQ(last[0], '#');
  EXPECT_FALSE(last.starts_with("#EXT"));
  const auto again = parse_playlist(*text);
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(*again, p);
}

TEST(MediaPlaylist, KeepsTheMapOfTheOpenSegment) {
  auto p = spliced();
  p.open = OpenSegment{"segment00003.m4s", false, {}, MediaMap{"init.mp4", ByteRange{700, 20}}};
  const auto text = write_playlist(p);
  ASSERT_TRUE(text);
  EXPECT_EQ(text->find("#EXT-X-MAP"), std::string::npos);  // no listed segment has it
  EXPECT_NE(text->find("#EXT-X-VERSION:6\n"), std::string::npos);
  p.version = 6;
  EXPECT_EQ(*parse_playlist(*text), p);
  const std::string open = "# gst-recording open segment: ";
  EXPECT_NE(error_of(with_header(open + "MAP-BYTERANGE=\"1@2\",URI=\"a\"\n")).find("MAP-URI"),
            std::string::npos);
  EXPECT_NE(error_of(with_header(open + "MAP-URI=\"i\",MAP-BYTERANGE=\"7\",URI=\"a\"\n")).find("offset"),
            std::string::npos);
  for (auto &s : p.segments) s.map = p.open->map;
  p.open->map.reset();
  EXPECT_FALSE(write_playlist(p));
}

TEST(MediaPlaylist, MarksASegmentThatIsNotThere) {
  auto p = spliced();
  p.segments[1].gap = true;
  p.version = 8;
  const auto text = write_playlist(p);
  ASSERT_TRUE(text);
  EXPECT_NE(text->find("#EXT-X-VERSION:8\n"), std::string::npos);
  EXPECT_NE(text->find("#EXT-X-GAP\n#EXTINF:9.999999,\nsegment00001.ts\n"), std::string::npos);
  EXPECT_EQ(*parse_playlist(*text), p);
}

TEST(MediaPlaylist, TakesTheLastOpenSegmentUntilOneIsListedAfterIt) {
  const std::string open = "# gst-recording open segment: URI=";
  const auto p =
      parse_playlist(with_header(open + "\"a\"\n#EXTINF:1,\na\n" + open + "\"b\"\n" + open + "\"c\"\n"));
  ASSERT_TRUE(p) << p.error().message;
  EXPECT_EQ(p->open.value().uri, "c");
  EXPECT_FALSE(parse_playlist(with_header(open + "\"a\"\n#EXTINF:1,\na\n"))->open);
}

TEST(MediaPlaylist, RaisesTheVersionToWhatItsTagsNeed) {
  auto p = spliced();
  p.segments[0].range = ByteRange{188, 0};
  p.version = 1;
  EXPECT_NE(write_playlist(p)->find("#EXT-X-VERSION:4\n"), std::string::npos);
  for (auto &s : p.segments) s.map = MediaMap{"init.mp4", std::nullopt};
  EXPECT_NE(write_playlist(p)->find("#EXT-X-VERSION:6\n"), std::string::npos);
}

TEST(MediaPlaylist, RepeatsTheMapOnlyWhereItChangesAndAfterADiscontinuity) {
  auto p = spliced();
  for (auto &s : p.segments) s.map = MediaMap{"init.mp4", ByteRange{700, 0}};
  const auto text = write_playlist(p);
  ASSERT_TRUE(text);
  std::size_t maps = 0;
  for (auto at = text->find("#EXT-X-MAP"); at != text->npos; at = text->find("#EXT-X-MAP", at + 1)) ++maps;
  EXPECT_EQ(maps, 2u);
  p.version = 6;
  EXPECT_EQ(*parse_playlist(*text), p);
}

TEST(MediaPlaylist, RefusesToWriteWhatThePlayerCouldNotRead) {
  const auto refused = [](auto change) {
    auto p = spliced();
    change(p);
    const auto text = write_playlist(p);
    return text ? std::string("written") : text.error().message;
  };
  EXPECT_NE(refused([](auto &p) { p.segments[1].uri = "a\n#EXT-X-ENDLIST"; }).find("control"),
            std::string::npos);
  EXPECT_NE(refused([](auto &p) { p.segments[1].uri = "#a"; }).find("'#'"), std::string::npos);
  EXPECT_NE(refused([](auto &p) { p.segments[1].uri = ""; }).find("empty"), std::string::npos);
  EXPECT_NE(refused([](auto &p) { p.segments[1].duration = 10'500ms; }).find("TARGETDURATION"),
            std::string::npos);
  EXPECT_EQ(refused([](auto &p) { p.segments[1].duration = 10'499'999us; }), "written");
  EXPECT_NE(refused([](auto &p) { p.segments[1].duration = -1us; }).find("negative"), std::string::npos);
  EXPECT_NE(refused([](auto &p) {
              p.segments[0].map = MediaMap{"i", {}};
            }).find("revoked"),
            std::string::npos);
  EXPECT_NE(refused([](auto &p) {
              p.segments[1].range = ByteRange{1, {}};
            }).find("offset"),
            std::string::npos);
  EXPECT_NE(refused([](auto &p) { p.target_duration = 0s; }).find("TARGETDURATION"), std::string::npos);
  EXPECT_NE(refused([](auto &p) {
              p.end_list = true;
              p.open = OpenSegment{"a", false, {}, {}};
            }).find("open"),
            std::string::npos);
}

TEST(MediaPlaylist, NamesTheLineOfAnError) {
  EXPECT_EQ(error_of(""), "the playlist is empty");
  EXPECT_EQ(error_of("#EXTM3U8\n"), "line 1: expected #EXTM3U");
  EXPECT_EQ(error_of(with_header("#EXTINF:x,\na\n")), "line 5: #EXTINF: expected a duration in seconds");
  EXPECT_EQ(error_of(with_header("#EXTINF:1\na\n")), "line 5: #EXTINF: expected EXTINF:<seconds>,[<title>]");
  EXPECT_EQ(error_of(with_header("a\n")), "line 5: a segment without EXTINF");
  EXPECT_EQ(error_of(with_header("#EXTINF:1,\na")), "line 6: the line has no end: the file is cut short");
  EXPECT_EQ(error_of(with_header("#EXTINF:1,\n")), "line 5: tags at the end without a segment");
  EXPECT_EQ(error_of(with_header("#EXT-X-KEY:METHOD=NONE\n")),
            "line 5: #EXT-X-KEY: tag '#EXT-X-KEY' is not supported");
  EXPECT_EQ(error_of(with_header("#EXT-X-VERSION:3\n")), "line 5: #EXT-X-VERSION: the tag appears twice");
  EXPECT_EQ(error_of(with_header("#EXT-X-ENDLIST:\n")), "line 5: #EXT-X-ENDLIST: the tag has no value");
}

TEST(MediaPlaylist, RefusesWhatTheStandardForbids) {
  EXPECT_NE(error_of("#EXTM3U\n#EXT-X-VERSION:3\n").find("TARGETDURATION is missing"), std::string::npos);
  EXPECT_NE(error_of(with_header("#EXTINF:10.5,\na\n")).find("longer than"), std::string::npos);
  EXPECT_NE(error_of(with_header("#EXTINF:1,\na\n#EXT-X-DISCONTINUITY-SEQUENCE:1\n")).find("precede"),
            std::string::npos);
  EXPECT_NE(error_of(with_header("#EXTINF:1,\n#EXTINF:1,\na\n")).find("second EXTINF"), std::string::npos);
  EXPECT_NE(error_of(with_header("#EXT-X-BYTERANGE:5\n#EXTINF:1,\na\n")).find("without an offset"),
            std::string::npos);
  EXPECT_NE(error_of(with_header("#EXT-X-BYTERANGE:5@0\n#EXTINF:1,\na\n")).find("need 4"), std::string::npos);
  EXPECT_NE(error_of(with_header("#EXT-X-PROGRAM-DATE-TIME:2026-02-29T00:00:00Z\n#EXTINF:1,\na\n"))
                .find("expected"),
            std::string::npos);
}

TEST(MediaPlaylist, ReadsWhatOtherWritersWrite) {
  const auto p = parse_playlist(
      "#EXTM3U\r\n# made elsewhere\r\n#EXT-X-TARGETDURATION:2\r\n\r\n"
      "#EXT-X-PROGRAM-DATE-TIME:2026-11-21T11:20:54.1259+02:00\r\n#EXTINF:2,live\r\n/a b.ts\r\n");
  ASSERT_TRUE(p) << p.error().message;
  EXPECT_EQ(p->version, 3u);
  ASSERT_EQ(p->segments.size(), 1u);
  EXPECT_EQ(p->segments[0].uri, "/a b.ts");
  EXPECT_EQ(p->segments[0].title, "live");
  EXPECT_EQ(p->segments[0].duration, 2s);
  EXPECT_EQ(p->segments[0].program_date_time, PlaylistTime(1'795'252'854'125ms));
}

TEST(MediaPlaylist, RoundsLongerFractionsToMicrosecondsExactly) {
  const auto duration = [](const std::string &text) {
    return parse_playlist(with_header("#EXTINF:" + text + ",\na\n"))->segments[0].duration;
  };
  EXPECT_EQ(duration("0.0000005"), 0us);  // half to even
  EXPECT_EQ(duration("0.0000015"), 2us);
  EXPECT_EQ(duration("9.96"), 9'960ms);
  EXPECT_EQ(duration("0.1"), 100ms);
  EXPECT_EQ(duration("4.033366666"), 4'033'367us);
}

TEST(MediaPlaylist, ReadsBackWhateverItWrites) {
  PlaylistGenerator generator(20261121);
  for (int i = 0; i < 500; ++i) {
    const auto p = generator.playlist();
    const auto text = write_playlist(p);
    ASSERT_TRUE(text) << text.error().message;
    const auto again = parse_playlist(*text);
    ASSERT_TRUE(again) << again.error().message << "\n" << *text;
    ASSERT_EQ(*again, p) << *text;
  }
}

TEST(MediaPlaylist, WritesAgainWhateverItReadsFromDamagedText) {
  PlaylistGenerator generator(7);
  int parsed = 0;
  for (int i = 0; i < 1000; ++i) {
    const auto text = write_playlist(generator.playlist());
    const auto first = parse_playlist(generator.damage(*text));
    if (!first) continue;
    ++parsed;
    const auto written = write_playlist(*first);
    ASSERT_TRUE(written) << written.error().message;
    ASSERT_EQ(*parse_playlist(*written), *first) << *written;
  }
  EXPECT_GT(parsed, 25);  // the property was really tried
}

TEST(MediaPlaylist, KeepsADayOfShortSegments) {
  auto p = spliced();
  p.segments.assign(86'400, segment("segment00000.ts", 1s));
  const auto text = write_playlist(p);
  ASSERT_TRUE(text);
  EXPECT_EQ(parse_playlist(*text)->segments.size(), p.segments.size());
}

TEST(Utf8, AcceptsTextAndRefusesMalformedBytesAndControls) {
  EXPECT_TRUE(is_printable_utf8(""));
  EXPECT_TRUE(is_printable_utf8("a \u00e9 \u20ac \U0001f4fc"));
  for (const std::string_view bad :
       {"\n", "\t", "\x7f", "\xc2\x85", "\xc0\xaf", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
        "\xf5\x80\x80\x80", "\xc3", "\xc3(", "\x80", "\xe2\x82"})
    EXPECT_FALSE(is_printable_utf8(bad));
}

}  // namespace
}  // namespace rec
