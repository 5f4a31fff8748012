// SPDX-License-Identifier: LGPL-2.1-or-later
// What rulebin decides before any recorder writes: no media is encoded here.
#include <gtest/gtest.h>

#include <filesystem>

#include "core/service/catalogue.h"
#include "tests/common/bus.h"
#include "tests/common/fake_clock.h"
#include "tests/common/temp_dir.h"

namespace rec::test {
namespace {

constexpr const char *kConfig = R"({
  "templates": {
    "narrow": {"formats": {"flv": {}}}, "stream": {"formats": {"mp4": {"cycle": "1h"}, "flv": {}}},
    "app": {"formats": {"hls": {}}}, "domain": {"formats": {"flv": {}}, "name": "{AppName}/{StreamName}"},
    "off": {"formats": {}}
  },
  "rules": [
    {"domain": "d", "template": "domain"},
    {"domain": "d", "app": "live", "template": "app"},
    {"domain": "d", "stream": "cam", "template": "stream"},
    {"domain": "d", "app": "live", "stream": "cam", "template": "narrow"},
    {"domain": "d", "app": "live", "stream": "private", "template": "off"}
  ]
})";

class RuleBin : public ::testing::Test {
 protected:
  void SetUp() override { write_file(dir_.path() / "recording.json", kConfig); }
  void TearDown() override { stop(); }
  void stop() {
    if (pipeline_) gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
  }

  // A rulebin in a pipeline, fed by `source` at its video pad.
  void make(const std::string &properties, const std::string &source = "appsrc name=src") {
    stop();
    pipeline_ = parse_pipeline(source + " ! r.video rulebin name=r directory=" + (dir_ / "spool") +
                               " config=" + (dir_ / "recording.json") + " " + properties);
    ASSERT_TRUE(pipeline_);
    rulebin_ = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "r"));
  }
  bool start() {
    return gst_element_set_state(pipeline_.get(), GST_STATE_PLAYING) != GST_STATE_CHANGE_FAILURE;
  }

  std::string template_of(const char *app, const char *stream) {
    make(std::string("domain=d app=") + app + " stream=" + stream);
    EXPECT_TRUE(start());
    const std::string name = matched_template();
    gst_element_set_state(pipeline_.get(), GST_STATE_NULL);
    return name;
  }
  std::string matched_template() {
    const auto matched = wait_for_element_message(pipeline_.get(), "rulebin-matched");
    if (!matched) return "";
    const GstStructure *s = gst_message_get_structure(matched.get());
    rule_ = string_field(s, "rule");
    return string_field(s, "template");
  }
  // That are posted before the template is.
  std::vector<std::string> warnings_until_matched() {
    const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline_.get()));
    const auto types = static_cast<GstMessageType>(GST_MESSAGE_WARNING | GST_MESSAGE_ELEMENT);
    std::vector<std::string> texts;
    while (const auto message =
               Ref<GstMessage>::adopt(gst_bus_timed_pop_filtered(bus.get(), 30 * GST_SECOND, types))) {
      if (GST_MESSAGE_TYPE(message.get()) == GST_MESSAGE_ELEMENT) return texts;
      ErrorOut error;
      gst_message_parse_warning(message.get(), error.out(), nullptr);
      texts.emplace_back(error->message);
    }
    ADD_FAILURE() << "no template was posted";
    return texts;
  }

  std::string error_text() {
    const auto bus = Ref<GstBus>::adopt(gst_element_get_bus(pipeline_.get()));
    const auto message = Ref<GstMessage>::adopt(gst_bus_pop_filtered(bus.get(), GST_MESSAGE_ERROR));
    if (!message) return "no error";
    ErrorOut error;
    gst_message_parse_error(message.get(), error.out(), nullptr);
    return error->message;
  }

  // What a stream that is not recorded gives as its reason; its data and EOS pass.
  std::string refusal_of(const std::string &properties) {
    make(properties);
    EXPECT_TRUE(start());
    const auto refused = wait_for_element_message(pipeline_.get(), "rulebin-not-recorded");
    if (!refused) return "";
    const auto src = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "src"));
    const auto caps =
        Ref<GstCaps>::adopt(gst_caps_from_string("video/x-h264,stream-format=byte-stream,alignment=au"));
    g_object_set(src.get(), "caps", caps.get(), nullptr);
    GstFlowReturn flow = GST_FLOW_OK;
    for (int i = 0; i < 100 && flow == GST_FLOW_OK; ++i) {
      const auto buffer = Ref<GstBuffer>::adopt(gst_buffer_new_allocate(nullptr, 1000, nullptr));
      g_signal_emit_by_name(src.get(), "push-buffer", buffer.get(), &flow);
    }
    EXPECT_EQ(flow, GST_FLOW_OK);
    g_signal_emit_by_name(src.get(), "end-of-stream", &flow);
    EXPECT_TRUE(wait_for_message(pipeline_.get(), GST_MESSAGE_EOS));
    for (const std::string &file : dir_.files())
      EXPECT_TRUE(file == "recording.json" || file.starts_with("spool/catalogue.db")) << file;
    return string_field(gst_message_get_structure(refused.get()), "reason");
  }

  PushCounts pushes() {
    GstStructure *stats = nullptr;
    g_object_get(rulebin_.get(), "stats", &stats, nullptr);
    const StructurePtr owned(stats);
    return {uint64_field(stats, "pushes"), 0};
  }

  TempDir dir_;
  Ref<GstElement> pipeline_, rulebin_;
  std::string rule_;
};

