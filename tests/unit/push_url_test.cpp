// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/push_url.h"

#include <gtest/gtest.h>

namespace rec {
namespace {

TEST(PushUrl, SplitsAnRtmpAddress) {
  const auto push = parse_push_url("rtmp://push.example.org/live/cam1?txSecret=abc&txTime=5");
  ASSERT_TRUE(push) << push.error().message;
  EXPECT_EQ(push->domain, "push.example.org");
  EXPECT_EQ(push->app, "live");
  EXPECT_EQ(push->stream, "cam1");
  EXPECT_EQ(push->stream_param, "txSecret=abc&txTime=5");
}

TEST(PushUrl, TakesPortsAddressesAndDeepApps) {
  EXPECT_EQ(parse_push_url("rtmp://h:1935/live/cam1")->domain, "h");
  EXPECT_EQ(parse_push_url("rtmps://[2001:db8::1]:443/a/b")->domain, "[2001:db8::1]");
  EXPECT_EQ(parse_push_url("srt://127.0.0.1/a/b/c?x?y")->app, "a/b");
  EXPECT_EQ(parse_push_url("srt://127.0.0.1/a/b/c?x?y")->stream, "c");
  EXPECT_EQ(parse_push_url("srt://127.0.0.1/a/b/c?x?y")->stream_param, "x?y");
  EXPECT_EQ(parse_push_url("rtmp://h/live/%2e%2e")->stream, "%2e%2e") << "stays as pushed";
}

TEST(PushUrl, RefusesWhatIsIncompleteOrMalformed) {
  for (const char *bad : {"",
                          "rtmp",
                          "rtmp://",
                          "rtmp:///live/x",
                          "rtmp://h",
                          "rtmp://h/",
                          "rtmp://h/live",
                          "rtmp://h/live/",
                          "//h/a/b",
                          "1tmp://h/a/b",
                          "rtmp://h//live/x",
                          "rtmp://h/live//x",
                          "rtmp://h:0/a/b",
                          "rtmp://h:65536/a/b",
                          "rtmp://h:/a/b",
                          "rtmp://h:x/a/b",
                          "rtmp://[::1/a/b",
                          "rtmp://[]/a/b",
                          "rtmp://a b/a/b",
                          "rtmp://h/a\n/b",
                          "rtmp://h?/a/b",
                          "rtmp://h/a?/b"})
    EXPECT_FALSE(parse_push_url(bad)) << bad;
  EXPECT_FALSE(parse_push_url("rtmp://h/a/" + std::string(kMaxPushUrl, 'x')));
}

TEST(PushUrl, ErrorsNeverRepeatTheAddress) {
  for (const char *bad :
       {"rtmp://user:secret@h/live/x", "rtmp://h/live?secret", "rtmp://h:secret/live/x?secret"}) {
    const auto push = parse_push_url(bad);
    ASSERT_FALSE(push) << bad;
    EXPECT_EQ(push.error().message.find("secret"), std::string::npos) << push.error().message;
  }
}

}  // namespace
}  // namespace rec
