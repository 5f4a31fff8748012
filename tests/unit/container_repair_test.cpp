// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/container_repair.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <string>

namespace rec {
namespace {

ByteSource source_of(const std::string &bytes) {
  return {.size = bytes.size(), .read = [&bytes](std::uint64_t offset, std::span<std::uint8_t> out) {
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

// ---- FLV

std::string tag(int type, std::uint32_t ms, const std::string &data) {
  std::string t = number(static_cast<std::uint64_t>(type), 1) + number(data.size(), 3) +
                  number(ms & 0xffffff, 3) + number(ms >> 24, 1) + number(0, 3) + data;
  return t + number(t.size(), 4);
}
std::string amf_number(const std::string &name, double v) {
  return number(name.size(), 2) + name + '\0' + number(std::bit_cast<std::uint64_t>(v), 8);
}
std::string flv_start() {
  return std::string("FLV\x01\x05\0\0\0\x09\0\0\0\0", 13) +
         tag(18, 0,
             "\x02" + number(10, 2) + "onMetaData" + "\x08" + number(4, 4) + amf_number("duration", 86400) +
                 amf_number("filesize", 0) + amf_number("width", 1920) + amf_number("height", 1080));
}
std::string flv_of(int frames) {
  std::string flv =
      flv_start() + tag(9, 0, std::string("\x17\0\0\0\0", 5)) + tag(8, 0, std::string("\xaf\0", 2));
  for (int i = 0; i < frames; ++i) {
    flv += tag(9, static_cast<std::uint32_t>(i * 40), std::string("\x27\1\0\0\0picture", 12));
    flv += tag(8, static_cast<std::uint32_t>(i * 40), std::string("\xaf\1sound", 7));
  }
  return flv;
}

TEST(FlvRepair, KeepsAWholeFileAndTellsWhatIsInIt) {
  const std::string flv = flv_of(25);
  const auto repair = plan_flv_repair(source_of(flv));
  ASSERT_TRUE(repair) << repair.error().message;
  EXPECT_EQ(repair->keep_bytes, flv.size());
  EXPECT_EQ(repair->video_frames, 25U);
  EXPECT_EQ(repair->audio_frames, 25U);
  EXPECT_EQ(repair->video_codec, "h264");
  EXPECT_EQ(repair->audio_codec, "aac");
  EXPECT_EQ(repair->width, 1920U);
  EXPECT_EQ(repair->height, 1080U);
  EXPECT_EQ(repair->duration, Seconds(1));
}

// As Enhanced RTMP names it: eflvmux of GStreamer 1.28.
TEST(FlvRepair, KnowsACodecThatIsNamed) {
  std::string flv = flv_start() + tag(9, 0, "\x90hvc1config");
  flv += tag(9, 0, std::string("\x93hvc1key", 8)) + tag(9, 40, std::string("\xa1hvc1\0\0\0p", 9));
  flv += tag(9, 80, std::string("\xa1hvc1\0\0\0p", 9)) + tag(9, 80, "\x94hvc1metadata") +
         tag(9, 120, "\x92hvc1");
  const auto repair = plan_flv_repair(source_of(flv));
  ASSERT_TRUE(repair) << repair.error().message;
  EXPECT_EQ(repair->keep_bytes, flv.size());
  EXPECT_EQ(repair->video_codec, "h265");
  EXPECT_EQ(repair->video_frames, 3U);
  EXPECT_EQ(repair->duration, Milliseconds(120));
}

TEST(FlvRepair, ATagOfOneByteIsWhole) {
  const std::string flv = flv_of(1) + tag(8, 40, "\x2f");
  const auto repair = plan_flv_repair(source_of(flv));
  ASSERT_TRUE(repair) << repair.error().message;
  EXPECT_EQ(repair->keep_bytes, flv.size());
}

TEST(FlvRepair, CutsToTheLastWholeTagWhereverTheFileEnds) {
  const std::string whole = flv_of(3);
  const std::size_t last_tag = tag(8, 80, std::string("\xaf\1sound", 7)).size();
  for (std::size_t cut = 1; cut < last_tag; ++cut) {
    const std::string torn = whole.substr(0, whole.size() - cut);
    const auto repair = plan_flv_repair(source_of(torn));
    ASSERT_TRUE(repair);
    EXPECT_EQ(repair->keep_bytes, whole.size() - last_tag) << "cut by " << cut;
    EXPECT_EQ(repair->audio_frames, 2U);
  }
}

TEST(FlvRepair, WritesTheTrueDurationAndSizeIntoTheMetadata) {
  std::string flv = flv_of(25);
  const auto repair = plan_flv_repair(source_of(flv));
  ASSERT_TRUE(repair);
  ASSERT_EQ(repair->patches.size(), 2U);
  for (const auto &p : repair->patches) flv.replace(p.offset, p.bytes.size(), p.bytes);
  EXPECT_NE(flv.find(amf_number("duration", 1.0)), std::string::npos);
  EXPECT_NE(flv.find(amf_number("filesize", static_cast<double>(flv.size()))), std::string::npos);
}

// flvmux's room for an index, as HeaderPolish leaves it.
std::string filler(std::size_t bytes) {
  return number(9, 2) + "gstfiller" + '\x02' + number(bytes - 14, 2) + std::string(bytes - 14, ' ');
}
std::string flv_with_room(std::size_t room, int frames) {
  const std::string metadata = "\x02" + number(10, 2) + "onMetaData" + "\x08" + number(4, 4) +
                               amf_number("duration", 86400) + filler(600) + filler(room - 600) +
                               amf_number("width", 1920);
  std::string flv = std::string("FLV\x01\x05\0\0\0\x09\0\0\0\0", 13) + tag(18, 0, metadata);
  for (int i = 0; i < frames; ++i)
    flv += tag(9, static_cast<std::uint32_t>(i * 40),
               (i % 25 == 0 ? '\x17' : '\x27') + std::string("\1\0\0\0picture", 11));
  return flv;
}
std::string patched(std::string bytes, const Repair &repair) {
  bytes.resize(repair.keep_bytes);
  bytes += repair.tail;
  for (const auto &p : repair.patches) bytes.replace(p.offset, p.bytes.size(), p.bytes);
  return bytes;
}

TEST(FlvRepair, WritesAnIndexOfTheKeyframesIntoTheRoomThatWasReserved) {
  const std::string flv = flv_with_room(2355, 100);
  const auto repair = plan_flv_repair(source_of(flv));
  ASSERT_TRUE(repair);
  const std::string mended = patched(flv, *repair);
  ASSERT_EQ(mended.size(), flv.size());
  const std::size_t at = mended.find("filepositions");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(mended.substr(at + 13, 5), "\x0a" + number(4, 4));
  const std::string last = mended.substr(at + 18 + 3 * 9 + 1, 8);
  std::uint64_t bits = 0;
  for (const char c : last) bits = bits << 8 | static_cast<std::uint8_t>(c);
  const auto place = static_cast<std::size_t>(std::bit_cast<double>(bits));
  EXPECT_EQ(mended.substr(place, 1), "\x09");
  EXPECT_EQ(mended.substr(place + 4, 3), number(75 * 40, 3));
  EXPECT_NE(mended.find(number(9, 2) + "gstfiller"), std::string::npos) << "the rest stays reserved";
  EXPECT_EQ(patched(mended, *plan_flv_repair(source_of(mended))).substr(0, 100), mended.substr(0, 100));
}

TEST(FlvRepair, ThinsTheIndexOutThatDoesNotFit) {
  const std::string flv = flv_with_room(51 + 14 + 10 * 18 + 600, 25 * 3000);
  const auto repair = plan_flv_repair(source_of(flv));
  ASSERT_TRUE(repair);
  const std::string mended = patched(flv, *repair);
  const std::size_t at = mended.find("times\x0a");
  ASSERT_NE(at, std::string::npos);
  const auto points = static_cast<unsigned>(static_cast<std::uint8_t>(mended[at + 9]));
  EXPECT_GE(points, 20U);
  EXPECT_LE(points, 43U);
}

TEST(FlvRepair, HasNoIndexWhereNoRoomWasReserved) {
  const auto repair = plan_flv_repair(source_of(flv_of(50)));
  ASSERT_TRUE(repair);
  for (const auto &p : repair->patches) EXPECT_EQ(p.bytes.size(), 8U);
}

TEST(FlvRepair, StopsAtGarbage) {
  const std::string good = flv_of(3);
  std::string bad_trailer = good + tag(9, 120, std::string("\x27\1\0\0\0picture", 12)) + good.substr(13);
  bad_trailer[good.size() + 11 + 12 + 3] ^= 1;
  EXPECT_EQ(plan_flv_repair(source_of(bad_trailer))->keep_bytes, good.size());
  EXPECT_EQ(plan_flv_repair(source_of(good + std::string(100, '\0')))->keep_bytes, good.size());
  EXPECT_FALSE(plan_flv_repair(source_of(flv_start()))) << "nothing playable";
  EXPECT_FALSE(plan_flv_repair(source_of("")));
  EXPECT_FALSE(plan_flv_repair(source_of("FLV")));
}

// ---- ADTS

std::string adts_frame(std::size_t payload) {
  const std::size_t n = payload + 7;  // 44.1 kHz, stereo, AAC-LC
  return {'\xff',
          '\xf1',
          '\x50',
          static_cast<char>(0x80 | (n >> 11)),
          static_cast<char>(n >> 3),
          static_cast<char>(((n & 7) << 5) | 0x1f),
          '\xfc'};
}

TEST(AdtsRepair, CutsToTheLastWholeFrame) {
  std::string aac;
  for (int i = 0; i < 100; ++i) aac += adts_frame(200) + std::string(200, 'x');
  const std::string torn = aac + adts_frame(200) + std::string(100, 'x');
  const auto repair = plan_adts_repair(source_of(torn));
  ASSERT_TRUE(repair);
  EXPECT_EQ(repair->keep_bytes, aac.size());
  EXPECT_EQ(repair->audio_frames, 100U);
  EXPECT_EQ(repair->audio_codec, "aac");
  EXPECT_EQ(repair->duration, Nanoseconds(102'400LL * 1'000'000'000 / 44'100));
}

TEST(AdtsRepair, RefusesWhatHoldsNoFrame) {
  EXPECT_EQ(plan_adts_repair(source_of("")).error().code, Errc::corrupt);
  EXPECT_FALSE(plan_adts_repair(source_of(std::string(1000, 'x'))));
  std::string endless = adts_frame(0);
  endless[4] = endless[5] = 0;  // a frame shorter than its header
  EXPECT_FALSE(plan_adts_repair(source_of(endless)));
}

// ---- MP3

TEST(Mp3Repair, CutsToTheLastWholeFrame) {
  const std::string frame =
      std::string("\xff\xfb\x90\x00", 4) + std::string(413, 'x');  // 128 kbit/s, 44.1 kHz
  std::string mp3;
  for (int i = 0; i < 50; ++i) mp3 += frame;
  const std::string torn = mp3 + frame.substr(0, 200);
  const auto repair = plan_repair(Format::mp3, source_of(torn));
  ASSERT_TRUE(repair) << repair.error().message;
  EXPECT_EQ(repair->keep_bytes, mp3.size());
  EXPECT_EQ(repair->audio_frames, 50U);
  EXPECT_EQ(repair->audio_codec, "mp3");
  EXPECT_EQ(repair->duration, Nanoseconds(57'600LL * 1'000'000'000 / 44'100));
  EXPECT_EQ(plan_repair(Format::mp3, source_of("no frame")).error().code, Errc::corrupt);
}

// ---- MP4

std::string box(const std::string &type, const std::string &payload) {
  return number(payload.size() + 8, 4) + type + payload;
}
std::string full_box(const std::string &type, std::uint32_t flags, const std::string &payload) {
  return box(type, number(flags, 4) + payload);
}
std::string trak(std::uint32_t id, bool video, std::uint32_t samples) {
  const std::string entry = video ? box("avc1", std::string(24, '\0') + number(1280, 2) + number(720, 2))
                                  : box("mp4a", std::string(28, '\0'));
  const std::string stbl =
      box("stbl", full_box("stsd", 0, number(1, 4) + entry) +
                      full_box("stts", 0, number(1, 4) + number(samples, 4) + number(40, 4)));
  return box("trak", full_box("tkhd", 0, number(0, 8) + number(id, 4) + std::string(68, '\0')) +
                         box("mdia", full_box("mdhd", 0, number(0, 8) + number(1000, 4) + number(0, 8)) +
                                         full_box("hdlr", 0, number(0, 4) + (video ? "vide" : "soun")) +
                                         box("minf", stbl)));
}
std::string moov(std::uint32_t samples) {
  return box(
      "moov",
      trak(1, true, samples) + trak(2, false, samples) +
          box("mvex", full_box("trex", 0, number(1, 4) + number(1, 4) + number(40, 4) + number(0, 8)) +
                          full_box("trex", 0, number(2, 4) + number(1, 4) + number(40, 4) + number(0, 8))));
}
std::string moof(std::int32_t data_offset) {
  const auto traf = [&](std::uint32_t id) {
    const auto offset = static_cast<std::uint32_t>(data_offset);
    std::string run = number(25, 4) + number(offset, 4);
    for (int i = 0; i < 25; ++i) run += number(40, 4) + number(4, 4);
    return box("traf", full_box("tfhd", 0, number(id, 4)) + full_box("trun", 0x301, run));
  };
  return box("moof", traf(1) + traf(2));
}
const std::string kStart = box("ftyp", "mp42");
const std::string kData = box("mdat", std::string(100, 'x'));

TEST(Mp4Repair, CutsBehindTheLastMoofWhenDataComesFirst) {
  const std::string whole =
      kStart + kData + moov(25) + box("free", "") + kData + moof(-100) + kData + moof(-100);
  const std::string torn = whole + box("free", "") + number(0, 4) + "mdat" + std::string(5000, 'y');
  const auto repair = plan_mp4_repair(source_of(torn));
  ASSERT_TRUE(repair) << repair.error().message;
  EXPECT_EQ(repair->keep_bytes, whole.size() + 8) << "a free box does no harm";
  EXPECT_EQ(repair->video_frames, 75U);
  EXPECT_EQ(repair->audio_frames, 75U);
  EXPECT_EQ(repair->duration, Seconds(3));
  EXPECT_EQ(repair->video_codec, "h264");
  EXPECT_EQ(repair->audio_codec, "aac");
  EXPECT_EQ(repair->width, 1280U);
  EXPECT_EQ(repair->height, 720U);
}

TEST(Mp4Repair, CutsBehindTheLastMdatWhenDataFollows) {
  const std::string whole = kStart + moov(0) + moof(300) + kData;
  for (const std::string &rest : {std::string(), moof(300), moof(300) + kData.substr(0, 50), kData}) {
    const std::string file = whole + rest;
    const auto repair = plan_mp4_repair(source_of(file));
    ASSERT_TRUE(repair);
    EXPECT_EQ(repair->keep_bytes, whole.size());
    EXPECT_EQ(repair->video_frames, 25U);
  }
}

TEST(Mp4Repair, NeverCutsInTheMiddleOfAFragment) {
  const std::string whole = kStart + kData + moov(25) + kData + moof(-100);
  const std::size_t first = (kStart + kData + moov(25)).size();
  for (std::size_t n = first; n < whole.size(); ++n) {
    const std::string torn = whole.substr(0, n);
    EXPECT_EQ(plan_mp4_repair(source_of(torn))->keep_bytes, first) << n;
  }
}

TEST(Mp4Repair, LeavesAFinishedFileAlone) {
  const std::string file = kStart + kData + moov(250) + box("udta", "x");
  const auto repair = plan_mp4_repair(source_of(file));
  EXPECT_EQ(repair->keep_bytes, file.size());
  EXPECT_EQ(repair->duration, Seconds(10));
}

TEST(Mp4Repair, RefusesWhatHoldsNoFragment) {
  for (const std::string &file :
       {std::string(), kStart, kStart + kData, kStart + moov(0), kStart + moof(-100)})
    EXPECT_EQ(plan_mp4_repair(source_of(file)).error().code, Errc::corrupt);
}

std::string applied(const std::string &file, const Repair &repair, std::size_t patches) {
  std::string text = file.substr(0, repair.keep_bytes) + repair.tail;
  for (std::size_t i = 0; i < patches; ++i)
    text.replace(repair.patches[i].offset, repair.patches[i].bytes.size(), repair.patches[i].bytes);
  return text;
}

TEST(Mp4Repair, MakesAPlainFileOfFragmentsHoweverOftenItIsInterrupted) {
  const std::string file = kStart + moov(0) + moof(300) + kData + moof(300) + kData;
  const auto repair = plan_mp4_repair(source_of(file));
  ASSERT_TRUE(repair);
  ASSERT_EQ(repair->patches.size(), 2U);
  const std::string plain = applied(file, *repair, 2);
  EXPECT_EQ(plain.find("moov"), plain.rfind("moov")) << "one index";
  const auto again = plan_mp4_repair(source_of(plain));
  ASSERT_TRUE(again);
  EXPECT_EQ(again->keep_bytes, plain.size());
  EXPECT_EQ(again->video_frames, 50U);
  EXPECT_TRUE(again->tail.empty() && again->patches.empty()) << "nothing is left to be done";
  for (std::size_t patches : {0U, 1U}) {
    const std::string interrupted = applied(file, *repair, patches);
    const auto rest = plan_mp4_repair(source_of(interrupted));
    ASSERT_TRUE(rest);
    EXPECT_EQ(applied(interrupted, *rest, rest->patches.size()), plain) << patches << " patches";
  }
}

TEST(ContainerRepair, SurvivesEveryByteChangedInTurn) {
  for (const std::string &good :
       {flv_of(2), adts_frame(20) + std::string(20, 'x'), kStart + kData + moov(2) + kData + moof(-100),
        kStart + moov(0) + moof(300) + kData})
    for (std::size_t i = 0; i < good.size(); ++i)
      for (const char c : {'\0', '\x01', '\x7f', '\xff'}) {
        std::string bad = good;
        bad[i] = c;
        for (const Format f : {Format::flv, Format::aac, Format::mp3, Format::mp4})
          if (const auto repair = plan_repair(f, source_of(bad))) {
            EXPECT_LE(repair->keep_bytes, bad.size());
            for (const auto &p : repair->patches) EXPECT_LE(p.offset + p.bytes.size(), repair->keep_bytes);
          }
      }
}

}  // namespace
}  // namespace rec
