// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/configuration.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "core/service/config_reader.h"

namespace rec {
namespace {

std::string problems_of(std::string_view text) {
  std::string all;
  for (const std::string &problem : parse_configuration(text, "f.json").problems) all += problem + "\n";
  return all;
}

// A configuration whose template "t" is what is given.
std::string with_template(const std::string &members) {
  return R"({"rules": [], "storage": {"a": {"uri": "file:///a"}, "b": {"uri": "file:///b"}},
 "callbacks": {"ops": {"url": "http://h/x"}}, "templates": {"t":
)" + members +
         "}}";
}

RecordingTemplate template_of(const std::string &members) {
  const auto loaded = parse_configuration(with_template(members), "f.json");
  EXPECT_TRUE(loaded.configuration) << configuration_error(loaded).message;
  return loaded.configuration ? loaded.configuration->templates.at("t") : RecordingTemplate{};
}

TEST(Configuration, LoadsTheShippedExample) {
  const auto loaded =
      load_configuration(std::string(std::getenv("REC_TEST_SOURCE_ROOT")) + "/examples/recording.json");
  ASSERT_TRUE(loaded.configuration) << configuration_error(loaded).message;
  EXPECT_TRUE(loaded.notices.empty());
  const auto choice = choose_template(*loaded.configuration, {"127.0.0.1", "live", "cam1", ""});
  ASSERT_NE(choice.recording, nullptr);
  EXPECT_EQ(choice.recording->name, "default");
  EXPECT_EQ(join_formats(file_recorders(*choice.recording).at(0).formats), "mp4+flv");
  EXPECT_EQ(loaded.configuration->callbacks.at("ops").key_env, "RECORDING_CALLBACK_KEY");
  EXPECT_EQ(choose_template(*loaded.configuration, {"x", "live", "cam1", ""}).recording, nullptr);
}

TEST(Configuration, ATemplateHasItsDefaults) {
  const RecordingTemplate t = template_of(R"({"formats": {"hls": {}, "flv": {}}})");
  EXPECT_EQ(t.name, "t");
  EXPECT_EQ(t.hls->segment, Seconds(10));
  EXPECT_EQ(t.hls->splice_timeout, Seconds(0));
  EXPECT_EQ(t.files.at(0).cycle, std::chrono::minutes(30));
  EXPECT_EQ(t.time_zone, "UTC");
  EXPECT_EQ(t.store, "");
  EXPECT_TRUE(t.callbacks.empty());
}

TEST(Configuration, FilesAreSplicedForAsLongAsThePlaylist) {
  const RecordingTemplate t = template_of(
      R"({"formats": {"hls": {"splice-timeout": "1min"}, "flv": {"splice-timeout": "1min"}, "mp4": {}}})");
  EXPECT_EQ(t.splice_timeout(), Seconds(60));
  EXPECT_TRUE(t.splices(Format::hls));
  EXPECT_TRUE(t.splices(Format::flv));
  EXPECT_FALSE(t.splices(Format::mp4)) << "it is not told so";
  EXPECT_FALSE(t.splices(Format::aac));
  EXPECT_EQ(template_of(R"({"formats": {"flv": {}}})").splice_timeout(), Seconds(0));
  for (const char *formats : {R"({"hls": {"splice-timeout": "1min"}, "flv": {"splice-timeout": "2min"}})",
                              R"({"hls": {}, "flv": {"splice-timeout": "2min"}})",
                              R"({"flv": {"splice-timeout": "2min"}, "mp4": {"splice-timeout": "1min"}})"})
    EXPECT_NE(problems_of(with_template(R"({"formats": )" + std::string(formats) + "}"))
                  .find("templates.t.formats: expected the same splice-timeout for"),
              std::string::npos)
        << formats;
  EXPECT_NE(problems_of(with_template(R"({"formats": {"aac": {"splice-timeout": "1min"}}})")), "");
}

TEST(Configuration, ReadsEveryMemberOfATemplate) {
  const RecordingTemplate t = template_of(
      R"({"formats": {"hls": {"segment": "4s", "segment-format": "cmaf", "splice-timeout": "3min"}, "mp4": {"cycle": "12h"}, "aac": {"cycle": "1s"}},
          "content": ["origin"], "trigger": "automatic", "time-zone": "UTC+8", "name": "x/{StreamName}",
          "storage": {"primary": "a"}, "callbacks": ["ops"]})");
  EXPECT_EQ(t.hls->segment, Seconds(4));
  EXPECT_EQ(t.hls->segment_format, SegmentFormat::cmaf);
  EXPECT_EQ(t.hls->splice_timeout, Seconds(180));
  ASSERT_EQ(t.files.size(), 2U);
  EXPECT_EQ(t.files[0].cycle, Seconds(43200));
  EXPECT_EQ(t.files[1].cycle, Seconds(1));
  EXPECT_EQ(t.time_zone, "UTC+8");
  EXPECT_EQ(t.pattern, "x/{StreamName}");
  EXPECT_EQ(t.store, "a");
  EXPECT_EQ(t.callbacks, std::vector<std::string>{"ops"});
}

TEST(Configuration, ReadsWhatBecomesOfLocalCopies) {
  const auto of = [](const std::string &storage, const std::string &spool) {
    return parse_configuration(R"({"templates": {}, "rules": [], "storage": {"s": {"uri": "file:///s")" +
                                   storage + "}}" + spool + "}",
                               "f.json");
  };
  EXPECT_EQ(of("", "").configuration->stores.at("s").keep_local, std::nullopt);
  EXPECT_EQ(of("", "").configuration->spool, SpoolPolicy{});
  EXPECT_EQ(of(R"(, "keep-local": "forever")", "").configuration->stores.at("s").keep_local, std::nullopt);
  EXPECT_EQ(of(R"(, "keep-local": "0s")", "").configuration->stores.at("s").keep_local, Seconds(0));
  const auto kept = of("", R"(, "spool": {"min-free": 5, "when-low": "keep"})").configuration;
  EXPECT_EQ(kept->spool, (SpoolPolicy{.min_free_bytes = 5, .deletes_uploaded = false}));
  EXPECT_EQ(of("", R"(, "spool": {"min-free": 5})").configuration->spool, (SpoolPolicy{.min_free_bytes = 5}));
  EXPECT_FALSE(of(R"(, "keep-local": "1501d")", "").configuration);
}

TEST(Configuration, ATemplateMaySayWhatBecomesOfItsLocalCopies) {
  const auto of = [](const std::string &members) {
    const auto loaded =
        parse_configuration(with_template(R"({"formats": {"flv": {}})" + members + "}"), "f.json");
    EXPECT_TRUE(loaded.configuration) << configuration_error(loaded).message;
    return loaded.configuration->templates.begin()->second.local_copies;
  };
  EXPECT_EQ(of(""), LocalCopyPolicy{});
  EXPECT_EQ(of(R"(, "keep-local": "forever")"), (LocalCopyPolicy{.is_own = true}));
  EXPECT_EQ(of(R"(, "keep-local": "1min")"), (LocalCopyPolicy{.is_own = true, .keep_local = Seconds(60)}));
  EXPECT_EQ(of(R"(, "storage": {"primary": "a", "backup": "b", "backup-suffices": true})"),
            (LocalCopyPolicy{.backup_suffices = true}));
  EXPECT_NE(
      problems_of(with_template(R"({"formats": {}, "storage": {"primary": "a", "backup-suffices": true}})")),
      "");
}

TEST(Configuration, SaysWhatItDoesNotActOn) {
  const auto loaded =
      parse_configuration(with_template(R"({"formats": {"flv": {"process": ["x"]}}, "retention": "30d",
  "storage": {"primary": "a", "backup": "b"}})"),
                          "f.json");
  ASSERT_TRUE(loaded.configuration) << configuration_error(loaded).message;
  ASSERT_EQ(loaded.notices.size(), 1U);
  EXPECT_NE(loaded.notices[0].find(
                "templates.t.formats.flv.process[0]: nothing is done, because \"jobs\" has no \"x\""),
            std::string::npos)
      << loaded.notices[0];
}

