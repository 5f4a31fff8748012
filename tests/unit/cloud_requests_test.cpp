// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/cloud_requests.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/service/config_writer.h"

namespace rec {
namespace {

ImportedRequests import_all(Cloud cloud, const std::vector<std::string> &texts) {
  std::vector<NamedText> documents;
  for (const std::string &text : texts) documents.push_back({"r" + std::to_string(documents.size()), text});
  return import_requests(cloud, documents);
}

ImportedRequests imported(Cloud cloud, const std::vector<std::string> &texts) {
  ImportedRequests result = import_all(cloud, texts);
  for (const std::string &problem : result.problems) ADD_FAILURE() << problem;
  return result;
}

RecordingTemplate only_template(Cloud cloud, const std::string &request) {
  const ImportedRequests result = imported(cloud, {request});
  EXPECT_EQ(result.configuration.templates.size(), 1U);
  return result.configuration.templates.empty() ? RecordingTemplate{}
                                                : result.configuration.templates.begin()->second;
}

std::string joined(const std::vector<std::string> &lines) {
  std::string text;
  for (const std::string &line : lines) text += line + "\n";
  return text;
}

std::string problems_of(Cloud cloud, const std::string &text) {
  return joined(import_all(cloud, {text}).problems);
}

std::string notices_of(Cloud cloud, const std::string &text) {
  return joined(imported(cloud, {text}).notices);
}

constexpr const char *kTencent = R"([
  {"Action": "CreateLiveRecordTemplate", "TemplateName": "main", "TemplateId": 7, "RemoveWatermark": true,
   "FlvParam": {"Enable": 1, "RecordInterval": 43200, "StorageTime": 86400, "Procedure": "flow", "StorageMode": "Cold"},
   "HlsParam": {"Enable": 1, "RecordInterval": 60, "VodFileName": "{StreamID}_{StartYear}"},
   "AacParam": {"Enable": 0, "RecordInterval": 7200},
   "HlsSpecialParam": {"FlowContinueDuration": 1800}, "FlvSpecialParam": {"UploadInRecording": true}},
  {"TemplateName": "cos", "TemplateId": "8", "CosStore": 1,
   "Mp4Param": {"Enable": 1, "CosBucketName": "b", "CosBucketRegion": "ap-guangzhou"},
   "HlsParam": {"Enable": 1, "CosBucketName": "b", "CosBucketRegion": "ap-guangzhou", "CosBucketPath": "/{AppName}/{RandomID}/"}},
  {"DomainName": "d.example.org", "AppName": "", "TemplateId": 7},
  {"DomainName": "d.example.org", "AppName": "live", "StreamName": "cam1", "TemplateId": 8}])";

TEST(TencentRequests, BecomeTemplatesAndRules) {
  const ImportedRequests result = imported(Cloud::tencent, {kTencent});
  const RecordingTemplate &t = result.configuration.templates.at("main");
  EXPECT_EQ(t.content, std::vector<Content>{Content{}});
  EXPECT_EQ(t.time_zone, "UTC+8");
  ASSERT_EQ(t.files.size(), 1U) << "a block that is not enabled does not count";
  EXPECT_EQ(t.files[0].format, Format::flv);
  EXPECT_EQ(t.files[0].cycle, Seconds(43200));
  EXPECT_TRUE(t.files[0].upload_while_recording);
  EXPECT_EQ(t.files[0].options.retention, Seconds(86400));
  EXPECT_EQ(t.files[0].options.process, std::vector<std::string>{"flow"});
  EXPECT_EQ(t.files[0].options.storage_class, "infrequent-access");
  EXPECT_EQ(t.hls->splice_timeout, Seconds(1800));
  EXPECT_EQ(t.pattern_of(Format::hls), "{StreamID}_{StartYear}");
  EXPECT_EQ(t.pattern_of(Format::flv).substr(0, 25), "{StreamID}_{StartYear}-{S");
  const RecordingTemplate &cos = result.configuration.templates.at("cos");
  EXPECT_EQ(name_of(cos.content.at(0)), "watermarked");
  EXPECT_EQ(cos.files.at(0).cycle, Seconds(1800));
  EXPECT_EQ(cos.pattern_of(Format::hls), "{AppName}/{RandomID}");
  EXPECT_EQ(cos.pattern_of(Format::mp4),
            "{RecordSource}/{Domain}/{AppName}/{StreamID}/{RecordId}/{StartYear}-{StartMonth}-{StartDay}-"
            "{StartHour}-{StartMinute}-{StartSecond}/record");
  EXPECT_EQ(result.configuration.stores.at(cos.store).uri, "cos://b");
  EXPECT_EQ(choose_template(result.configuration, {"d.example.org", "live", "cam1", ""}).recording->name,
            "cos");
  EXPECT_EQ(choose_template(result.configuration, {"d.example.org", "live", "x", ""}).recording->name,
            "main");
}