TEST_F(RuleBin, TheNarrowestRuleWinsAndAStreamBeatsAnApp) {
  EXPECT_EQ(template_of("live", "cam"), "narrow");
  EXPECT_EQ(rule_, "domain + app + stream (" + (dir_ / "recording.json") + ":11:5)");
  EXPECT_EQ(template_of("other", "cam"), "stream");
  EXPECT_EQ(template_of("live", "other"), "app");
  EXPECT_EQ(template_of("other", "other"), "domain");
}

TEST_F(RuleBin, AnUriSaysWhoIsPushingAndIsNeverRead) {
  make("uri=rtmp://d:1935/live/cam?secret=1");
  ASSERT_TRUE(start());
  const auto matched = wait_for_element_message(pipeline_.get(), "rulebin-matched");
  ASSERT_TRUE(matched);
  const CString text(gst_structure_to_string(gst_message_get_structure(matched.get())));
  EXPECT_EQ(std::string(text.get()).find("secret"), std::string::npos);
  for (const char *name : {"uri", "stream-param"})
    EXPECT_EQ(
        g_object_class_find_property(G_OBJECT_GET_CLASS(rulebin_.get()), name)->flags & G_PARAM_READABLE, 0);
}

TEST_F(RuleBin, AStreamThatNoRuleMatchesIsDroppedAndSaysSo) {
  EXPECT_EQ(refusal_of("domain=x app=live stream=cam"),
            "no rule of " + (dir_ / "recording.json") + " matches domain 'x', app 'live', stream 'cam'");
  EXPECT_EQ(pushes().seen, 1U);
}

TEST_F(RuleBin, ATemplateWithoutFormatsSwitchesOff) {
  EXPECT_EQ(refusal_of("domain=d app=live stream=private"), "template 'off' has no formats");
}

TEST_F(RuleBin, ANameThatWouldLeaveTheDirectoryIsRefused) {
  EXPECT_EQ(refusal_of("domain=d app=x stream=.."),
            "{StreamName} is '~2E.', which cannot be part of a file name");
  EXPECT_NE(refusal_of("domain=d app=x stream=\"a/../../b\""), "");
  EXPECT_NE(refusal_of("domain=d app=x stream=\"" + std::string(300, 'x') + "\""), "");
}

TEST_F(RuleBin, ANameThatIsNoUtf8BreaksNothing) {
  make("domain=d app=x");
  g_object_set(rulebin_.get(), "stream", "\xFF\xFE", nullptr);
  ASSERT_TRUE(start());
  EXPECT_TRUE(wait_for_element_message(pipeline_.get(), "rulebin-matched"));
}

TEST_F(RuleBin, AConfigurationMistakeNamesItsPlaceAndTheElementDoesNotStart) {
  write_file(dir_.path() / "recording.json", "{\"templates\": {},\n \"rules\": [{\"domain\": \"d\"}]}");
  make("domain=d");
  EXPECT_FALSE(start());
  EXPECT_NE(
      error_text().find(dir_ / "recording.json:2:12: rules[0].template: expected the name of a template"),
      std::string::npos);
  write_file(dir_.path() / "recording.json", kConfig);
  EXPECT_TRUE(start()) << "mended, it starts";
}

TEST_F(RuleBin, AChangeActsOnTheNextStartAndABadOneIsToldOnce) {
  EXPECT_EQ(template_of("live", "cam"), "narrow");
  const std::string file = dir_ / "recording.json";
  write_file(
      file,
      R"({"rules": [{"domain": "d", "template": "new"}], "templates": {"new": {"formats": {"flv": {}}}}})");
  EXPECT_EQ(template_of("live", "cam"), "new");
  write_file(file, R"({"rules": [{"domain": "d"}]})");
  make("domain=d app=live stream=cam");
  ASSERT_TRUE(start());
  const auto warnings = warnings_until_matched();
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_NE(warnings[0].find("the configuration has changed and cannot be used"), std::string::npos)
      << warnings[0];
  EXPECT_NE(warnings[0].find(file + ":1:1: templates"), std::string::npos) << warnings[0];
  ASSERT_EQ(gst_element_set_state(pipeline_.get(), GST_STATE_READY), GST_STATE_CHANGE_SUCCESS);
  ASSERT_TRUE(start());
  EXPECT_TRUE(warnings_until_matched().empty());
  EXPECT_EQ(template_of("live", "cam"), "new") << "what was good stays in force";
}