TEST(Configuration, EveryFileGoesUpWhileItIsRecordedUnlessItSaysOtherwise) {
  const RecordingTemplate t = template_of(
      R"({"formats": {"mp4": {}, "aac": {"upload": "when-closed"}, "flv": {"upload": "while-recording"}}})");
  EXPECT_TRUE(t.uploads_early(Format::mp4));
  EXPECT_TRUE(t.uploads_early(Format::flv));
  EXPECT_FALSE(t.uploads_early(Format::aac));
  EXPECT_FALSE(t.uploads_early(Format::mp3)) << "it is not recorded";
}

TEST(Configuration, ReadsWhatConcernsOneFormatOnly) {
  const RecordingTemplate t = template_of(R"({"name": "t/{StreamName}", "formats": {
    "mp4": {"name": "m/{StreamName}", "retention": "7d", "storage-class": "archive", "process": ["thumbnails", "cut"], "merge": true},
    "hls": {"cycle": "12h", "name": "h/{StartYear}", "segment-name": "ts/{UnixTimestamp}_{Sequence}"},
    "flv": {}}})");
  EXPECT_EQ(t.pattern_of(Format::mp4), "m/{StreamName}");
  EXPECT_EQ(t.pattern_of(Format::hls), "h/{StartYear}");
  EXPECT_EQ(t.pattern_of(Format::flv), "t/{StreamName}");
  EXPECT_EQ(t.hls->cycle, std::chrono::hours(12));
  EXPECT_EQ(t.hls->segment_pattern, "ts/{UnixTimestamp}_{Sequence}");
  const FormatOptions &mp4 = t.files.at(0).options;
  EXPECT_EQ(mp4.retention, Seconds(604800));
  EXPECT_EQ(mp4.storage_class, "archive");
  EXPECT_EQ(mp4.process, (std::vector<std::string>{"thumbnails", "cut"}));
  EXPECT_TRUE(mp4.merge);
  const FormatOptions &flv = t.files.at(1).options;
  EXPECT_FALSE(flv.retention.has_value());
  EXPECT_FALSE(flv.merge);
}

