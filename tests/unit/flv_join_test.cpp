// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/flv_join.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <string>

#include "core/model/byte_reader.h"
#include "core/model/flv_metadata.h"

namespace rec {
namespace {

constexpr std::size_t kLargestRead = std::size_t{256} << 10;

ByteSource source_of(const std::string &bytes) {
  return {.size = bytes.size(), .read = [&bytes](std::uint64_t offset, std::span<std::uint8_t> out) {
            EXPECT_LE(out.size(), kLargestRead);
            if (offset > bytes.size() || out.size() > bytes.size() - offset) return false;
            std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
            return true;
          }};
}
std::string number(std::uint64_t v, int bytes) {
  std::string s;
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) s += static_cast<char>(v >> shift);
  return s;
}
std::string tag(int type, std::uint32_t ms, const std::string &data) {
  std::string t = number(static_cast<std::uint64_t>(type), 1) + number(data.size(), 3) +
                  number(ms & 0xffffff, 3) + number(ms >> 24, 1) + number(0, 3) + data;
  return t + number(t.size(), 4);
}
std::string property(const std::string &name, double v) {
  return number(name.size(), 2) + name + '\0' + number(std::bit_cast<std::uint64_t>(v), 8);
}

// What a test's part is made of. Pictures every 40 ms, a keyframe each fifth; sound every 20 ms.
struct Spec {
  std::string name = "a";  // in every frame
  int pictures = 10;
  int sounds = 20;
  std::uint32_t first_ms = 0;
  std::string video_config = "avcC";
  std::string audio_config = "ASC";
  double width = 640;
  std::string video_head = "\x17";  // of a keyframe's tag
  std::string audio_head = "\xaf";
};
std::string flv(const Spec &spec) {
  std::string text("FLV\x01\x05\0\0\0\x09\0\0\0\0", 13);
  text += tag(18, 0,
              "\x02" + number(10, 2) + "onMetaData" + "\x08" + number(3, 4) + property("duration", 7) +
                  property("width", spec.width) + property("height", 360) + number(9, 3));
  const std::string inter(1, static_cast<char>(spec.video_head[0] + 0x10));
  if (spec.pictures > 0) text += tag(9, 0, spec.video_head + std::string(4, '\0') + spec.video_config);
  if (spec.sounds > 0) text += tag(8, 0, spec.audio_head + std::string(1, '\0') + spec.audio_config);
  for (int i = 0; i < std::max(2 * spec.pictures, spec.sounds); ++i) {
    const auto ms = spec.first_ms + static_cast<std::uint32_t>(i) * 20;
    if (i % 2 == 0 && i / 2 < spec.pictures)
      text += tag(9, ms,
                  (i % 10 == 0 ? spec.video_head : inter) + std::string("\1\0\0\0", 4) + spec.name +
                      std::to_string(i));
    if (i < spec.sounds) text += tag(8, ms, spec.audio_head + "\1" + spec.name + std::to_string(i));
  }
  return text + tag(9, spec.first_ms, spec.video_head + std::string("\2\0\0\0", 4));  // the sequence ends
}

Result<std::string> join(const std::vector<std::string> &parts) {
  std::vector<ByteSource> sources;
  for (const std::string &part : parts) sources.push_back(source_of(part));
  REC_TRY(const FlvJoin plan, plan_flv_join(sources));
  if (plan.media.left_out) return *plan.media.left_out;
  std::string text = plan.head;
  REC_CHECK(write_flv_join(plan, sources, [&](std::string_view bytes) {
    EXPECT_LE(bytes.size(), kLargestRead);
    text += bytes;
    return ok();
  }));
  EXPECT_EQ(text.size(), plan.media.size_bytes);
  return text;
}

struct Seen {
  std::size_t at;
  int type;
  std::int64_t ms;
  std::string data;
};
std::vector<Seen> tags_of(const std::string &text) {
  std::vector<Seen> tags;
  const std::span<const std::uint8_t> b(reinterpret_cast<const std::uint8_t *>(text.data()), text.size());
  for (std::size_t at = 13; at < b.size();) {
    const std::size_t size = be24(b.subspan(at + 1));
    tags.push_back(
        {at, b[at], be24(b.subspan(at + 4)) | (std::int64_t{b[at + 7]} << 24), text.substr(at + 11, size)});
    at += 15 + size;
  }
  return tags;
}
std::vector<Seen> frames_of(const std::string &text, int type) {
  std::vector<Seen> frames = tags_of(text);
  std::erase_if(frames, [&](const Seen &s) { return s.type != type || s.data.size() < 2 || s.data[1] != 1; });
  return frames;
}

TEST(FlvJoin, PutsEveryPartBehindTheOneBefore) {
  const auto joined = join({flv({}), flv({.name = "b", .first_ms = 5000}), flv({.name = "c"})});
  ASSERT_TRUE(joined) << joined.error().message;
  for (const auto &[type, step, each] : {std::tuple(9, 40, 10), std::tuple(8, 20, 20)}) {
    const auto frames = frames_of(*joined, type);
    ASSERT_EQ(frames.size(), 3U * static_cast<unsigned>(each));
    for (std::size_t i = 0; i < frames.size(); ++i) {
      EXPECT_EQ(frames[i].ms, static_cast<std::int64_t>(i) * step);
      EXPECT_EQ(frames[i].data[type == 9 ? 5 : 2], "abc"[i / static_cast<unsigned>(each)]);
    }
  }
}

TEST(FlvJoin, KeepsSoundAndPictureAsFarApartAsTheyWere) {
  // The sound of the first part is 200 ms longer than its picture, and all of the second begins behind that.
  const auto joined = join({flv({.sounds = 30}), flv({.name = "b"})});
  ASSERT_TRUE(joined);
  EXPECT_EQ(frames_of(*joined, 9)[10].ms, 600);
  EXPECT_EQ(frames_of(*joined, 8)[30].ms, 600);
}

TEST(FlvJoin, LeavesOutWhatSaysNothingNew) {
  const auto joined = join({flv({}), flv({.name = "b"})});
  ASSERT_TRUE(joined);
  unsigned scripts = 0, configs = 0, ends = 0;
  for (const Seen &seen : tags_of(*joined)) {
    scripts += seen.type == 18;
    configs += seen.type != 18 && seen.data[1] == 0;
    ends += seen.type == 9 && seen.data[1] == 2;
  }
  EXPECT_EQ(scripts, 1U);
  EXPECT_EQ(configs, 2U) << "one of each track";
  EXPECT_EQ(ends, 0U);
}

TEST(FlvJoin, KeepsNewParameterSetsOfAPictureOfTheSameSize) {
  const auto joined = join({flv({}), flv({.name = "b", .video_config = "other"})});
  ASSERT_TRUE(joined) << joined.error().message;
  const auto tags = tags_of(*joined);
  const auto config =
      std::find_if(tags.begin(), tags.end(), [](const Seen &s) { return s.data.ends_with("other"); });
  ASSERT_NE(config, tags.end());
  EXPECT_EQ(config->ms, 400);
  EXPECT_EQ((config + 1)->data[5], 'b');
}

TEST(FlvJoin, TellsTheTruthInItsMetadata) {
  const auto joined = join({flv({}), flv({.name = "b"})});
  ASSERT_TRUE(joined);
  const auto tags = tags_of(*joined);
  const auto metadata = FlvMetadata::parse(tags.front().data);
  ASSERT_TRUE(metadata);
  EXPECT_EQ(metadata->number("duration"), 0.8);
  EXPECT_EQ(metadata->number("filesize"), static_cast<double>(joined->size()));
  EXPECT_EQ(metadata->number("width"), 640);
  // The index: number of points, then times and places.
  const std::string &data = tags.front().data;
  const std::span<const std::uint8_t> b(reinterpret_cast<const std::uint8_t *>(data.data()), data.size());
  const std::size_t times = data.find("times") + 6;
  const std::size_t places = data.find("filepositions") + 14;
  ASSERT_EQ(be32(b.subspan(times)), 4U);
  for (std::size_t i = 0; i < 4; ++i) {
    const double at = std::bit_cast<double>(be64(b.subspan(places + 4 + 9 * i + 1)));
    const double time = std::bit_cast<double>(be64(b.subspan(times + 4 + 9 * i + 1)));
    const auto hit = std::find_if(tags.begin(), tags.end(),
                                  [&](const Seen &s) { return s.at == static_cast<std::size_t>(at); });
    ASSERT_NE(hit, tags.end());
    EXPECT_EQ(hit->data[0], '\x17');
    EXPECT_EQ(static_cast<double>(hit->ms) / 1000, time);
  }
}

TEST(FlvJoin, TakesPartsThatLackATrack) {
  const auto joined = join({flv({}), flv({.name = "b", .sounds = 0}), flv({.name = "c"})});
  ASSERT_TRUE(joined) << joined.error().message;
  EXPECT_EQ(frames_of(*joined, 8).size(), 40U);
  EXPECT_EQ(frames_of(*joined, 8)[20].ms, 800);
  EXPECT_EQ(frames_of(*joined, 9)[20].ms, 800);
}

TEST(FlvJoin, RefusesWhatDoesNotFit) {
  const std::pair<Spec, const char *> cases[] = {
      {{.video_head = "\x1c"}, "H.265 instead of H.264"},
      {{.audio_head = "\x2f"}, "instead of AAC"},
      {{.audio_config = "44k"}, "another sound configuration"},
      {{.video_config = "other", .width = 1280}, "another picture"},
      {{.first_ms = 0x80000000U}, ""},  // of itself it fits: time begins at 0 again
  };
  for (const auto &[spec, reason] : cases) {
    const auto joined = join({flv({}), flv(spec)});
    ASSERT_EQ(bool(joined), *reason == '\0') << reason;
    if (joined) continue;
    EXPECT_EQ(joined.error().code, Errc::invalid_argument);
    EXPECT_NE(joined.error().message.find(reason), std::string::npos) << joined.error().message;
    EXPECT_NE(joined.error().message.find("part 2"), std::string::npos);
  }
  std::string long_part = flv({.pictures = 2, .sounds = 0});
  long_part += tag(9, 0x7fffffff, std::string("\x27\1\0\0\0", 5));
  EXPECT_TRUE(join({long_part}));
  EXPECT_NE(join({flv({}), long_part}).error().message.find("24 days"), std::string::npos);
}

TEST(FlvJoin, RefusesWhatIsNotWhole) {
  const std::string whole = flv({});
  for (std::size_t cut = 1; cut < 20; ++cut)
    EXPECT_EQ(join({whole, whole.substr(0, whole.size() - cut)}).error().code, Errc::corrupt) << cut;
  EXPECT_EQ(join({}).error().code, Errc::invalid_argument);
  EXPECT_EQ(join({whole.substr(0, 13)}).error().code, Errc::corrupt);
}

TEST(FlvJoin, JoinsAsManyAsFitAndSaysWhyTheNextDoesNot) {
  const std::vector<std::string> parts = {flv({}), flv({.name = "b"}), flv({.video_head = "\x1c"}), flv({})};
  std::vector<ByteSource> sources;
  for (const std::string &part : parts) sources.push_back(source_of(part));
  const auto plan = plan_flv_join(sources);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->media.parts, 2U);
  EXPECT_EQ(plan->media.video_frames, 20U);
  ASSERT_TRUE(plan->media.left_out);
  EXPECT_NE(plan->media.left_out->message.find("part 3"), std::string::npos);
  std::string text = plan->head;
  ASSERT_TRUE(write_flv_join(*plan, sources, [&](std::string_view bytes) {
    text += bytes;
    return ok();
  }));
  EXPECT_EQ(text, *join({parts[0], parts[1]}));
}

