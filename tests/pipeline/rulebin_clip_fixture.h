// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "core/service/catalogue.h"
#include "core/service/clip.h"
#include "tests/pipeline/splicesink_fixture.h"

namespace rec::test {

// Recordings by rulebin, and clips of them.
class RuleBinClip : public ::testing::Test {
 protected:
  void configure(const std::string &formats) {
    write_file(dir_.path() / "recording.json",
               R"({"rules": [{"domain": "d", "template": "t"}], "templates": {"t": {"name":
  "{StreamName}/{EscapedStartTime}-{StartMillisecond}", "storage": {"primary": "s"}, "callbacks": ["ops"],
  "formats": )" + formats +
                   R"(}},
  "storage": {"s": {"uri": "file:///nowhere"}}, "callbacks": {"ops": {"url": "http://127.0.0.1:1/"}}})");
  }
  std::string line(const std::string &stream = "cam1") const {
    return "rulebin directory=" + (dir_ / "spool") + " config=" + (dir_ / "recording.json") +
           " uri=rtmp://d/live/" + stream;
  }
  static Media pictures(int from, int to) { return video().part(Seconds(from), Seconds(to), Nanoseconds(0)); }
  static Media sounds(int from, int to) { return audio().part(Seconds(from), Seconds(to), Nanoseconds(0)); }
  static void push(Publisher &publisher, int from, int to) {
    publisher.send({{"video", pictures(from, to)}, {"audio_0", sounds(from, to)}});
    publisher.end_all();
  }
  void record(const std::string &stream = "cam1") {
    Publisher publisher(line(stream));
    push(publisher, 0, 6);
    ASSERT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  }
  // Seconds 0 to 2 and 3 to 5, as one recording of segments of a second.
  void record_spliced() {
    configure(R"({"hls": {"segment": "1s", "splice-timeout": "1min"}})");
    Publisher publisher(line());
    push(publisher, 0, 2);
    ASSERT_TRUE(wait_for_element_message(publisher.pipeline(), "splicesink-recording-paused"));
    push(publisher, 3, 5);
    ASSERT_TRUE(wait_for_element_message(publisher.pipeline(), "splicesink-recording-paused"));
    g_signal_emit_by_name(publisher.element(), "cancel-delay");
    ASSERT_TRUE(wait_for_message(publisher.pipeline(), GST_MESSAGE_EOS));
  }
  Catalogue catalogue() {
    auto opened = Catalogue::open(dir_ / "spool/catalogue.db", clock_);
    EXPECT_TRUE(opened) << opened.error().message;
    return *std::move(opened);
  }
  std::vector<Recording> recordings() { return *catalogue().recordings(10); }
  Result<Recording> clip(const ClipRequest &request) {
    Catalogue opened = catalogue();
    return make_clip(opened, request);
  }
  std::vector<StoredFile> files(const Recording &recording) { return *catalogue().files(recording.id); }
  // Segments of a second each: of the range that begins and ends so many milliseconds after the first one.
  ClipRequest range(const Recording &recording, int from_ms, int to_ms) {
    const UtcTime start = first_of(recording);
    ClipRequest request;
    request.recordings = {recording.id};
    request.from = start + Milliseconds(from_ms);
    request.to = start + Milliseconds(to_ms);
    return request;
  }
  UtcTime first_of(const Recording &recording) {
    const auto segments = *catalogue().segments(recording.id);
    for (const NewSegment &segment : segments)
      if (segment.duration > Nanoseconds(0)) return segment.started;
    ADD_FAILURE() << "no segments";
    return {};
  }
  // The pictures of those seconds, 25 in each.
  static std::vector<std::string> pushed(const std::vector<std::pair<int, int>> &parts) {
    static const auto all = sent(video(), "video");
    std::vector<std::string> hashes;
    for (const auto &[from, to] : parts)
      hashes.insert(hashes.end(), all.begin() + 25 * from, all.begin() + 25 * to);
    return hashes;
  }
  TempDir dir_;
  SystemClock clock_;
};

}  // namespace rec::test