TEST(Configuration, AFolderNeedsANameWithoutItsEndOnlyWhereItGetsThatName) {
  EXPECT_EQ(
      problems_of(with_template(R"({"formats": {"hls": {"name": "a"}, "mp4": {}}, "name": "{EndYear}"})")),
      "");
  EXPECT_NE(
      problems_of(with_template(R"({"formats": {"hls": {}, "mp4": {"name": "a"}}, "name": "{EndYear}"})")),
      "");
}

TEST(Configuration, ReadsTriggers) {
  const auto kind = [](const std::string &trigger) {
    return template_of(R"({"formats": {}, "trigger": )" + trigger + "}").trigger.kind;
  };
  EXPECT_EQ(template_of(R"({"formats": {}})").trigger.kind, TriggerKind::automatic);
  EXPECT_EQ(kind(R"("automatic")"), TriggerKind::automatic);
  EXPECT_EQ(kind(R"("manual")"), TriggerKind::manual);
  EXPECT_EQ(kind(R"("ingest-parameter")"), TriggerKind::ingest_parameter);
  const Trigger plain = template_of(R"({"formats": {}, "trigger": {"ask": "https://h/record/"}})").trigger;
  EXPECT_EQ(plain.kind, TriggerKind::ask);
  EXPECT_EQ(plain.url, "https://h/record");
  EXPECT_EQ(plain.timeout, Seconds(5));
  EXPECT_EQ(plain.retries, 5U);
  EXPECT_EQ(plain.pause, Seconds(1));
  EXPECT_EQ(plain.hold, Seconds(30));
  EXPECT_FALSE(plain.record_on_failure);
  const Trigger full = template_of(R"({"formats": {}, "trigger": {"ask": "http://h", "timeout": "60s",
    "retries": 0, "retry-interval": "0s", "on-failure": "record", "hold": "0s"}})")
                           .trigger;
  EXPECT_EQ(full.timeout, Seconds(60));
  EXPECT_EQ(full.retries, 0U);
  EXPECT_EQ(full.pause, Seconds(0));
  EXPECT_EQ(full.hold, Seconds(0));
  EXPECT_TRUE(full.record_on_failure);
}

