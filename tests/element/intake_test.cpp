// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/common/intake.h"

#include <gtest/gtest.h>

#include <map>

#include "gst/common/held_frames.h"

namespace rec {
namespace {

using namespace std::chrono_literals;

struct Source {
  std::map<ExceptionType, int> notes;
  std::vector<Frame> out;
  Intake::Out take = [this](Frame frame) { out.push_back(std::move(frame)); };
  Intake intake{{}, [this](ExceptionType type, const std::string &, const std::string &text) {
                  EXPECT_NE(text, "");
                  ++notes[type];
                }};

  static ParsedBuffer media(Nanoseconds time, std::size_t size = 100) {
    ParsedBuffer media;
    media.buffer = Ref<GstBuffer>::adopt(gst_buffer_new_allocate(nullptr, size, nullptr));
    media.caps = Ref<GstCaps>::adopt(gst_caps_new_empty_simple("x"));
    media.dts = media.pts = time;
    return media;
  }
  void push(std::size_t track, Nanoseconds time, std::size_t size = 100) {
    intake.push(track, media(time, size), take);
  }
};

TEST(Intake, GivesTheNumberOfATrackThatIsGoneToTheNextOne) {
  Source source;
  const auto video = source.intake.add_track(MediaKind::video, "video");
  Nanoseconds time{0};
  for (int i = 0; i < 2000; ++i) {
    const auto audio = source.intake.add_track(MediaKind::audio, "audio_" + std::to_string(i));
    source.push(video, time, 10);
    source.push(audio, time, 10);
    time += 300ms;
    source.push(video, time, 10);
    source.intake.remove_track(audio);
    source.intake.drain(source.take);
  }
  EXPECT_LE(source.intake.tracks(), 3u);
  const IntakeLedger total = source.intake.total();
  EXPECT_EQ(total.received, 6000u);
  EXPECT_EQ(total.handed_on, 6000u);
}

TEST(Intake, AddsUpWhatItDropsByReason) {
  Source source;
  const auto video = source.intake.add_track(MediaKind::video, "video");
  source.intake.add_track(MediaKind::audio, "audio_0");
  for (int i = 0; i < 10; ++i) source.push(video, i * 40ms);
  source.intake.drop_empty(video);
  source.intake.drop_refused(video);
  IntakeLedger ledger = source.intake.ledger(video);
  EXPECT_EQ(ledger.received, 12u);
  EXPECT_EQ(ledger.held, 10u);
  source.intake.end(video);
  source.push(video, 400ms);
  source.intake.drain(source.take);
  ledger = source.intake.ledger(video);
  EXPECT_EQ(ledger.received, 13u);
  EXPECT_EQ(ledger.handed_on, 10u);
  EXPECT_EQ(ledger.held, 0u);
  EXPECT_EQ(ledger.empty + ledger.refused + ledger.after_end, 3u);
  EXPECT_EQ(source.notes[ExceptionType::video_dropped], 3);
}

TEST(Intake, CountsFramesByKindAndTheirBytes) {
  Source source;
  const auto video = source.intake.add_track(MediaKind::video, "video");
  const auto audio = source.intake.add_track(MediaKind::audio, "audio_0");
  EXPECT_FALSE(source.intake.total().silent_for) << "nothing came";
  source.push(video, 0ms, 1000);
  source.push(audio, 0ms, 10);
  source.push(audio, 20ms, 10);
  source.intake.drop_empty(audio);
  source.intake.remove_track(audio);
  const IntakeLedger total = source.intake.total();
  EXPECT_EQ(total.video, 1u);
  EXPECT_EQ(total.received, 4u);
  EXPECT_EQ(total.bytes, 1020u);
  ASSERT_TRUE(total.silent_for);
  EXPECT_GE(*total.silent_for, 0ms);
}

TEST(Intake, HeedsAGapOfATrackThatHasBroughtNothingYet) {
  Source source;
  const auto video = source.intake.add_track(MediaKind::video, "video");
  const auto audio = source.intake.add_track(MediaKind::audio, "audio_0");
  source.intake.gap(audio, 1000s + 2s, source.take);  // before the line begins
  for (int i = 0; i < 50; ++i) source.push(video, 1000s + i * 40ms);
  EXPECT_GE(source.out.size(), 40u);
}

TEST(Intake, TellsOnceThatATrackIsSilent) {
  Source source;
  const auto video = source.intake.add_track(MediaKind::video, "video");
  const auto audio = source.intake.add_track(MediaKind::audio, "audio_0");
  for (int i = 0; i < 25 * 100; ++i) source.push(video, i * 40ms);
  EXPECT_EQ(source.notes[ExceptionType::no_audio], 1);
  source.push(audio, 99s);
  for (int i = 25 * 100; i < 25 * 200; ++i) source.push(video, i * 40ms);
  EXPECT_EQ(source.notes[ExceptionType::no_audio], 2);
}

TEST(Intake, HoldsNoMoreBytesThanItsPatience) {
  Source source;
  const auto video = source.intake.add_track(MediaKind::video, "video");
  source.intake.add_track(MediaKind::audio, "audio_0");
  std::uint64_t most = 0;
  for (int i = 0; i < 100; ++i) {
    source.push(video, i * 1ms, 1 << 20);
    most = std::max(most, source.intake.total().held_bytes);
    source.out.clear();
  }
  EXPECT_GT(most, 60u << 20);
  EXPECT_LE(most, 65u << 20);
}

TEST(HeldFrames, AreBoundedInFramesAndInBytes) {
  HeldFrames held;
  const auto frame = [](std::size_t size) {
    Frame f;
    f.buffer = Source::media(0s, size).buffer;
    return f;
  };
  while (!held.is_full()) held.push(frame(1));
  EXPECT_EQ(held.size(), HeldFrames::kMostFrames);
  held.pop_front();
  EXPECT_FALSE(held.is_full());
  EXPECT_EQ(held.take().size(), HeldFrames::kMostFrames - 1);
  while (!held.is_full()) held.push(frame(1 << 20));
  EXPECT_EQ(held.size(), 16u);
  held.take();
  EXPECT_FALSE(held.is_full());
}

}  // namespace
}  // namespace rec