TEST(TencentRequests, RulesMayComeBeforeTheirTemplatesAndInAnswers) {
  const ImportedRequests result = imported(
      Cloud::tencent,
      {R"({"Response": {"Rules": [{"DomainName": "d", "TemplateId": 1, "CreateTime": "x"}], "RequestId": "r"}})",
       R"({"Response": {"Templates": [{"TemplateName": "t", "TemplateId": 1, "IsDelayLive": 0}]}})"});
  EXPECT_EQ(choose_template(result.configuration, {"d", "a", "s", ""}).recording->name, "t");
  EXPECT_TRUE(result.notices.empty()) << joined(result.notices);
}

TEST(TencentRequests, NothingIsDroppedSilently) {
  const std::string notices =
      notices_of(Cloud::tencent, R"({"TemplateName": "t", "Description": "d", "IsDelayLive": 1, "Future": [1],
      "FlvParam": {"Enable": 1, "VodSubAppId": 5, "ClassId": 0, "VodFileName": "{Unknown}"}})");
  for (const char *lost :
       {"r0:1:23: Description: is not kept", "IsDelayLive: is not kept", "Future: is not kept",
        "FlvParam.VodSubAppId: is not kept", "FlvParam.VodFileName: is not kept: "})
    EXPECT_NE(notices.find(lost), std::string::npos) << lost << "\n" << notices;
  EXPECT_EQ(notices.find("ClassId"), std::string::npos) << "zero says nothing";
}

TEST(TencentRequests, ProblemsNameTheirPlace) {
  EXPECT_TRUE(problems_of(Cloud::tencent, "{").starts_with("r0:1:1: Parse error"));
  struct Case {
    const char *text, *problem;
  };
  for (
      const Case &c : {
          Case{R"({"Action": "DescribeLiveStreamState"})", "expected a request that is about recording"},
          Case{R"({"TemplateName": "t", "FlvParam": {"Enable": 2}})", "r0:1:46: FlvParam.Enable"},
          Case{R"({"TemplateName": "t", "FlvParam": {"Enable": 1, "RecordInterval": 43201}})",
               "FlvParam.RecordInterval"},
          Case{R"({"TemplateName": "t", "FlvParam": 7})", "FlvParam: expected an object"},
          Case{R"({"TemplateName": "t", "HlsSpecialParam": {"FlowContinueDuration": 1801}})",
               "FlowContinueDuration"},
          Case{R"([{"TemplateName": "t"}, {"TemplateName": "t"}])",
               "r0:1:25: [1]: expected every template once"},
          Case{R"({"TemplateName": "t", "CosStore": 1, "Mp4Param": {"Enable": 1}})", "CosBucketName"},
          Case{R"({"DomainName": "d", "TemplateId": 9})", "the TemplateId of a template"},
          Case{
              R"([{"TemplateName": "t", "TemplateId": 1}, {"DomainName": "d", "AppName": "*", "TemplateId": 1},
                    {"DomainName": "D", "TemplateId": 1}])",
              "every domain, app and stream once"},
          Case{R"({"TemplateName": ""})", "imported:"},
          Case{R"({"TemplateName": "t", "RemoveWatermark": "yes"})",
               "RemoveWatermark: expected true or false"},
      })
    EXPECT_NE(problems_of(Cloud::tencent, c.text).find(c.problem), std::string::npos)
        << c.text << "\n"
        << problems_of(Cloud::tencent, c.text);
}

