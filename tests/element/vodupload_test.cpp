// SPDX-License-Identifier: LGPL-2.1-or-later
#include <gtest/gtest.h>

#include "core/service/catalogue.h"
#include "core/service/owner_lease.h"
#include "gst/common/gst_ptr.h"
#include "tests/common/bus.h"
#include "tests/common/catalogue_rows.h"
#include "tests/common/temp_dir.h"

namespace rec::test {
namespace {

class VodUploadTest : public testing::Test {
 protected:
  VodUploadTest() {
    write_file(dir_ / "recording.json", R"({
      "templates": {"default": {"formats": {"flv": {}}, "storage": {"primary": "archive"}}},
      "rules": [{"domain": "push.example.org", "template": "default"}],
      "storage": {"archive": {"uri": "file://)" +
                                            (dir_ / "store") + R"("}}
    })");
  }
  Ref<GstElement> pipeline(const std::string &properties = "") {
    return parse_pipeline("pipeline.( vodupload name=v catalogue=" + path_ +
                          " config=" + (dir_ / "recording.json") + " " + properties + " )");
  }
  // A recording of `owner` with one closed file that owes its upload.
  std::int64_t owe_file(const std::string &owner, const std::string &store = "archive") {
    NewRecording n = a_recording(owner, random_decimal_id());
    n.directory = dir_ / "spool";
    n.store = store;
    n.callbacks = {};
    const std::int64_t id = catalogue_.start_recording(n)->id;
    ClosedFile f = a_closed_file(id);
    f.path = dir_ / "spool/a.flv";
    write_file(f.path, "media");
    EXPECT_TRUE(catalogue_.open_file(an_open_file(id)));
    EXPECT_TRUE(catalogue_.close_file(f));
    return id;
  }
  static void stop(const Ref<GstElement> &pipeline) { gst_element_set_state(pipeline.get(), GST_STATE_NULL); }

  TempDir dir_;
  const SystemClock clock_;
  std::string path_ = dir_ / "catalogue.db";
  Catalogue catalogue_ = *Catalogue::open(path_, clock_);
};

TEST_F(VodUploadTest, UploadsWhatIsOwedAndSaysSo) {
  owe_file("");
  const auto p = pipeline();
  gst_element_set_state(p.get(), GST_STATE_PLAYING);
  const auto message = wait_for_element_message(p.get(), "vodupload-uploaded");
  ASSERT_TRUE(message);
  const GstStructure *s = gst_message_get_structure(message.get());
  EXPECT_EQ(string_field(s, "store"), "archive");
  EXPECT_EQ(string_field(s, "location"), dir_ / "spool/a.flv");
  EXPECT_EQ(string_field(s, "url"), "file://" + (dir_ / "store/a.flv"));
  EXPECT_EQ(uint_field(s, "attempt"), 1U);
  stop(p);
  EXPECT_EQ(read_file(dir_ / "store/a.flv"), "media");
}

TEST_F(VodUploadTest, AnEosEventEndsItWhenNothingIsLeft) {
  owe_file("");
  const auto p = pipeline();
  gst_element_set_state(p.get(), GST_STATE_PLAYING);
  ASSERT_TRUE(gst_element_send_event(p.get(), gst_event_new_eos()));
  EXPECT_TRUE(wait_for_message(p.get(), GST_MESSAGE_EOS));
  stop(p);
  EXPECT_EQ(catalogue_.owed()->uploads, 0U);
}

TEST_F(VodUploadTest, PostsEosWhenThePushesOfItsProcessAreRecordedAndDelivered) {
  const auto owner = process_owner(path_);
  const auto push = catalogue_.begin_push((*owner)->id(), a_push(), "default");
  const auto p = pipeline();
  gst_element_set_state(p.get(), GST_STATE_PLAYING);
  const std::int64_t recording = owe_file((*owner)->id());
  ASSERT_TRUE(wait_for_element_message(p.get(), "vodupload-uploaded"));
  ASSERT_TRUE(catalogue_.end_push(*push));
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(p.get()));
  // Two glances: the recording is not finished, so it must not say EOS.
  EXPECT_FALSE(gst_bus_timed_pop_filtered(bus.get(), 600 * GST_MSECOND, GST_MESSAGE_EOS));
  ASSERT_TRUE(catalogue_.finish_recording(recording, clock_.now_utc(), std::nullopt));
  EXPECT_TRUE(wait_for_message(p.get(), GST_MESSAGE_EOS));
  stop(p);
}

