// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/format.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

using Formats = std::vector<Format>;

TEST(Format, NamesRoundTrip) {
  for (const Format format : kAllFormats) EXPECT_EQ(format_named(name_of(format)), format);
}

TEST(Format, KnowsNoOtherName) {
  EXPECT_EQ(format_named("avi"), std::nullopt);
  EXPECT_EQ(format_named("MP4"), std::nullopt);
  EXPECT_EQ(format_named(""), std::nullopt);
}

TEST(Format, IsToldOfAForeignFileByItsExtension) {
  EXPECT_EQ(format_of_file("/a.b/x.flv"), Format::flv);
  EXPECT_EQ(format_of_file("x.MOV"), Format::mp4);
  EXPECT_EQ(format_of_file("x.m3u8"), Format::hls);
  EXPECT_EQ(format_of_file("x.ts"), Format::other);
  EXPECT_EQ(format_of_file("/a.mp4/x"), Format::other);
  EXPECT_EQ(format_of_file("x."), Format::other);
  EXPECT_EQ(format_of_file(""), Format::other);
}

TEST(Format, OtherIsStoredButCannotBeAskedFor) {
  EXPECT_EQ(stored_format_named("other"), Format::other);
  EXPECT_EQ(stored_format_named("flv"), Format::flv);
  EXPECT_EQ(format_named("other"), std::nullopt);
  EXPECT_FALSE(parse_formats("other"));
}

TEST(Format, ExtensionIsTheNameButForHls) {
  EXPECT_EQ(extension_of(Format::mp4), "mp4");
  EXPECT_EQ(extension_of(Format::aac), "aac");
  EXPECT_EQ(extension_of(Format::hls), "m3u8");
}

TEST(Format, ParsesAListInItsOrder) {
  const auto formats = parse_formats("mp4+flv,aac;hls");
  ASSERT_TRUE(formats);
  EXPECT_EQ(*formats, (Formats{Format::mp4, Format::flv, Format::aac, Format::hls}));
}

TEST(Format, ParsesNothingAsNoFormat) {
  const auto formats = parse_formats("");
  ASSERT_TRUE(formats);
  EXPECT_TRUE(formats->empty());
}

TEST(Format, ErrorNamesTheUnknownPart) {
  const auto formats = parse_formats("flv+mkv");
  ASSERT_FALSE(formats);
  EXPECT_EQ(formats.error().code, Errc::invalid_argument);
  EXPECT_NE(formats.error().message.find("'mkv'"), std::string::npos);
}

TEST(Format, ErrorNamesTheRepeatedPart) {
  const auto formats = parse_formats("flv+mp4+flv");
  ASSERT_FALSE(formats);
  EXPECT_NE(formats.error().message.find("'flv' is given twice"), std::string::npos);
}

TEST(Format, RefusesAnEmptyPart) { EXPECT_FALSE(parse_formats("flv++mp4")); }

TEST(SegmentFormat, HasANameAndAContainerOfItsOwn) {
  EXPECT_EQ(segment_format_named("ts"), SegmentFormat::ts);
  EXPECT_EQ(segment_format_named("cmaf"), SegmentFormat::cmaf);
  EXPECT_FALSE(segment_format_named("mp4"));
  EXPECT_EQ(&container_of(SegmentFormat::ts), &container_of(Format::hls));
  EXPECT_EQ(extension_of(SegmentFormat::cmaf), "m4s");
  EXPECT_EQ(container_of(SegmentFormat::cmaf).format, Format::hls);
}

}  // namespace
}  // namespace rec