constexpr const char *kAlibaba = R"([
  {"Action": "AddLiveAppRecordConfig", "DomainName": "play.example.org", "AppName": "live", "StreamName": "*",
   "OssEndpoint": "oss-cn-shanghai.aliyuncs.com", "OssBucket": "b", "DelayTime": 60, "OnDemand": 1,
   "RecordFormat": [
     {"Format": "m3u8", "CycleDuration": 21600, "SliceDuration": 10,
      "OssObjectPrefix": "r/{AppName}/{StreamName}/{EscapedStartTime}_{EscapedEndTime}",
      "SliceOssObjectPrefix": "r/{AppName}/{StreamName}/{UnixTimestamp}_{Sequence}"},
     {"Format": "mp4", "CycleDuration": 900}]},
  {"DomainName": "play.example.org", "AppName": "vod", "OnDemand": 7, "RecordContent": "raw,transcode",
   "TranscodeTemplates": ["hd", "sd"], "CycleDuration": 3600, "AutoCompose": "ON",
   "RecordFormat": [{"Format": "flv", "ProcessTemplateId": "p1"}]},
  {"DomainName": "play.example.org", "OnDemandUrl": "https://h/record"}])";

TEST(AlibabaRequests, BecomeTemplatesWithOneRuleEach) {
  const ImportedRequests result = imported(Cloud::alibaba, {kAlibaba});
  const RecordingTemplate &oss = result.configuration.templates.at("play.example.org/live");
  EXPECT_EQ(oss.trigger.kind, TriggerKind::ask);
  EXPECT_EQ(oss.trigger.url, "https://h/record");
  EXPECT_EQ(oss.hls->segment, Seconds(10));
  EXPECT_EQ(oss.hls->cycle, Seconds(21600));
  EXPECT_EQ(oss.hls->segment_pattern, "{UnixTimestamp}_{Sequence}");
  EXPECT_EQ(oss.pattern_of(Format::hls), "r/{AppName}/{StreamName}/{EscapedStartTime}_{EscapedEndTime}");
  EXPECT_EQ(oss.pattern_of(Format::mp4), RecordingTemplate{}.pattern);
  EXPECT_EQ(oss.files.at(0).cycle, Seconds(900));
  EXPECT_EQ(oss.splice_timeout(), Seconds(60));
  EXPECT_TRUE(oss.splices(Format::mp4) && oss.splices(Format::hls));
  const StoreSettings &store = result.configuration.stores.at(oss.store);
  EXPECT_EQ(store.uri, "oss://b");
  EXPECT_EQ(store.region, "cn-shanghai");
  EXPECT_EQ(store.endpoint, "https://oss-cn-shanghai.aliyuncs.com");
  const RecordingTemplate &vod = result.configuration.templates.at("play.example.org/vod");
  EXPECT_EQ(vod.trigger.kind, TriggerKind::manual);
  EXPECT_EQ(vod.store, "");
  ASSERT_EQ(vod.content.size(), 3U);
  EXPECT_EQ(name_of(vod.content[2]), "transcoded:sd");
  EXPECT_EQ(vod.files.at(0).cycle, Seconds(3600));
  EXPECT_TRUE(vod.files.at(0).options.merge);
  EXPECT_EQ(vod.files.at(0).options.process, std::vector<std::string>{"p1"});
  EXPECT_EQ(vod.splice_timeout(), Seconds(180)) << "the default";
  EXPECT_EQ(choose_template(result.configuration, {"play.example.org", "live", "x", ""}).recording->name,
            oss.name);
}

TEST(AlibabaRequests, HaveTheCloudsDefaults) {
  const RecordingTemplate oss = only_template(
      Cloud::alibaba,
      R"({"DomainName": "d", "AppName": "*", "OssEndpoint": "https://oss-cn-x-internal.aliyuncs.com",
                          "OssBucket": "b", "TranscodeRecordFormat": [{"Format": "cmaf"}]})");
  EXPECT_EQ(oss.name, "d");
  EXPECT_EQ(oss.hls->segment, Seconds(30));
  EXPECT_EQ(oss.hls->cycle, Seconds(21600));
  EXPECT_EQ(oss.hls->segment_format, SegmentFormat::cmaf);
  EXPECT_EQ(oss.content, (std::vector<Content>{{Content::Kind::transcoded, "*"}}));
  EXPECT_EQ(oss.trigger.kind, TriggerKind::automatic);
  const RecordingTemplate vod = only_template(
      Cloud::alibaba, R"({"DomainName": "d", "AppName": "a", "StreamName": "s", "OnDemand": "2"})");
  EXPECT_EQ(vod.name, "d/a/s");
  EXPECT_EQ(vod.hls->cycle, Seconds(3600));
  EXPECT_EQ(vod.trigger.kind, TriggerKind::ingest_parameter);
  EXPECT_EQ(vod.content, std::vector<Content>{Content{}});
}

