// SPDX-License-Identifier: LGPL-2.1-or-later
// A source that is not live waits for a slow disk; a live one cannot.
#include <atomic>
#include <thread>

#include "tests/pipeline/recsink_disk_fixture.h"

namespace rec::test {
namespace {

// Says what a file source does: there is time.
void be_a_source_that_is_not_live(Publisher &publisher, const char *pad) {
  publisher.connect(pad);
  const auto sink = Ref<GstPad>::adopt(gst_element_get_static_pad(publisher.element(), pad));
  const auto source = Ref<GstPad>::adopt(gst_pad_get_peer(sink.get()));
  gst_pad_set_query_function(source.get(), [](GstPad *, GstObject *, GstQuery *query) -> gboolean {
    if (GST_QUERY_TYPE(query) != GST_QUERY_LATENCY) return FALSE;
    gst_query_set_latency(query, FALSE, 0, GST_CLOCK_TIME_NONE);
    return TRUE;
  });
}

TEST(RecSinkDisk, LetsASourceThatIsNotLiveWaitAndLosesNothing) {
  const TempDir dir;
  DiskFaults disk("cam.mp4");
  Publisher publisher("recsink formats=mp4 max-backlog-bytes=250000 location=" + (dir / "cam"));
  for (const char *pad : {"video", "audio_0"}) be_a_source_that_is_not_live(publisher, pad);
  Listener listener(publisher);
  publisher.send(stretch(seconds(0), seconds(4)));
  disk.hang(true);
  std::atomic<bool> sent{false};
  std::thread source([&] {
    publisher.send(stretch(seconds(4), seconds(40)));
    sent = true;
  });
  EXPECT_TRUE(comes_true([&] { return disk.somebody_hangs(); }));
  EXPECT_FALSE(comes_true([&] { return sent.load(); }, milliseconds(1500))) << "the source waits";
  disk.hang(false);
  source.join();
  publisher.end_all();
  ASSERT_TRUE(listener.wait_for("EOS"));
  EXPECT_EQ(packets_of(dir / "cam.mp4")["video"].size(), 1000u);
  EXPECT_EQ(dropped_by_failure(publisher.element(), "mp4"), 0u);
}

TEST(RecSinkDisk, LetsGoOfAWaitingSourceWhenItStops) {
  const TempDir dir;
  DiskFaults disk("cam.mp4");
  Publisher publisher("recsink formats=mp4 max-backlog-bytes=250000 location=" + (dir / "cam"));
  for (const char *pad : {"video", "audio_0"}) be_a_source_that_is_not_live(publisher, pad);
  publisher.may_be_stopped = true;
  publisher.send(stretch(seconds(0), seconds(4)));
  disk.hang(true);
  std::thread source([&] { publisher.send(stretch(seconds(4), seconds(40))); });
  EXPECT_TRUE(comes_true([&] { return disk.somebody_hangs(); }));
  EXPECT_LT(time_of([&] { gst_element_set_state(publisher.pipeline(), GST_STATE_NULL); }), seconds(5));
  source.join();
  disk.hang(false);
}

}  // namespace
}  // namespace rec::test
