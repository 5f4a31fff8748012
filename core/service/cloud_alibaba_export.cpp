// SPDX-License-Identifier: LGPL-2.1-or-later
// ApsaraVideo Live, export: one request per rule.
#include <algorithm>
#include <map>

#include "core/service/cloud_parts.h"

namespace rec {
namespace {

bool has_both(const std::string &text, std::string_view a, std::string_view b) {
  return text.find(a) != std::string::npos && text.find(b) != std::string::npos;
}

std::string below(const std::string &prefix, const std::string &name) {
  return prefix.empty() ? name : prefix + "/" + name;
}

class AlibabaExporter {
 public:
  explicit AlibabaExporter(const Configuration &configuration) : configuration_(configuration) {}

  ExportedRequests run() {
    for (const RecordingRule &rule : configuration_.rules.all()) {
      const auto found = configuration_.templates.find(rule.template_name);
      if (found != configuration_.templates.end()) export_rule(rule, found->second);
    }
    for (const auto &[domain, url] : questions_) {
      JsonObjectWriter json;
      json.text("Action", "AddLiveRecordNotifyConfig").text("DomainName", domain).text("OnDemandUrl", url);
      out_.requests.push_back(std::move(json));
    }
    return out_.finish();
  }

 private:
  void export_rule(const RecordingRule &rule, const RecordingTemplate &t) {
    const auto shown = [](const std::string &name) { return name.empty() ? std::string("*") : name; };
    const std::string path =
        "rule for domain " + rule.domain + ", app " + shown(rule.app) + ", stream " + shown(rule.stream);
    if (without_wildcard(rule.app).empty() && !without_wildcard(rule.stream).empty())
      return out_.lost(path, "a StreamName needs an AppName");
    if (!t.records()) return out_.lost(path, "no request switches recording off");
    const auto bucket = bucket_of(configuration_, t, "oss://");
    JsonObjectWriter json;
    json.text("Action", bucket ? "AddLiveAppRecordConfig" : "AddLiveRecordVodConfig")
        .text("DomainName", rule.domain)
        .text("AppName", without_wildcard(rule.app).empty() ? "*" : rule.app);
    if (!without_wildcard(rule.stream).empty()) json.text("StreamName", rule.stream);
    if (!bucket && !t.store.empty()) out_.lost(path + ": storage", "only oss:// is the cloud's");
    export_trigger(json, rule, t, path);
    export_delay(json, t, path);
    if (t.time_zone != "UTC+8") out_.lost(path + ": time-zone", "it is UTC+8");
    if (t.retention) out_.lost(path + ": retention", "the bucket has a rule for it");
    lose_what_only_we_have(out_, t, path + ": ");
    if (bucket)
      export_oss(json, t, *bucket, path);
    else
      export_vod(json, t, path);
    out_.requests.push_back(std::move(json));
  }

  void export_trigger(JsonObjectWriter &json, const RecordingRule &rule, const RecordingTemplate &t,
                      const std::string &path) {
    static const std::map<TriggerKind, int> kNumbers = {{TriggerKind::automatic, 0},
                                                        {TriggerKind::ask, 1},
                                                        {TriggerKind::ingest_parameter, 2},
                                                        {TriggerKind::manual, 7}};
    json.number("OnDemand", kNumbers.at(t.trigger.kind));
    if (t.trigger.kind != TriggerKind::ask) return;
    questions_[rule.domain] = t.trigger.url;
    const Trigger usual;
    const bool own = t.trigger.timeout != usual.timeout || t.trigger.pause != usual.pause ||
                     t.trigger.retries != usual.retries || t.trigger.record_on_failure ||
                     t.trigger.hold != usual.hold;
    if (own) out_.lost(path + ": trigger", "only the address can be chosen");
  }