TEST(AlibabaRequests, NothingIsDroppedSilentlyAndNoAddressIsRepeated) {
  const std::string notices = notices_of(
      Cloud::alibaba,
      R"([{"DomainName": "d", "AppName": "a", "StreamName": "s", "StartTime": "2026-11-21T00:00:00Z",
      "SpaceId": "x", "RecordFormat": [{"Format": "mp4", "VideoProcess": "origin", "Tags": "t"}]},
      {"DomainName": "d", "NotifyUrl": "http://u:hunter2@h/"}])");
  for (const char *lost : {"StartTime: is not kept: a window of time is a task", "SpaceId: is not kept",
                           "RecordFormat[0].VideoProcess", "RecordFormat[0].Tags", "NotifyUrl: is not kept"})
    EXPECT_NE(notices.find(lost), std::string::npos) << lost << "\n" << notices;
  EXPECT_EQ(notices.find("hunter2"), std::string::npos);
  EXPECT_EQ(problems_of(Cloud::alibaba, R"({"DomainName": "d", "OnDemandUrl": "http://u:hunter2@h/"})")
                .find("hunter2"),
            std::string::npos);
}

TEST(AlibabaRequests, ProblemsNameTheirPlace) {
  struct Case {
    const char *text, *problem;
  };
  for (
      const Case &c : {
          Case{R"({"DomainName": "d", "AppName": "*", "StreamName": "s"})",
               "an AppName where there is a StreamName"},
          Case{R"({"DomainName": "d", "AppName": "a", "OnDemand": 1})",
               "the OnDemandUrl of AddLiveRecordNotifyConfig"},
          Case{R"({"DomainName": "d", "AppName": "a", "OnDemand": 3})", "0, 1, 2 or 7"},
          Case{R"({"DomainName": "d", "AppName": "a", "DelayTime": 21601})", "DelayTime"},
          Case{R"({"DomainName": "d", "AppName": "a", "OssBucket": "b"})", "OssBucket and OssEndpoint"},
          Case{R"({"DomainName": "d", "AppName": "a", "RecordFormat": [{"Format": "mkv"}]})",
               "RecordFormat[0]"},
          Case{
              R"({"DomainName": "d", "AppName": "a", "RecordFormat": [{"Format": "m3u8"}, {"Format": "cmaf"}]})",
              "every format once"},
          Case{
              R"({"DomainName": "d", "AppName": "a", "RecordFormat": [{"Format": "mp4"}, {"Format": "mp4"}]})",
              "every format once"},
          Case{R"([{"DomainName": "d", "AppName": "a"}, {"DomainName": "d", "AppName": "a"}])", "once"},
      })
    EXPECT_NE(problems_of(Cloud::alibaba, c.text).find(c.problem), std::string::npos)
        << c.text << "\n"
        << problems_of(Cloud::alibaba, c.text);
}

// What a configuration says after a way out and back.
void expect_round_trip(Cloud cloud, const char *requests) {
  const ImportedRequests first = imported(cloud, {requests});
  const ExportedRequests there = export_requests(cloud, first.configuration);
  const ImportedRequests back = imported(cloud, {there.text});
  EXPECT_EQ(write_configuration(back.configuration), write_configuration(first.configuration)) << there.text;
  for (const std::string &notice : there.notices) EXPECT_TRUE(notice.starts_with("TemplateId:")) << notice;
}