TEST(Configuration, ReadsContent) {
  const RecordingTemplate t = template_of(
      R"({"formats": {}, "content": ["watermarked", "transcoded:hd_2-x", "origin"], "standby": true})");
  EXPECT_TRUE(t.standby);
  ASSERT_EQ(t.content.size(), 3U);
  EXPECT_EQ(t.content[0].kind, Content::Kind::watermarked);
  EXPECT_EQ(t.content[1], (Content{Content::Kind::transcoded, "hd_2-x"}));
  EXPECT_EQ(name_of(t.content[1]), "transcoded:hd_2-x");
  EXPECT_EQ(template_of(R"({"formats": {}})").content, std::vector<Content>{Content{}});
  std::string ten;
  for (int i = 0; i < 10; ++i) ten += R"("transcoded:)" + std::to_string(i) + "\", ";
  const auto content = [](const std::string &list) {
    return R"({"formats": {}, "content": [)" + list + "]}";
  };
  EXPECT_EQ(problems_of(with_template(content(ten + R"("origin")"))), "");
  EXPECT_NE(problems_of(with_template(content(ten + R"("transcoded:10")"))), "");
}

TEST(Configuration, NamesFileLineColumnMemberExpectedAndFound) {
  EXPECT_EQ(
      problems_of(with_template(R"({"formats": {"hls": {"segment": "61s"}}})")),
      "f.json:3:33: templates.t.formats.hls.segment: expected a duration from \"1s\" to \"1min\" (a whole "
      "number of s, min, h or d), found \"61s\"\n");
  EXPECT_EQ(problems_of("{\n\"templates\": [],\n \"rules\": {}}"),
            "f.json:2:14: templates: expected an object, found an array\n"
            "f.json:3:11: rules: expected an array of rules, found an object\n");
  EXPECT_EQ(problems_of("{}"),
            "f.json:1:1: templates: expected an object with a member per template, found nothing\n"
            "f.json:1:1: rules: expected an array of rules, found nothing\n");
  EXPECT_EQ(problems_of("[]"), "f.json:1:1: expected an object, found an array\n");
  EXPECT_EQ(problems_of("{\"rules\": nope}"), "f.json:1:11: unexpected 'nope': expected a JSON value\n");
}

TEST(Configuration, UnknownMembersListWhatIsAllowed) {
  EXPECT_EQ(problems_of(with_template(R"({"formats": {"hls": {"segmnt": "6s"}}})")),
            "f.json:3:22: templates.t.formats.hls: expected only segment, segment-format, splice-timeout, "
            "cycle, playlist-refresh, name, retention, storage-class, process, merge, process-merged and "
            "segment-name, found "
            "\"segmnt\"\n");
  EXPECT_EQ(problems_of(with_template(R"({"formats": {"mkv": {}}})")),
            "f.json:3:14: templates.t.formats: expected only flv, mp4, aac, mp3 and hls, found \"mkv\"\n");
}

TEST(Configuration, FindsAllProblemsOfAFileInItsOrder) {
  const auto loaded = parse_configuration(R"({
  "rules": [
    {"domain": "", "template": "t"},
    {"domain": "d", "template": "none"},
    {"domain": "d", "app": "*", "template": "t", "strem": "x"},
    {"domain": "h:1935", "template": "t", "app": 5},
    7
  ],
  "storage": {"s": {"uri": "ftp://x"}},
  "templates": {"t": {"formats": {"mp4": {"cycle": 30}}, "storage": {"primary": "z"}, "callbacks": ["c"]}}
})",
                                          "f");
  const std::vector<std::string> expected = {
      "f:3:16: rules[0].domain: expected a host name without scheme and port, found an empty string",
      "f:4:33: rules[1].template: expected the name of a template: \"t\", found \"none\"",
      "f:5:5: rules[2]: expected every domain, app and stream once, found the same as at f:4:5",
      "f:5:50: rules[2]: expected only domain, app, stream and template, found \"strem\"",
      "f:6:16: rules[3].domain: expected a host name without scheme and port, found \"h:1935\"",
      "f:6:50: rules[3].app: expected a string of at most 1024 bytes, found a number",
      "f:7:5: rules[4]: expected an object, found a number",
      "f:9:28: storage.s.uri: expected \"s3://bucket[/prefix]\", \"cos://...\", \"oss://...\" or "
      "\"file:///directory\", found another "
      "string",
      "f:10:52: templates.t.formats.mp4.cycle: expected a duration from \"1s\" to \"12h\" (a whole number of "
      "s, min, h "
      "or d), found 30",
      "f:10:81: templates.t.storage.primary: expected the name of a store: \"s\", found \"z\"",
      "f:10:101: templates.t.callbacks[0]: expected the name of a callback (none is defined), found \"c\"",
  };
  EXPECT_EQ(loaded.configuration, nullptr);
  EXPECT_EQ(loaded.problems, expected);
  EXPECT_NE(configuration_error(loaded).message.find("and 6 more"), std::string::npos);
}

