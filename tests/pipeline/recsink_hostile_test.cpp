// SPDX-License-Identifier: LGPL-2.1-or-later
// What recsink makes of times that cannot be true, of empty buffers, of flags and of too much:
// docs/timestamps.md.
#include <cmath>

#include "tests/pipeline/recsink_times_fixture.h"

namespace rec::test {
namespace {

using namespace std::chrono_literals;

using std::chrono::seconds;

class RecSinkDuration : public RecSinkTimes, public ::testing::WithParamInterface<GstClockTime> {};

TEST_P(RecSinkDuration, IsEstimatedWhereItCannotBeTrue) {
  publisher_.send({{"video", video()}, {"audio_0", audio()}}, [](const std::string &, GstBuffer *b) {
    GST_BUFFER_DURATION(b) = GetParam();
    return true;
  });
  finish();
  expect_all({video()}, {audio()}, 1);
  for (const std::string format : {"flv", "mp4"})
    EXPECT_NEAR(std::chrono::duration<double>(duration_of(files(format).at(0))).count(), 6.0, 0.2);
}
INSTANTIATE_TEST_SUITE_P(Lengths, RecSinkDuration,
                         ::testing::Values(0, 1, GST_SECOND * 3600 * 1000, G_MAXINT64, G_MAXUINT64 - 1,
                                           G_MAXUINT64));

class RecSinkHostile : public RecSinkTimes, public ::testing::WithParamInterface<GstClockTime> {};

TEST_P(RecSinkHostile, TimestampsAreNotBelieved) {
  publisher_.send({{"video", video()}, {"audio_0", audio()}},
                  [i = 0](const std::string &, GstBuffer *b) mutable {
                    if (++i % 7 == 0) GST_BUFFER_PTS(b) = GetParam();
                    if (i % 11 == 0) GST_BUFFER_DTS(b) = GetParam();
                    return true;
                  });
  finish();
  expect_all({video()}, {audio()}, 1);
  EXPECT_GT(exceptions()[-11], 0u);
}
INSTANTIATE_TEST_SUITE_P(Times, RecSinkHostile,
                         ::testing::Values(G_MAXUINT64 - 1, G_MAXINT64,
                                           static_cast<GstClockTime>(G_MAXINT64) + 1,
                                           GST_SECOND * 3600 * 24 * 366 * 20));

TEST_F(RecSinkTimes, EmptyBuffersAreCounted) {
  publisher_.send({{"video", video()}, {"audio_0", audio()}},
                  [i = 0](const std::string &, GstBuffer *b) mutable {
                    if (++i % 40 == 0) gst_buffer_remove_all_memory(b);
                    return true;
                  });
  finish();
  EXPECT_EQ(intake("dropped-empty"), 10u);
  const std::size_t sent = video().units.size() + audio().units.size();
  EXPECT_EQ(intake("received"), sent);
  EXPECT_EQ(intake("handed-on"), sent - 10);
  guint told = 0;
  for (const auto &[type, occurs] : exceptions()) told += type == -130 || type == -131 ? occurs : 0;
  EXPECT_EQ(told, 10u);
  EXPECT_EQ(hashes_stored(files("mp4"), "video").size() + hashes_stored(files("mp4"), "audio").size(),
            sent - 10);
}

TEST_F(RecSinkTimes, FlagsOfBuffersLoseNothing) {
  publisher_.send({{"video", video()}, {"audio_0", audio()}},
                  [i = 0](const std::string &, GstBuffer *b) mutable {
                    const GstBufferFlags flags[] = {GST_BUFFER_FLAG_HEADER,      GST_BUFFER_FLAG_CORRUPTED,
                                                    GST_BUFFER_FLAG_DISCONT,     GST_BUFFER_FLAG_DROPPABLE,
                                                    GST_BUFFER_FLAG_DECODE_ONLY, GST_BUFFER_FLAG_GAP};
                    GST_BUFFER_FLAG_SET(b, flags[i++ % 6]);
                    return true;
                  });
  finish();
  expect_all({video()}, {audio()}, 1);
}

TEST_F(RecSinkTimes, AHundredAudioTracksAreTakenByTheContainerThatHoldsThem) {
  std::map<std::string, Media> media = {{"video", video().part(seconds(0), seconds(1), seconds(0))}};
  for (int i = 0; i < 100; ++i)
    media["audio_" + std::to_string(i)] = audio().part(seconds(0), seconds(1), seconds(0));
  publisher_.send(media);
  finish();
  EXPECT_EQ(files("mp4").size(), 1u);
  EXPECT_EQ(difference(hashes_stored(files("flv"), "audio"), hashes_sent({media["audio_0"]})), "");
  EXPECT_EQ(hashes_stored(files("mp4"), "audio").size(), 100 * media["audio_0"].units.size());
}

TEST_F(RecSinkTimes, WhatIsHeldForATrackIsBoundedInBytes) {
  publisher_.connect("audio_0");
  const Media v = video().part(seconds(0), seconds(4), seconds(0));
  GstMemory *filler = nullptr;  // a filler data NAL unit of 1 MiB
  {
    const gsize size = 1 << 20;
    auto *bytes = static_cast<guint8 *>(g_malloc(size));
    std::fill_n(bytes, size, guint8{0xff});
    GST_WRITE_UINT32_BE(bytes, size - 4);
    bytes[4] = 12;
    bytes[size - 1] = 0x80;
    filler = gst_memory_new_wrapped(static_cast<GstMemoryFlags>(0), bytes, size, 0, size, bytes, g_free);
  }
  guint64 most = 0;
  publisher_.send({{"video", v}}, [&](const std::string &, GstBuffer *b) {
    gst_buffer_append_memory(b, gst_memory_ref(filler));
    most = std::max(most, intake("held-bytes"));
    return true;
  });
  gst_memory_unref(filler);
  EXPECT_GT(most, 50u << 20);
  EXPECT_LT(most, 66u << 20);
  finish();  // the disk may be slower than this publisher: what becomes of that is no matter here
  EXPECT_EQ(intake("handed-on"), v.units.size());
  EXPECT_EQ(exceptions()[-17], 1u);
}

TEST_F(RecSinkTimes, AGopOfMoreThanTenSecondsIsTold) {
  VideoSpec spec;
  spec.frames = 300;
  spec.gop = 1000;
  publisher_.send({{"video", video(spec)}});
  finish();
  EXPECT_EQ(exceptions(), (std::map<gint, guint>{{-132, 1}}));
}

TEST_F(RecSinkTimes, AChangeOfResolutionOrCodecIsTold) {
  VideoSpec large;
  large.width = 320;
  VideoSpec h265;
  h265.codec = "h265";
  publisher_.send({{"video", video().part(0s, 2s, 0s)}});
  publisher_.send({{"video", video(large).part(0s, 2s, 2s)}});
  publisher_.send({{"video", video(h265).part(0s, 2s, 4s)}});
  finish();
  auto told = exceptions();
  EXPECT_EQ(told[-100], 1u + 1u);  // to 320 and, with the codec, back
  EXPECT_EQ(told[-120], 1u);
}

TEST_F(RecSinkTimes, UnevenTimestampsAreToldAndKept) {
  publisher_.send(
      {{"video", video()}, {"audio_0", audio()}}, [i = 0](const std::string &pad, GstBuffer *b) mutable {
        if (pad == "audio_0")
          GST_BUFFER_PTS(b) = GST_BUFFER_DTS(b) =
              (GST_BUFFER_PTS(b) / (64 * GST_MSECOND)) * 64 * GST_MSECOND + (i++ % 3) * GST_MSECOND;
        return true;
      });
  finish();
  expect_all({video()}, {audio()}, 1);
  EXPECT_EQ(exceptions().size(), 1u);
  EXPECT_EQ(exceptions().count(-200), 1u);
}

}  // namespace
}  // namespace rec::test