TEST(AlibabaRequests, WhatIsProcessedIsTheFilesOrTheMergedOne) {
  const auto exported = [](const char *mp4) {
    const auto loaded = parse_configuration(
        R"({"rules": [{"domain": "d", "app": "a", "template": "t"}], "templates": {"t": {"formats": {"mp4": )" +
            std::string(mp4) + "}}}}",
        "f");
    EXPECT_TRUE(loaded.configuration) << joined(loaded.problems);
    return export_requests(Cloud::alibaba, *loaded.configuration).text;
  };
  const std::string both = exported(R"({"merge": true, "process": ["p"], "process-merged": ["p"]})");
  EXPECT_NE(both.find("\"origin,compose\""), std::string::npos) << both;
  EXPECT_NE(exported(R"({"merge": true, "process-merged": ["p"]})").find("\"compose\""), std::string::npos);
  EXPECT_EQ(exported(R"({"process": ["p"]})").find("VideoProcess"), std::string::npos);
  const auto imported = import_requests(Cloud::alibaba, {{"f", both}});
  ASSERT_FALSE(imported.configuration.templates.empty()) << joined(imported.problems);
  const FormatOptions &mp4 = imported.configuration.templates.begin()->second.files.at(0).options;
  EXPECT_EQ(mp4.process, std::vector<std::string>{"p"});
  EXPECT_EQ(mp4.process_merged, std::vector<std::string>{"p"});
}

TEST(CloudRequests, WhatCameFromACloudGoesBackWithoutLoss) {
  expect_round_trip(Cloud::tencent, kTencent);
  expect_round_trip(Cloud::alibaba, kAlibaba);
}

TEST(CloudRequests, WhatACloudHasNoPlaceForIsNamed) {
  const auto loaded = parse_configuration(R"({"templates": {"t": {
    "formats": {"hls": {"segment": "3s", "segment-format": "cmaf", "cycle": "1min", "splice-timeout": "1h", "segment-name": "{Sequence}"},
                "mp4": {"cycle": "1s", "splice-timeout": "1h", "merge": true, "process": ["a", "b"], "storage-class": "archive"},
                "aac": {"cycle": "12h", "retention": "1d"}},
    "content": ["origin", "watermarked", "transcoded:x"], "standby": true, "restart-after": "1d", "trigger": "manual",
    "storage": {"primary": "s", "backup": "f"}, "callbacks": ["ops"]}, "off": {"formats": {}}},
   "rules": [{"domain": "d", "app": "a", "template": "t"}, {"domain": "d", "stream": "s", "template": "t"}, {"domain": "e", "template": "off"}],
   "storage": {"s": {"uri": "s3://b", "endpoint": "https://h"}, "f": {"uri": "file:///x"}},
   "callbacks": {"ops": {"url": "http://h"}}})",
                                          "f");
  ASSERT_TRUE(loaded.configuration) << joined(loaded.problems);
  const std::string tencent = joined(export_requests(Cloud::tencent, *loaded.configuration).notices);
  for (const char *lost :
       {".storage:",        ".storage.backup",    ".content",          ".time-zone",
        ".trigger",         ".standby",           ".restart-after",    ".callbacks",
        "hls.segment:",     "hls.segment-format", "hls.cycle",         "hls.splice-timeout",
        "hls.segment-name", "hls.name",           "mp4.cycle",         "mp4.splice-timeout",
        "mp4.merge",        "mp4.process",        "mp4.storage-class", "aac.cycle"})
    EXPECT_NE(tencent.find(lost), std::string::npos) << lost << "\n" << tencent;
  const std::string alibaba = joined(export_requests(Cloud::alibaba, *loaded.configuration).notices);
  for (const char *lost :
       {": storage:", "storage.backup", "content", "time-zone", "standby", "restart-after", "callbacks",
        "hls segment:", "hls segment-format", "mp4 process", "mp4 storage-class", "aac:", "hls segment-name",
        "splice-timeout of aac", "a StreamName needs an AppName", "no request switches recording off"})
    EXPECT_NE(alibaba.find(lost), std::string::npos) << lost << "\n" << alibaba;
}