TEST(Configuration, RefusesNamesThatLeaveTheDirectory) {
  for (const char *name : {"/abs", "../up", "a/../b", "", "{Nope}", "a//b", "a/", "%s", "a\\\\b"})
    EXPECT_NE(problems_of(with_template(R"({"formats": {}, "name": ")" + std::string(name) + "\"}")), "")
        << name;
  EXPECT_NE(problems_of(with_template(R"({"formats": {"hls": {}}, "name": "{EscapedEndTime}"})")), "");
  EXPECT_EQ(problems_of(with_template(R"({"formats": {"mp4": {}}, "name": "{EscapedEndTime}"})")), "");
}

TEST(Configuration, ChecksRangesAndWords) {
  for (const char *bad : {R"({"formats": {"mp4": {"cycle": "0s"}}})",
                          R"({"formats": {"mp4": {"cycle": "43201s"}}})",
                          R"({"formats": {"mp4": {"cycle": "1"}}})",
                          R"({"formats": {"mp4": {"cycle": "s"}}})",
                          R"({"formats": {"mp4": {"cycle": "-1s"}}})",
                          R"({"formats": {"mp4": {"cycle": "1.5h"}}})",
                          R"({"formats": {"mp4": {"cycle": ""}}})",
                          R"({"formats": {"mp4": {"cycle": "99999999999999999999d"}}})",
                          R"({"formats": {"mp4": {"cycle": "9223372036854775807d"}}})",
                          R"({"formats": {"mp4": null}})",
                          R"({"formats": {"hls": {"upload": "while-recording"}}})",
                          R"({"formats": {"flv": {"upload": "x"}}})",
                          R"({"formats": {"hls": {"segment": "0s"}}})",
                          R"({"formats": {"hls": {"splice-timeout": "7h"}}})",
                          R"({"formats": {"hls": {"cycle": "13h"}}})",
                          R"({"formats": {"hls": {"name": "{EscapedEndTime}"}}})",
                          R"({"formats": {"hls": {"segment-name": "../{Sequence}"}}})",
                          R"({"formats": {"hls": {"segment-name": "{Sequence}_{EndYear}"}}})",
                          R"({"formats": {"mp4": {"segment-name": "{Sequence}"}}})",
                          R"({"formats": {"mp4": {"name": "/abs"}}})",
                          R"({"formats": {"mp4": {"retention": "0s"}}})",
                          R"({"formats": {"mp4": {"storage-class": "cold"}}})",
                          R"({"formats": {"mp4": {"process": "p"}}})",
                          R"({"formats": {"mp4": {"process": [""]}}})",
                          R"({"formats": {"mp4": {"process": ["p", "p"]}}})",
                          R"({"formats": {"mp4": {"merge": "yes"}}})",
                          R"({"formats": {}, "standby": 1})",
                          R"({"formats": {}, "trigger": "on-demand"})",
                          R"({"formats": {}, "trigger": {}})",
                          R"({"formats": {}, "trigger": []})",
                          R"({"formats": {}, "trigger": {"ask": "ftp://h"}})",
                          R"({"formats": {}, "trigger": {"ask": "http://h/?x=1"}})",
                          R"({"formats": {}, "trigger": {"ask": "http://h", "timeout": "0s"}})",
                          R"({"formats": {}, "trigger": {"ask": "http://h", "timeout": "61s"}})",
                          R"({"formats": {}, "trigger": {"ask": "http://h", "retries": -1}})",
                          R"({"formats": {}, "trigger": {"ask": "http://h", "retries": 1.5}})",
                          R"({"formats": {}, "trigger": {"ask": "http://h", "retries": 101}})",
                          R"({"formats": {}, "trigger": {"ask": "http://h", "retry-interval": "2min"}})",
                          R"({"formats": {}, "trigger": {"ask": "http://h", "hold": "1h"}})",
                          R"({"formats": {}, "trigger": {"ask": "http://h", "on-failure": "retry"}})",
                          R"({"formats": {}, "trigger": {"ask": "http://h", "else": 1}})",
                          R"({"formats": {}, "content": ["origin", "origin"]})",
                          R"({"formats": {}, "content": "origin"})",
                          R"({"formats": {}, "content": ["transcoded"]})",
                          R"({"formats": {}, "content": ["transcoded:"]})",
                          R"({"formats": {}, "content": ["transcoded:a/b"]})",
                          R"({"formats": {}, "content": ["transcoded:*", "transcoded:a"]})",
                          R"({"formats": {}, "content": []})",
                          R"({"formats": {}, "content": ["mixed"]})",
                          R"({"formats": {}, "time-zone": "Mars/Base"})",
                          R"({"formats": {}, "retention": "1501d"})",
                          R"({"formats": {}, "callbacks": ["ops", "ops"]})",
                          R"({"formats": {}, "storage": {"primary": "a", "backup": "a"}})",
                          R"({"formats": {}, "storage": {}})",
                          "{}",
                          "5"})
    EXPECT_NE(problems_of(with_template(bad)), "") << bad;
}