TEST_F(VodUploadTest, DrainTimeoutEndsTheWaitForADeadStoreAndItStaysOwed) {
  const std::int64_t recording = owe_file("", "nowhere");
  const auto owner = process_owner(path_);
  ASSERT_TRUE(*catalogue_.take_over(recording, "", (*owner)->id()));
  ASSERT_TRUE(catalogue_.finish_recording(recording, clock_.now_utc(), std::nullopt));
  const auto p = pipeline("drain-timeout=300000000");
  gst_element_set_state(p.get(), GST_STATE_PLAYING);
  const auto failed = wait_for_element_message(p.get(), "vodupload-upload-failed");
  ASSERT_TRUE(failed);
  const GstStructure *s = gst_message_get_structure(failed.get());
  EXPECT_NE(string_field(s, "error").find("'nowhere'"), std::string::npos);
  EXPECT_GT(int64_field(s, "next-attempt"), clock_.now_utc().time_since_epoch().count());
  ASSERT_TRUE(gst_element_send_event(p.get(), gst_event_new_eos()));
  EXPECT_TRUE(wait_for_message(p.get(), GST_MESSAGE_EOS));
  stop(p);
  EXPECT_EQ(catalogue_.owed()->uploads, 1U);
}

TEST_F(VodUploadTest, RefusesToStartWithABrokenConfiguration) {
  write_file(dir_ / "recording.json", "{\n  \"storage\": 7\n}");
  const auto p = pipeline();
  EXPECT_EQ(gst_element_set_state(p.get(), GST_STATE_PLAYING), GST_STATE_CHANGE_FAILURE);
  const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(p.get()));
  const auto message = Ref<GstMessage>::adopt(gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ERROR));
  ASSERT_TRUE(message);
  ErrorOut error;
  gst_message_parse_error(message.get(), error.out(), nullptr);
  EXPECT_NE(std::string(error->message).find("recording.json:2:"), std::string::npos) << error->message;
  stop(p);
}

TEST_F(VodUploadTest, ServesAStoreThatIsAddedWhileItWorks) {
  const auto owner = process_owner(path_);
  owe_file("");
  const auto p = pipeline();
  gst_element_set_state(p.get(), GST_STATE_PLAYING);
  ASSERT_TRUE(wait_for_element_message(p.get(), "vodupload-uploaded"));
  write_file(dir_ / "recording.json", "{");
  const auto warning = wait_for_message(p.get(), GST_MESSAGE_WARNING);
  ASSERT_TRUE(warning) << "a bad file is told";
  write_file(dir_ / "next.json", R"({"templates": {}, "rules": [], "storage": {"late": {"uri": "file://)" +
                                     (dir_ / "late") + R"("}, "archive": {"uri": "file://)" +
                                     (dir_ / "store") + R"("}}})");
  std::filesystem::rename(dir_ / "next.json", dir_ / "recording.json");
  // Of a process that lives: a file left open by an ended one would be taken for lost.
  owe_file((*owner)->id(), "late");
  // Until the file was looked at again the store is one that nobody knows.
  std::string store;
  while (store != "late") {
    const auto message = wait_for_element_message(p.get(), "vodupload-uploaded");
    ASSERT_TRUE(message);
    store = string_field(gst_message_get_structure(message.get()), "store");
  }
  stop(p);
  EXPECT_EQ(read_file(dir_ / "late/a.flv"), "media");
}

TEST_F(VodUploadTest, HasStatsWhileItWorks) {
  owe_file("", "nowhere");
  const auto p = pipeline();
  const auto v = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(p.get()), "v"));
  GstStructure *stats = nullptr;
  g_object_get(v.get(), "stats", &stats, nullptr);
  EXPECT_EQ(stats, nullptr);
  gst_element_set_state(p.get(), GST_STATE_PLAYING);
  ASSERT_TRUE(wait_for_element_message(p.get(), "vodupload-upload-failed"));
  g_object_get(v.get(), "stats", &stats, nullptr);
  const StructurePtr owned(stats);
  EXPECT_EQ(uint64_field(stats, "upload-failures"), 1U);
  EXPECT_EQ(uint64_field(stats, "uploaded"), 0U);
  stop(p);
}

TEST_F(VodUploadTest, CanBeStartedAndStoppedAgainAndAgain) {
  const auto p = pipeline();
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(gst_element_set_state(p.get(), GST_STATE_PLAYING), GST_STATE_CHANGE_SUCCESS);
    ASSERT_EQ(gst_element_set_state(p.get(), GST_STATE_READY), GST_STATE_CHANGE_SUCCESS);
  }
  stop(p);
}

}  // namespace
}  // namespace rec::test
