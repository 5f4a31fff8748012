// SPDX-License-Identifier: LGPL-2.1-or-later
// ApsaraVideo Live, import: AddLiveAppRecordConfig, AddLiveRecordVodConfig and AddLiveRecordNotifyConfig
// (spec 1.5 to 1.7). Each of the first two is a template with one rule.
#include <algorithm>
#include <map>

#include "core/service/cloud_parts.h"

namespace rec {
namespace {

constexpr std::int64_t kLongestDelay = 21600;  // s
constexpr std::int64_t kLongestCycle = 43200;  // s: more than the cloud has, less it may have had
constexpr std::int64_t kLongestSlice = 60;     // s
constexpr Seconds kDelay{180};                 // defaults
constexpr Seconds kOssCycle{21600};
constexpr Seconds kVodCycle{3600};
constexpr Seconds kSlice{30};

bool is_on(const std::string &text) { return text == "ON" || text == "on" || text == "On"; }

// What both kinds of storage have.
struct Shared {
  RecordingTemplate recording;
  Seconds delay{0};
};

class AlibabaImporter final : public CloudImporter {
 public:
  std::optional<int> round_of(std::string_view action, const JsonValue &request) const override {
    if (action == "AddLiveRecordNotifyConfig" || action == "UpdateLiveRecordNotifyConfig" ||
        (action.empty() && (request.member("OnDemandUrl") || request.member("NotifyUrl"))))
      return 0;
    if (action == "AddLiveAppRecordConfig" || action == "AddLiveRecordVodConfig" ||
        (action.empty() && request.member("DomainName") && request.member("AppName")))
      return 1;
    return std::nullopt;
  }

  void read(CloudImport &import, const Field &request) override {
    ObjectReader reader(import.notes.problems, request);
    const std::string action = take_text(import, reader, "Action");
    if (round_of(action, request.value) == 0)
      read_notify(import, reader);
    else if (action == "AddLiveAppRecordConfig" || request.value.member("OssBucket"))
      read_oss(import, request, reader);
    else
      read_vod(import, request, reader);
    rest_is_not_kept(import, reader);
  }

 private:
  // Addresses are never repeated: the notice about a lost one names only its member.
  void read_notify(CloudImport &import, ObjectReader &reader) {
    const std::string domain = take_text(import, reader, "DomainName");
    if (const auto url = reader.take("OnDemandUrl"))
      questions_[domain] =
          read_url(import.notes, *url, "an http or https address without user name and query",
                   {"http://", "https://"})
              .value_or("");
  }

  void read_oss(CloudImport &import, const Field &request, ObjectReader &reader) {
    RecordingRule rule = read_key(import, reader);
    Shared shared = read_shared(import, request, reader, rule);
    RecordingTemplate &t = shared.recording;
    const std::string bucket = take_text(import, reader, "OssBucket");
    const std::string endpoint = take_text(import, reader, "OssEndpoint");
    if (bucket.empty() || endpoint.empty())
      import.notes.problems.expected(request.at, request.path, "OssBucket and OssEndpoint", "nothing");
    else
      t.store = store_of(import, bucket, endpoint);
    const auto own = reader.take("RecordFormat");
    const auto transcoded = reader.take("TranscodeRecordFormat");
    if (own) read_formats(import, *own, kOssCycle, t);
    if (transcoded && t.files.empty() && !t.hls) {
      read_formats(import, *transcoded, kOssCycle, t);
      t.content.clear();
    } else if (transcoded) {
      import.notes.notices.add(transcoded->at, transcoded->path,
                               "is not kept: all contents of a template have the formats of RecordFormat");
    }
    read_transcoded(import, reader, transcoded.has_value(), t);
    finish(import, request, std::move(rule), std::move(shared));
  }