TEST(Configuration, ReadsStoresAndCallbacks) {
  const auto loaded = parse_configuration(
      R"({"templates": {}, "rules": [],
  "storage": {"s": {"uri": "s3://bucket/a/b/", "endpoint": "https://h:9000/", "region": "eu", "credentials": "env",
                    "bandwidth": 5000, "ca": "/ca.pem", "proxy": "http://p:3128",
                    "metadata": {"project": "the archive"}, "tags": {"team": "Ops/1 {StreamName}"},
                    "content-types": {"m3u8": "application/x-mpegURL"}},
              "f": {"uri": "file:///var/x y"}, "m": {"uri": "file:///m", "uploads": 8}},
  "callbacks": {"plain": {"url": "https://h/x"}, "signed": {"url": "http://h", "schema": "tencent", "key": {"env": "KEY_1"}},
                "ours": {"url": "http://h", "schema": "recording", "key": {"env": "A"}, "older-key": {"env": "B"},
                         "events": ["exception", "recording-started"]},
                "query": {"url": "https://h/x?token=a/b@c?d"},
                "hidden": {"url": {"env": "CALLBACK_URL"}, "schema": "alibaba-vod", "events": ["file-finished"]}}})",
      "f");
  ASSERT_TRUE(loaded.configuration) << configuration_error(loaded).message;
  const StoreSettings &s = loaded.configuration->stores.at("s");
  EXPECT_EQ(s.name, "s");
  EXPECT_EQ(s.uri, "s3://bucket/a/b");
  EXPECT_EQ(s.endpoint, "https://h:9000");
  EXPECT_EQ(s.region, "eu");
  EXPECT_EQ(s.uploads, StoreSettings::kUsualUploads);
  EXPECT_EQ(s.bandwidth, 5000U);
  EXPECT_EQ(s.ca_file, "/ca.pem");
  EXPECT_EQ(s.metadata.at("project"), "the archive");
  EXPECT_EQ(s.tags.at("team"), "Ops/1 {StreamName}");
  EXPECT_EQ(s.content_types.at("m3u8"), "application/x-mpegURL");
  EXPECT_EQ(s.proxy, "http://p:3128");
  EXPECT_EQ(loaded.configuration->stores.at("f").uri, "file:///var/x y");
  EXPECT_EQ(loaded.configuration->stores.at("f").uploads, StoreSettings::kUsualCopies);
  EXPECT_EQ(loaded.configuration->stores.at("m").uploads, 8U);
  EXPECT_EQ(loaded.configuration->callbacks.at("plain").key_env, "");
  EXPECT_EQ(loaded.configuration->callbacks.at("signed").key_env, "KEY_1");
  EXPECT_EQ(loaded.configuration->callbacks.at("signed").schema, "tencent");
  EXPECT_EQ(loaded.configuration->callbacks.at("ours").schema, "recording");
  EXPECT_EQ(loaded.configuration->callbacks.at("ours").older_key_env, "B");
  EXPECT_EQ(loaded.configuration->callbacks.at("ours").events,
            (RecordingEvents{RecordingEvent::recording_started, RecordingEvent::exception}));
  EXPECT_EQ(loaded.configuration->callbacks.at("plain").events,
            RecordingEvents{RecordingEvent::file_finished});
  EXPECT_EQ(loaded.configuration->callbacks.at("query").url, "https://h/x?token=a/b@c?d");
  EXPECT_EQ(loaded.configuration->callbacks.at("hidden").url_env, "CALLBACK_URL");
}