TEST(FlvJoin, EndsWhenItCannotWrite) {
  const std::string part = flv({});
  const ByteSource source = source_of(part);
  const auto plan = plan_flv_join({&source, 1});
  ASSERT_TRUE(plan);
  const auto full = [](std::string_view) -> Status { return Error{Errc::unavailable, "full"}; };
  EXPECT_EQ(write_flv_join(*plan, {&source, 1}, full).error().message, "full");
}

TEST(FlvJoin, SurvivesEveryByteChangedInTurn) {
  const std::string good = flv({.pictures = 2, .sounds = 2});
  for (std::size_t i = 0; i < good.size(); ++i)
    for (const char c : {'\0', '\x01', '\x7f', '\xff'}) {
      std::string bad = good;
      bad[i] = c;
      if (const auto joined = join({good, bad})) {
        EXPECT_LE(joined->size(), 2 * good.size() + 400);
      }
    }
}

TEST(FlvMetadata, KeepsWhatItDoesNotKnow) {
  const std::string text = "\x02" + number(10, 2) + "onMetaData" + "\x08" + number(9, 4) +
                           property("width", 3) + number(1, 2) + "o" + "\x03" + property("x", 1) +
                           number(9, 3) + number(1, 2) + "l" + "\x0a" + number(2, 4) + "\5\6" + number(1, 2) +
                           "s" + "\x02" + number(2, 2) + "hi" + number(9, 3);
  auto metadata = FlvMetadata::parse(text);
  ASSERT_TRUE(metadata);
  metadata->set_number("width", 4);
  metadata->set_number("new", 5);
  metadata->remove("s");
  const auto again = FlvMetadata::parse(metadata->write());
  ASSERT_TRUE(again);
  EXPECT_EQ(again->number("width"), 4);
  EXPECT_EQ(again->number("new"), 5);
  const std::string written = again->write();
  EXPECT_NE(written.find(std::string("o\x03") + property("x", 1) + number(9, 3)), std::string::npos);
  EXPECT_EQ(written.find("hi"), std::string::npos);
}

TEST(FlvMetadata, RefusesWhatNestsTooDeeply) {
  std::string deep = "\x02" + number(10, 2) + "onMetaData" + "\x03";
  for (int i = 0; i < 100000; ++i) deep += number(1, 2) + "o\x03";
  EXPECT_FALSE(FlvMetadata::parse(deep));
}

}  // namespace
}  // namespace rec