TEST(CloudRequests, AnObjectPrefixStandsBeforeTheNames) {
  const auto loaded = parse_configuration(R"({"templates": {"t": {"time-zone": "UTC+8",
    "formats": {"hls": {"segment": "10s", "cycle": "1h", "splice-timeout": "1min"}}, "storage": {"primary": "s"},
    "trigger": {"ask": "http://h", "retries": 1}}},
    "rules": [{"domain": "d", "template": "t"}], "storage": {"s": {"uri": "oss://b/p/q", "region": "r"}}})",
                                          "f");
  ASSERT_TRUE(loaded.configuration) << joined(loaded.problems);
  const ExportedRequests out = export_requests(Cloud::alibaba, *loaded.configuration);
  EXPECT_NE(out.text.find("\"p/q/record/{AppName}/{StreamName}/{EscapedStartTime}_{EscapedEndTime}\""),
            std::string::npos)
      << out.text;
  EXPECT_NE(out.text.find("\"p/q/record/{AppName}/{StreamName}/{UnixTimestamp}_{Sequence}\""),
            std::string::npos)
      << out.text;
  EXPECT_NE(out.text.find("\"oss-r.aliyuncs.com\""), std::string::npos) << out.text;
  EXPECT_EQ(joined(out.notices),
            "rule for domain d, app *, stream *: trigger: is not kept: only the address can be chosen\n");
}

TEST(CloudRequests, AWrittenConfigurationReadsAsItWas) {
  const char *text =
      R"({"templates": {"t": {"formats": {"hls": {"segment": "4s", "segment-format": "cmaf", "cycle": "1h",
      "splice-timeout": "1min", "segment-name": "x{Sequence}", "name": "y"},
      "flv": {"cycle": "2h", "upload": "when-closed", "retention": "3d", "storage-class": "archive", "process": ["p"], "merge": true, "process-merged": ["q"]}},
    "content": ["watermarked", "transcoded:*"], "standby": true, "restart-after": "7h",
    "trigger": {"ask": "http://h", "timeout": "3s", "retries": 1, "retry-interval": "2s", "on-failure": "record", "hold": "9s"},
    "time-zone": "UTC+8", "name": "n", "storage": {"primary": "s", "backup": "f", "backup-suffices": true}, "keep-local": "8d", "retention": "9d", "callbacks": ["c"]}},
   "rules": [{"domain": "d", "app": "a", "stream": "s", "template": "t"}, {"domain": "d", "template": "t"}],
   "storage": {"s": {"uri": "oss://b", "region": "r", "credentials": {"file": "/k"}, "bucket-in": "path", "signature": "v1",
                     "uploads": 7, "bandwidth": 54321, "ca": "/ca", "proxy": "none",
                     "metadata": {"m": "mm"}, "tags": {"t": "tt"}, "content-types": {"ts": "video/x"}},
               "f": {"uri": "file:///x", "uploads": 3}},
   "jobs": {"p": {"launch": "a ! b", "output": "x.png", "at-once": 2, "nice": 5, "attempts": 9, "timeout": "2h"},
            "q": {"command": ["a", "b c"], "environment": ["V"], "max-file": 77777}},
   "callbacks": {"c": {"url": "http://h", "schema": "recording", "key": {"env": "K"}, "older-key": {"env": "OLD"}}}})";
  const auto loaded = parse_configuration(text, "f");
  ASSERT_TRUE(loaded.configuration) << joined(loaded.problems);
  const std::string written = write_configuration(*loaded.configuration);
  for (const char *member : {"\"when-closed\"",
                             "\"v1\"",
                             "\"path\"",
                             "\"/k\"",
                             "\"K\"",
                             "\"OLD\"",
                             "\"transcoded:*\"",
                             "\"standby\"",
                             "\"7h\"",
                             "\"3s\"",
                             "\"2s\"",
                             "\"9s\"",
                             "\"record\"",
                             "\"9d\"",
                             "\"f\"",
                             "\"x{Sequence}\"",
                             "\"y\"",
                             "\"3d\"",
                             "\"uploads\" : 7",
                             "\"q\"",
                             "\"a ! b\"",
                             "\"x.png\"",
                             "\"at-once\" : 2",
                             "\"nice\" : 5",
                             "\"attempts\" : 9",
                             "\"2h\"",
                             "\"b c\"",
                             "\"V\"",
                             "77777",
                             "\"uploads\" : 3",
                             "54321",
                             "\"/ca\"",
                             "\"none\"",
                             "\"mm\"",
                             "\"tt\"",
                             "\"8d\"",
                             "\"video/x\"",
                             "\"backup-suffices\" : true"})
    EXPECT_NE(written.find(member), std::string::npos) << member << "\n" << written;
  const auto again = parse_configuration(written, "f");
  ASSERT_TRUE(again.configuration) << joined(again.problems);
  EXPECT_EQ(write_configuration(*again.configuration), written);
}

}  // namespace
}  // namespace rec