TEST(Configuration, ReadsTheStoresOfBothClouds) {
  const auto loaded = parse_configuration(
      R"({"templates": {}, "rules": [], "storage": {
  "c": {"uri": "cos://rec-125/a", "region": "ap-guangzhou", "credentials": {"file": "/run/keys"}},
  "o": {"uri": "oss://rec", "region": "cn-shanghai", "endpoint": "http://h", "bucket-in": "path", "signature": "v1",
        "credentials": {"url": "http://169.254.169.254/role"}},
  "p": {"uri": "oss://rec", "region": "cn-shanghai"}}})",
      "f");
  ASSERT_TRUE(loaded.configuration) << configuration_error(loaded).message;
  const auto &stores = loaded.configuration->stores;
  EXPECT_EQ(stores.at("c").endpoint, "");
  EXPECT_EQ(stores.at("c").credentials.kind, CredentialPlace::Kind::file);
  EXPECT_EQ(stores.at("c").credentials.where, "/run/keys");
  EXPECT_FALSE(stores.at("c").bucket_in_host);
  EXPECT_EQ(stores.at("o").credentials.kind, CredentialPlace::Kind::url);
  EXPECT_EQ(stores.at("o").credentials.where, "http://169.254.169.254/role");
  EXPECT_EQ(stores.at("o").bucket_in_host, false);
  EXPECT_EQ(stores.at("o").signature, "v1");
  EXPECT_EQ(stores.at("p").signature, "v4");
  EXPECT_EQ(stores.at("p").credentials.kind, CredentialPlace::Kind::env);
}