  void export_delay(JsonObjectWriter &json, const RecordingTemplate &t, const std::string &path) {
    const auto delay = std::chrono::duration_cast<Seconds>(t.splice_timeout()).count();
    if (delay < 15 || delay > 21600) out_.lost(path + ": splice-timeout", "it is 15 to 21600 s");
    json.number("DelayTime", std::clamp<std::int64_t>(delay, 15, 21600));
    for (const FileFormat &file : t.files)
      if (file.splice_timeout != t.splice_timeout())
        out_.lost(path + ": splice-timeout of " + std::string(name_of(file.format)),
                  "all formats have the same");
  }

  void export_oss(JsonObjectWriter &json, const RecordingTemplate &t, const BucketPlace &bucket,
                  const std::string &path) {
    const StoreSettings &store = configuration_.stores.at(t.store);
    std::string endpoint = store.endpoint.empty() ? "oss-" + store.region + ".aliyuncs.com" : store.endpoint;
    if (const auto scheme = endpoint.find("://"); scheme != std::string::npos) endpoint.erase(0, scheme + 3);
    json.text("OssEndpoint", endpoint).text("OssBucket", bucket.bucket);
    const bool origin = has_origin(t, path);
    json.objects(origin ? "RecordFormat" : "TranscodeRecordFormat", formats(t, &bucket, path));
    const auto ids = transcoded_ids(t);
    if (origin && !ids.empty()) json.objects("TranscodeRecordFormat", formats(t, &bucket, ""));
    if (!ids.empty()) json.texts("TranscodeTemplates", ids);
  }

  void export_vod(JsonObjectWriter &json, const RecordingTemplate &t, const std::string &path) {
    const bool origin = has_origin(t, path);
    const auto ids = transcoded_ids(t);
    json.text("RecordContent", !origin ? "transcode" : ids.empty() ? "raw" : "raw,transcode");
    if (!ids.empty()) json.texts("TranscodeTemplates", ids);
    Nanoseconds cycle = t.hls ? t.hls->cycle : Nanoseconds(0);
    for (const FileFormat &file : t.files) cycle = std::max(cycle, file.cycle);
    json.number("CycleDuration", limited(cycle, 300, 21600, path + ": cycle"));
    for (const FileFormat &file : t.files)
      if (file.cycle != cycle)
        out_.lost(path + ": cycle of " + std::string(name_of(file.format)), "all formats have the same");
    json.objects("RecordFormat", formats(t, nullptr, path));
  }

  bool has_origin(const RecordingTemplate &t, const std::string &path) {
    bool origin = false;
    for (const Content &content : t.content) {
      origin = origin || content.kind == Content::Kind::origin;
      if (content.kind == Content::Kind::watermarked) {
        out_.lost(path + ": content", "there is no watermarked one; the original is recorded");
        origin = true;
      }
    }
    return origin;
  }

  static std::vector<std::string> transcoded_ids(const RecordingTemplate &t) {
    std::vector<std::string> ids;
    for (const Content &content : t.content)
      if (content.kind == Content::Kind::transcoded) ids.push_back(content.id);
    return ids;
  }

  // `path` "": what is lost was told already.
  std::vector<JsonObjectWriter> formats(const RecordingTemplate &t, const BucketPlace *bucket,
                                        const std::string &path) {
    std::vector<JsonObjectWriter> list;
    if (t.hls) list.push_back(hls_format(t, bucket, path));
    for (const FileFormat &file : t.files) {
      const std::string where = path.empty() ? "" : path + ": " + std::string(name_of(file.format));
      if (file.format != Format::flv && file.format != Format::mp4) {
        lost(where, "there is no such format");
        continue;
      }
      JsonObjectWriter json;
      json.text("Format", name_of(file.format));
      if (bucket) json.number("CycleDuration", limited(file.cycle, 300, 21600, where));
      options(json, t, file.format, file.options, bucket, where);
      list.push_back(std::move(json));
    }
    return list;
  }