  void read_vod(CloudImport &import, const Field &request, ObjectReader &reader) {
    RecordingRule rule = read_key(import, reader);
    Shared shared = read_shared(import, request, reader, rule);
    RecordingTemplate &t = shared.recording;
    const std::string content = take_text(import, reader, "RecordContent");
    const auto cycle = take_number(import, reader, "CycleDuration", 1, kLongestCycle);
    const bool merge = is_on(take_text(import, reader, "AutoCompose"));
    const Seconds length = cycle ? Seconds(*cycle) : kVodCycle;
    if (const auto formats = reader.take("RecordFormat"))
      read_formats(import, *formats, length, t);
    else
      t.hls = HlsFormat{.segment = kSlice, .cycle = length};
    if (merge)
      for (FileFormat &file : t.files) file.options.merge = true;
    if (merge && t.hls) t.hls->options.merge = true;
    const bool transcoded = content.find("transcode") != std::string::npos;
    if (transcoded && content.find("raw") == std::string::npos) t.content.clear();
    read_transcoded(import, reader, transcoded, t);
    finish(import, request, std::move(rule), std::move(shared));
  }

  static RecordingRule read_key(CloudImport &import, ObjectReader &reader) {
    RecordingRule rule;
    rule.domain = take_text(import, reader, "DomainName");
    rule.app = take_text(import, reader, "AppName");
    rule.stream = take_text(import, reader, "StreamName");
    return rule;
  }

  Shared read_shared(CloudImport &import, const Field &request, ObjectReader &reader,
                     const RecordingRule &rule) {
    Shared shared;
    RecordingTemplate &t = shared.recording;
    t.time_zone = "UTC+8";  // spec 4.3
    const auto delay = take_number(import, reader, "DelayTime", 0, kLongestDelay);
    shared.delay = delay ? Seconds(*delay) : kDelay;
    switch (take_number(import, reader, "OnDemand", 0, 7).value_or(0)) {
      case 0:
        break;
      case 1:
        t.trigger.kind = TriggerKind::ask;
        t.trigger.url = question_for(rule.domain);
        if (t.trigger.url.empty())
          import.notes.problems.expected(request.at, request.path,
                                         "the OnDemandUrl of AddLiveRecordNotifyConfig for this domain, as "
                                         "OnDemand is 1",
                                         "nothing");
        break;
      case 2:
        t.trigger.kind = TriggerKind::ingest_parameter;
        break;
      case 7:
        t.trigger.kind = TriggerKind::manual;
        break;
      default:
        import.notes.problems.expected(request.at, request.path, "0, 1, 2 or 7 for OnDemand",
                                       "another number");
    }
    for (const char *name : {"StartTime", "EndTime"})
      if (const auto field = reader.take(name))
        not_kept(import, *field, "a window of time is a task (gst-recording-1.0 task create)");
    return shared;
  }

  std::string question_for(const std::string &domain) const {
    const auto found = questions_.find(domain);
    return found == questions_.end() ? "" : found->second;
  }

  static std::string store_of(CloudImport &import, const std::string &bucket, std::string endpoint) {
    if (const auto scheme = endpoint.find("://"); scheme != std::string::npos) endpoint.erase(0, scheme + 3);
    StoreSettings store;
    store.name = "oss-" + bucket;
    store.uri = "oss://" + bucket;
    store.endpoint = "https://" + endpoint;
    // oss-cn-shanghai.aliyuncs.com, oss-cn-shanghai-internal.aliyuncs.com
    std::string region = endpoint.substr(0, endpoint.find('.'));
    if (region.starts_with("oss-")) region.erase(0, 4);
    if (region.ends_with("-internal")) region.resize(region.size() - 9);
    store.region = region;
    store.signature = "v4";
    import.configuration.stores.emplace(store.name, store);
    return store.name;
  }

  static void read_formats(CloudImport &import, const Field &field, Seconds cycle, RecordingTemplate &t) {
    for (const Field &element : read_list(import.notes.problems, field, "an array of formats"))
      read_format(import, element, cycle, t);
  }