TEST(Configuration, RefusesStoresAndCallbacksThatCannotWork) {
  const auto with = [](const std::string &stores, const std::string &callbacks) {
    return problems_of(R"({"templates": {}, "rules": [], "storage": {)" + stores + R"(}, "callbacks": {)" +
                       callbacks + "}}");
  };
  for (const char *bad :
       {R"("s": {"uri": "cos://b"})",
        R"("s": {"uri": "oss://b", "region": "Evil/../x"})",
        R"("s": {"uri": "gs://b", "region": "eu"})",
        R"("s": {"uri": "cos://b", "region": "eu", "signature": "v1"})",
        R"("s": {"uri": "cos://b", "region": "eu", "bucket-in": "cloud"})",
        R"("s": {"uri": "cos://b", "region": "eu", "credentials": {}})",
        R"("s": {"uri": "cos://b", "region": "eu", "credentials": {"file": "relative"}})",
        R"("s": {"uri": "cos://b", "region": "eu", "credentials": {"url": "http://h/?k=v"}})",
        R"("s": {"uri": "cos://b", "region": "eu", "credentials": {"file": "/f", "url": "http://h"}})",
        R"("s": {"uri": "cos://b", "region": "eu", "credentials": "AKIDSECRET"})",
        R"("s": {"uri": "file:///d", "region": "eu"})",
        R"("s": {"uri": "file:///d", "uploads": 0})",
        R"("s": {})",
        R"("s": {"uri": "s3://b"})",
        R"("s": {"uri": "s3://", "endpoint": "http://h"})",
        R"("s": {"uri": "file://host/x"})",
        R"("s": {"uri": "file:///x", "region": "eu"})",
        R"("s": {"uri": "file:///"})",
        R"("s": {"uri": "file:///a/../b"})",
        R"("s": {"uri": "x"})",
        R"("s": {"uri": "s3://b", "endpoint": "h"})",
        R"("": {"uri": "file:///x"})",
        R"("s": {"uri": "s3://b", "endpoint": "http://h", "credentials": "file"})"})
    EXPECT_NE(with(bad, ""), "") << bad;
  for (const char *bad :
       {R"("c": {})", R"("c": {"url": "ftp://h"})", R"("c": {"url": "http://"})",
        R"("c": {"url": "http://h", "schema": "aliyun"})",
        R"("c": {"url": "http://h", "older-key": {"env": "K"}})",
        R"("c": {"url": "http://h", "schema": "recording", "older-key": {"env": "K"}})",
        R"("c": {"url": "http://h", "key": {"env": "1X"}})", R"("c": {"url": "http://h/?a b"})",
        R"("c": {"url": "http://u@h/?a"})", R"("c": {"url": {"env": "1"}})",
        R"("c": {"url": "http://h", "events": []})", R"("c": {"url": "http://h", "events": ["file"]})",
        R"("c": {"url": "http://h", "events": ["exception", "exception"]})",
        R"("c": {"url": "http://h", "schema": "alibaba", "events": ["exception"]})",
        R"("c": {"url": "http://h", "key": {"file": "x"}})", R"("c": {"url": "http://h", "key": {}})"})
    EXPECT_NE(with("", bad), "") << bad;
}

TEST(Configuration, ProblemsNeverRepeatSecrets) {
  const std::string text = problems_of(R"({"rules": [],
  "storage": {"s": {"uri": "s3://user:hunter2@b", "endpoint": "https://x:hunter2@h"}},
  "callbacks": {"a": {"url": "https://x:hunter2@h/"}, "b": {"url": "https://h/?token=hunter2#"},
                "c": {"url": "http://h", "key": "hunter2"}, "d": {"url": "http://h", "key": {"env": "hunter2 "}}},
  "templates": {"t": {"formats": {}, "trigger": {"ask": "http://hunter2@h"}}}})");
  EXPECT_EQ(text.find("hunter2"), std::string::npos) << text;
  EXPECT_NE(text.find("callbacks.c.key"), std::string::npos);
}

TEST(Configuration, AMissingFileIsAProblem) {
  const auto loaded = load_configuration("/nonexistent/recording.json");
  ASSERT_EQ(loaded.problems.size(), 1U);
  EXPECT_NE(loaded.problems[0].find("/nonexistent/recording.json"), std::string::npos);
}

TEST(Configuration, LimitsHowMuchThereMayBe) {
  const auto limited = [](const char *limits) {
    return problems_of(R"({"limits": )" + std::string(limits) + R"(,
  "templates": {"a": {"formats": {}}, "b": {"formats": {}}}, "rules": [{"domain": "d", "template": "a"}]})");
  };
  EXPECT_EQ(limited("{}"), "");
  EXPECT_EQ(limited(R"({"templates": 2, "rules": 1})"), "");
  EXPECT_EQ(limited(R"({"templates": 1, "rules": 0})"),
            "f.json:1:13: limits.templates: expected at most 1 templates, found 2\n"
            "f.json:1:29: limits.rules: expected at most 0 rules, found 1\n");
  EXPECT_NE(limited(R"({"rules": "50"})"), "");
}

TEST(Configuration, StopsCountingAtSomePoint) {
  std::string rules;
  for (int i = 0; i < 1000; ++i) rules += i > 0 ? ",1" : "1";
  EXPECT_EQ(parse_configuration(R"({"templates": {}, "rules": [)" + rules + "]}", "f").problems.size(), 101U);
}

TEST(ConfigReader, WritesDurationsWithTheLongestUnitThatFits) {
  EXPECT_EQ(duration_text(Seconds(0)), "0s");
  EXPECT_EQ(duration_text(Seconds(90)), "90s");
  EXPECT_EQ(duration_text(Seconds(21600)), "6h");
}

}  // namespace
}  // namespace rec