  JsonObjectWriter hls_format(const RecordingTemplate &t, const BucketPlace *bucket,
                              const std::string &path) {
    const std::string where = path.empty() ? "" : path + ": hls";
    const bool cmaf = t.hls->segment_format == SegmentFormat::cmaf;
    JsonObjectWriter json;
    json.text("Format", cmaf && bucket ? "cmaf" : "m3u8");
    if (cmaf && !bucket) lost(where + " segment-format", "it is MPEG-TS");
    if (bucket) json.number("CycleDuration", limited(t.hls->cycle, 300, 21600, where + " cycle"));
    json.number("SliceDuration", limited(t.hls->segment, 5, 30, where + " segment"));
    options(json, t, Format::hls, t.hls->options, bucket, where);
    const std::string &pattern = t.pattern_of(Format::hls);
    std::string slice = "{UnixTimestamp}_{Sequence}";
    if (t.hls->playlist_refresh > Nanoseconds(0)) lost(where + " playlist-refresh", "no request has it");
    if (!bucket && !t.hls->segment_pattern.empty())
      lost(where + " segment-name", "it cannot be chosen");
    else if (has_both(t.hls->segment_pattern, "{UnixTimestamp}", "{Sequence}"))
      slice = t.hls->segment_pattern;
    else if (!t.hls->segment_pattern.empty())
      lost(where + " segment-name", "it has {UnixTimestamp} and {Sequence}");
    if (bucket)
      json.text("SliceOssObjectPrefix",
                below(bucket->prefix, pattern.substr(0, pattern.rfind('/') + 1) + slice));
    return json;
  }

  void options(JsonObjectWriter &json, const RecordingTemplate &t, Format format,
               const FormatOptions &options, const BucketPlace *bucket, const std::string &where) {
    const std::string &pattern = t.pattern_of(format);
    const bool complete = has_both(pattern, "{StartTime}", "{EndTime}") ||
                          has_both(pattern, "{EscapedStartTime}", "{EscapedEndTime}");
    if (bucket && complete) json.text("OssObjectPrefix", below(bucket->prefix, pattern));
    if (bucket && !complete) lost(where + " name", "it has {EscapedStartTime} and {EscapedEndTime}");
    if (!bucket && pattern != RecordingTemplate{}.pattern) lost(where + " name", "it cannot be chosen");
    if (options.retention) lost(where + " retention", "the bucket has a rule for it");
    if (!options.storage_class.empty()) lost(where + " storage-class", "the bucket has a rule for it");
    if (bucket) {
      if (options.merge) lost(where + " merge", "no request has it");
      if (!options.process.empty() || !options.process_merged.empty())
        lost(where + " process", "no request has it");
      return;
    }
    if (options.merge) json.text("AutoCompose", "ON");
    process(json, options, where);
  }

  void process(JsonObjectWriter &json, const FormatOptions &options, const std::string &where) {
    const auto &[files, merged] = std::pair(options.process, options.process_merged);
    if (files.empty() && merged.empty()) return;
    const std::string &first = files.empty() ? merged.front() : files.front();
    json.text("ProcessTemplateId", first);
    const bool both = !files.empty() && !merged.empty() && merged.front() == first;
    if (files.empty() || both) json.text("VideoProcess", both ? "origin,compose" : "compose");
    if (files.size() > 1 || merged.size() > 1 || (!files.empty() && !merged.empty() && !both))
      lost(where + " process", "a request has one");
  }

  std::int64_t limited(Nanoseconds duration, std::int64_t least, std::int64_t most,
                       const std::string &where) {
    const auto seconds = std::chrono::duration_cast<Seconds>(duration).count();
    const std::int64_t fits = seconds == 0 ? most : std::clamp<std::int64_t>(seconds, least, most);
    if (fits != seconds) lost(where, "it is " + std::to_string(least) + " to " + std::to_string(most) + " s");
    return fits;
  }

  void lost(const std::string &member, const std::string &why) {
    if (!member.empty() && !member.starts_with(' ')) out_.lost(member, why);
  }

  const Configuration &configuration_;
  CloudExport out_;
  std::map<std::string, std::string> questions_;  // OnDemandUrl, by domain
};

}  // namespace

ExportedRequests export_alibaba(const Configuration &configuration) {
  return AlibabaExporter(configuration).run();
}

}  // namespace rec
