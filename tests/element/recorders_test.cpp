// SPDX-License-Identifier: LGPL-2.1-or-later
// recsink and splicesink as elements: what both owe to whoever holds them.
#include <gtest/gtest.h>

#include <string>

#include "gst/common/gst_ptr.h"
#include "tests/common/temp_dir.h"

namespace rec::test {
namespace {

// The elements, by the text that makes one that records into the folder.
class RecorderElement : public testing::TestWithParam<const char *> {
 protected:
  RecorderElement() {
    const std::string launch = std::string(GetParam()) + "=" + (folder_ / "a");
    element_ = Ref<GstElement>::sink(gst_parse_launch(launch.c_str(), nullptr));
    gst_element_set_bus(element_.get(), bus_.get());
  }
  ~RecorderElement() override {
    gst_element_set_state(element_.get(), GST_STATE_NULL);
    gst_element_set_bus(element_.get(), nullptr);
  }

  void release(const char *pad_name) {
    const auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(element_.get(), pad_name));
    gst_element_release_request_pad(element_.get(), pad.get());
  }
  bool posted_eos() {
    return static_cast<bool>(Ref<GstMessage>::adopt(gst_bus_pop_filtered(bus_.get(), GST_MESSAGE_EOS)));
  }

  TempDir folder_;
  Ref<GstBus> bus_ = Ref<GstBus>::adopt(gst_bus_new());
  Ref<GstElement> element_;
};

// What an element does while it is being disposed must not need it any more.
TEST_P(RecorderElement, EndsNothingWhenItsPadsAreReleasedAfterItStopped) {
  const auto video = Ref<GstPad>::adopt(gst_element_request_pad_simple(element_.get(), "video"));
  const auto audio = Ref<GstPad>::adopt(gst_element_request_pad_simple(element_.get(), "audio_0"));
  ASSERT_TRUE(video && audio);
  ASSERT_NE(gst_element_set_state(element_.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
  gst_element_set_state(element_.get(), GST_STATE_READY);
  release("video");
  EXPECT_FALSE(posted_eos());
}

TEST_P(RecorderElement, EndsWhenTheLastTrackThatMayBringMediaIsReleased) {
  const auto video = Ref<GstPad>::adopt(gst_element_request_pad_simple(element_.get(), "video"));
  const auto audio = Ref<GstPad>::adopt(gst_element_request_pad_simple(element_.get(), "audio_0"));
  ASSERT_TRUE(video && audio);
  ASSERT_NE(gst_element_set_state(element_.get(), GST_STATE_PAUSED), GST_STATE_CHANGE_FAILURE);
  release("video");
  EXPECT_TRUE(
      Ref<GstMessage>::adopt(gst_bus_timed_pop_filtered(bus_.get(), 10 * GST_SECOND, GST_MESSAGE_EOS)));
}

INSTANTIATE_TEST_SUITE_P(Elements, RecorderElement,
                         testing::Values("recsink formats=flv location", "splicesink playlist-location"),
                         [](const auto &p) { return std::string(p.index == 0 ? "recsink" : "splicesink"); });

}  // namespace
}  // namespace rec::test