  static void read_format(CloudImport &import, const Field &field, Seconds otherwise, RecordingTemplate &t) {
    ObjectReader reader(import.notes.problems, field);
    const std::string name = take_text(import, reader, "Format");
    const bool hls = name == "m3u8" || name == "cmaf";
    const Format file_format = format_named(name).value_or(Format::hls);
    if (!hls && file_format != Format::flv && file_format != Format::mp4)
      return import.notes.problems.expected(field.at, field.path, "the format m3u8, cmaf, flv or mp4",
                                            "another one");
    const auto cycle = take_number(import, reader, "CycleDuration", 1, kLongestCycle);
    const auto slice = take_number(import, reader, "SliceDuration", 1, kLongestSlice);
    FormatOptions options = read_options(import, reader, hls);
    const std::string segments = read_slice_name(import, reader);
    rest_is_not_kept(import, reader);
    const Seconds length = cycle ? Seconds(*cycle) : otherwise;
    const bool twice = hls ? t.hls.has_value()
                           : std::any_of(t.files.begin(), t.files.end(),
                                         [&](const FileFormat &f) { return f.format == file_format; });
    if (twice)
      return import.notes.problems.expected(field.at, field.path, "every format once, of m3u8 and cmaf one",
                                            "one more");
    if (hls)
      t.hls = HlsFormat{.segment_format = name == "cmaf" ? SegmentFormat::cmaf : SegmentFormat::ts,
                        .segment = slice ? Seconds(*slice) : kSlice,
                        .cycle = length,
                        .segment_pattern = segments,
                        .options = std::move(options)};
    else
      t.files.push_back({.format = file_format, .cycle = length, .options = std::move(options)});
  }

  static FormatOptions read_options(CloudImport &import, ObjectReader &reader, bool hls) {
    FormatOptions options;
    options.pattern = take_pattern(import, reader, "OssObjectPrefix", hls);
    if (options.pattern == RecordingTemplate{}.pattern) options.pattern.clear();
    options.merge = is_on(take_text(import, reader, "AutoCompose"));
    const std::string process = take_text(import, reader, "ProcessTemplateId");
    if (process.empty()) return options;
    const std::string of = take_text(import, reader, "VideoProcess");  // spec 1.6: "origin,compose"
    const bool merged = options.merge && of.find("compose") != std::string::npos;
    if (merged) options.process_merged = {process};
    if (!merged || of.find("origin") != std::string::npos) options.process = {process};
    return options;
  }

  // Here segments lie below the folder of their playlist.
  static std::string read_slice_name(CloudImport &import, ObjectReader &reader) {
    const std::string pattern = take_pattern(import, reader, "SliceOssObjectPrefix", false);
    return pattern.substr(pattern.rfind('/') + 1);
  }

  static void read_transcoded(CloudImport &import, ObjectReader &reader, bool wanted, RecordingTemplate &t) {
    const auto list = reader.take("TranscodeTemplates");
    std::vector<Content> contents;
    if (list && wanted)
      for (const Field &element : read_list(import.notes.problems, *list, "an array of template ids")) {
        const std::string id = read_text(import.notes.problems, element, "a template's id").value_or("");
        if (const auto content = content_named("transcoded:" + id))
          contents.push_back(*content);
        else
          not_kept(import, element, "an id has letters, digits, '_' and '-'");
      }
    if (wanted && contents.empty()) contents.push_back({Content::Kind::transcoded, "*"});
    t.content.insert(t.content.end(), contents.begin(), contents.end());
    if (t.content.empty()) t.content = {Content{}};
  }

  static void finish(CloudImport &import, const Field &request, RecordingRule rule, Shared shared) {
    RecordingTemplate &t = shared.recording;
    for (FileFormat &file : t.files) file.splice_timeout = shared.delay;
    if (t.hls) t.hls->splice_timeout = shared.delay;
    const std::string app = without_wildcard(rule.app), stream = without_wildcard(rule.stream);
    if (app.empty() && !stream.empty())
      return import.notes.problems.expected(request.at, request.path,
                                            "an AppName where there is a StreamName", "\"*\"");
    t.name = free_template_name(import.configuration, rule.domain + (app.empty() ? "" : "/" + app) +
                                                          (stream.empty() ? "" : "/" + stream));
    rule.template_name = t.name;
    import.configuration.templates[t.name] = std::move(t);
    add_cloud_rule(import, request, std::move(rule));
  }

  std::map<std::string, std::string> questions_;  // OnDemandUrl, by domain
};

}  // namespace

std::unique_ptr<CloudImporter> make_alibaba_importer() { return std::make_unique<AlibabaImporter>(); }

}  // namespace rec