TEST_F(RuleBin, ExplainsWhichRuleWinsAndWhichLose) {
  make("uri=rtmp://d/live/cam?secret=1");
  const auto explained = [&] {
    gchar *text = nullptr;
    g_signal_emit_by_name(rulebin_.get(), "explain", &text);
    const CString owned(text);
    return std::string(text ? text : "");
  };
  const std::string before = explained();
  EXPECT_EQ(before.find("begun"), std::string::npos) << before;
  EXPECT_NE(before.find("template: \"narrow\"\nbecause: domain + app + stream ("), std::string::npos)
      << before;
  EXPECT_NE(before.find("weaker: template \"stream\" by domain + stream"), std::string::npos) << before;
  EXPECT_NE(before.find("its stream is \"private\""), std::string::npos) << before;
  EXPECT_EQ(before.find("secret"), std::string::npos) << before;
  ASSERT_TRUE(start());
  ASSERT_EQ(matched_template(), "narrow");
  write_file(dir_.path() / "recording.json",
             R"({"rules": [{"domain": "d", "template": "new"}], "templates": {"new": {"formats": {}}}})");
  const std::string after = explained();
  EXPECT_NE(after.find("begun: template \"narrow\" by domain + app + stream"), std::string::npos) << after;
  EXPECT_NE(after.find("template: \"new\"\n"), std::string::npos) << after;
  EXPECT_NE(after.find("recorded: no: the template has no formats"), std::string::npos) << after;
}

TEST_F(RuleBin, AMissingConfigurationIsAnError) {
  make("domain=d config=" + (dir_ / "none.json"));
  EXPECT_FALSE(start());
  EXPECT_NE(error_text().find("none.json"), std::string::npos);
  make("domain=d config=\"\"");
  EXPECT_FALSE(start());
  EXPECT_NE(error_text().find("config: expected"), std::string::npos);
}

TEST_F(RuleBin, AnUnusableUriOrDirectoryOrCatalogueIsAnError) {
  make("uri=\"rtmp://user:secret@d/live/cam\"");
  EXPECT_FALSE(start());
  const std::string text = error_text();
  EXPECT_NE(text.find("push URL"), std::string::npos) << text;
  EXPECT_EQ(text.find("secret"), std::string::npos) << text;
  make("domain=d directory=\"a{b\"");
  EXPECT_FALSE(start());
  EXPECT_NE(error_text().find("directory"), std::string::npos);
  make("domain=d catalogue=" + (dir_ / "recording.json/catalogue.db"));
  EXPECT_FALSE(start());
  EXPECT_NE(error_text().find("catalogue"), std::string::npos);
}

TEST_F(RuleBin, BuildsOneRecorderPerCycleAndOneForHls) {
  write_file(dir_.path() / "recording.json",
             R"({"rules": [{"domain": "d", "template": "t"}], "templates": {"t":
    {"formats": {"flv": {"cycle": "1h"}, "mp4": {"cycle": "1h"}, "aac": {"cycle": "2h"},
     "hls": {"segment": "7s", "splice-timeout": "1min"}}, "time-zone": "UTC+8", "name": "{StreamName}/{EndYear}x"}}})");
  make("domain=d stream=cam%d");
  ASSERT_TRUE(start());
  ASSERT_TRUE(wait_for_element_message(pipeline_.get(), "rulebin-matched"));
  const auto child = [&](const char *name) {
    return Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(rulebin_.get()), name));
  };
  ASSERT_TRUE(child("flv+mp4") && child("aac") && child("hls"));
  gchar *location = nullptr, *zone = nullptr, *playlist = nullptr;
  guint64 cycle = 0, splice = 0;
  guint target = 0;
  gst_child_proxy_get(GST_CHILD_PROXY(child("flv+mp4").get()), "mp4::location", &location, nullptr);
  g_object_get(child("flv+mp4").get(), "cycle", &cycle, "time-zone", &zone, nullptr);
  g_object_get(child("hls").get(), "playlist-location", &playlist, "target-duration", &target,
               "splice-timeout", &splice, nullptr);
  const CString owned[] = {CString(location), CString(zone), CString(playlist)};
  EXPECT_EQ(location, (dir_ / "spool") + "/cam~25d/{EndYear}x");
  EXPECT_EQ(playlist, (dir_ / "spool") + "/cam~25d/x/playlist.m3u8");
  EXPECT_EQ(cycle, 3600 * GST_SECOND);
  EXPECT_EQ(target, 7U);
  EXPECT_EQ(splice, 60 * GST_SECOND);
  EXPECT_STREQ(zone, "UTC+8");
}

TEST_F(RuleBin, StopsAndStartsAgain) {
  make("domain=d app=live stream=cam");
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(start());
    ASSERT_TRUE(wait_for_element_message(pipeline_.get(), "rulebin-matched"));
    ASSERT_EQ(gst_element_set_state(pipeline_.get(), GST_STATE_NULL), GST_STATE_CHANGE_SUCCESS);
    EXPECT_EQ(gst_bin_get_by_name(GST_BIN(rulebin_.get()), "flv"), nullptr)
        << "recorders live from start to stop";
  }
}

TEST_F(RuleBin, PadsComeAndGo) {
  make("domain=d app=live stream=cam");
  const auto audio = Ref<GstPad>::adopt(gst_element_request_pad_simple(rulebin_.get(), "audio_%u"));
  ASSERT_TRUE(audio);
  EXPECT_STREQ(GST_PAD_NAME(audio.get()), "audio_0");
  ASSERT_TRUE(start());
  const auto late = Ref<GstPad>::adopt(gst_element_request_pad_simple(rulebin_.get(), "audio_%u"));
  ASSERT_TRUE(late);
  EXPECT_STREQ(GST_PAD_NAME(late.get()), "audio_1");
  EXPECT_TRUE(gst_pad_is_active(late.get()));
  gst_element_release_request_pad(rulebin_.get(), audio.get());
  EXPECT_EQ(gst_element_get_static_pad(rulebin_.get(), "audio_0"), nullptr);
  gst_element_release_request_pad(rulebin_.get(), late.get());
}

std::ptrdiff_t threads() {
  const std::filesystem::directory_iterator tasks("/proc/self/task");
  return std::distance(begin(tasks), end(tasks));
}

TEST_F(RuleBin, HundredsInOneProcessShareOneThreadAndOneCatalogue) {
  constexpr int kPushes = 300;
  pipeline_ = Ref<GstElement>::sink(gst_pipeline_new(nullptr));
  for (int i = 0; i < kPushes; ++i) {
    GstElement *bin = gst_element_factory_make("rulebin", nullptr);
    g_object_set(bin, "directory", (dir_ / "spool").c_str(), "config", (dir_ / "recording.json").c_str(),
                 "domain", "d", "app", "live", "stream", ("s" + std::to_string(i)).c_str(), nullptr);
    gst_bin_add(GST_BIN(pipeline_.get()), bin);
    rulebin_ = Ref<GstElement>::retain(bin);
  }
  const auto before = threads();
  ASSERT_TRUE(start());
  EXPECT_LE(threads(), before + 8) << "the desk's, and what GStreamer and GLib keep";
  const auto pad = Ref<GstPad>::adopt(gst_element_request_pad_simple(rulebin_.get(), "video"));
  ASSERT_TRUE(gst_pad_send_event(pad.get(), gst_event_new_stream_start("s")));
  ASSERT_TRUE(gst_pad_send_event(pad.get(), gst_event_new_eos()));
  stop();
  SystemClock clock;
  auto catalogue = Catalogue::open(dir_ / "spool/catalogue.db", clock);
  ASSERT_TRUE(catalogue) << catalogue.error().message;
  EXPECT_TRUE(catalogue->working_owners()->empty()) << "all is ended";
}

TEST_F(RuleBin, AnEosThatIsSentToItEndsThePush) {
  make("domain=x");
  const auto source = Ref<GstElement>::adopt(gst_bin_get_by_name(GST_BIN(pipeline_.get()), "src"));
  gst_element_set_locked_state(source.get(), TRUE);  // the test is the source
  ASSERT_TRUE(start());
  const auto pad = Ref<GstPad>::adopt(gst_element_get_static_pad(rulebin_.get(), "video"));
  ASSERT_TRUE(gst_pad_send_event(pad.get(), gst_event_new_stream_start("s")));
  ASSERT_TRUE(gst_element_send_event(rulebin_.get(), gst_event_new_eos()));
  EXPECT_TRUE(wait_for_message(pipeline_.get(), GST_MESSAGE_EOS));
  EXPECT_EQ(pushes().seen, 1U);
}

}  // namespace
}  // namespace rec::test
