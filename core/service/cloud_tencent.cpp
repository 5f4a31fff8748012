// SPDX-License-Identifier: LGPL-2.1-or-later
// Tencent CSS: CreateLiveRecordTemplate and CreateLiveRecordRule (spec 1.1 to 1.3).
#include <algorithm>
#include <map>
#include <set>

#include "core/service/cloud_parts.h"

namespace rec {
namespace {

constexpr std::int64_t kMaxId = INT64_MAX;
constexpr std::int64_t kLongestFile = 43200;      // s
constexpr std::int64_t kLongestStay = 129600000;  // s
constexpr std::int64_t kLongestContinue = 1800;   // s

struct Block {
  const char *name;
  Format format;
};
constexpr Block kBlocks[] = {{"FlvParam", Format::flv},
                             {"HlsParam", Format::hls},
                             {"Mp4Param", Format::mp4},
                             {"AacParam", Format::aac},
                             {"Mp3Param", Format::mp3}};

constexpr const char *kVodName =
    "{StreamID}_{StartYear}-{StartMonth}-{StartDay}-{StartHour}-{StartMinute}-{StartSecond}_"
    "{EndYear}-{EndMonth}-{EndDay}-{EndHour}-{EndMinute}-{EndSecond}";
constexpr const char *kCosFolder =
    "{RecordSource}/{Domain}/{AppName}/{StreamID}/{RecordId}/"
    "{StartYear}-{StartMonth}-{StartDay}-{StartHour}-{StartMinute}-{StartSecond}";
constexpr const char *kFileInFolder = "/record";  // spec 4.2: the cloud does not say what it calls them

bool same_word(std::string text, std::string_view word) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return text == word;
}

class TencentImporter final : public CloudImporter {
 public:
  std::optional<int> round_of(std::string_view action, const JsonValue &request) const override {
    if (action == "CreateLiveRecordTemplate" || (action.empty() && request.member("TemplateName"))) return 0;
    if (action == "CreateLiveRecordRule" ||
        (action.empty() && request.member("DomainName") && request.member("TemplateId")))
      return 1;
    return std::nullopt;
  }

  void read(CloudImport &import, const Field &request) override {
    ObjectReader reader(import.notes.problems, request);
    reader.take("Action");
    if (request.value.member("TemplateName"))
      read_template(import, request, reader);
    else
      read_rule(import, request, reader);
    rest_is_not_kept(import, reader);
  }

 private:
  void read_template(CloudImport &import, const Field &request, ObjectReader &reader) {
    RecordingTemplate t;
    t.name = take_text(import, reader, "TemplateName");
    t.time_zone = "UTC+8";  // spec 4.1
    t.pattern = kVodName;
    const bool cos = take_number(import, reader, "CosStore", 0, 1) == 1;
    const auto remove_watermark = reader.take("RemoveWatermark");
    if (!remove_watermark || read_flag(import.notes.problems, *remove_watermark) != true)
      t.content = {{Content::Kind::watermarked, ""}};
    for (const Block &block : kBlocks)
      if (const auto field = reader.take(block.name)) read_block(import, *field, block.format, cos, t);
    read_specials(import, reader, t);
    const auto id = take_number(import, reader, "TemplateId", 1, kMaxId);
    if (id) names_[*id] = t.name;
    if (import.configuration.templates.contains(t.name))
      import.notes.problems.expected(request.at, request.path, "every template once",
                                     "\"" + t.name + "\" again");
    import.configuration.templates[t.name] = t;
  }

  static void read_specials(CloudImport &import, ObjectReader &reader, RecordingTemplate &t) {
    if (const auto field = reader.take("HlsSpecialParam")) {
      ObjectReader hls(import.notes.problems, *field);
      const auto timeout = take_number(import, hls, "FlowContinueDuration", 0, kLongestContinue);
      if (timeout && t.hls) t.hls->splice_timeout = Seconds(*timeout);
      rest_is_not_kept(import, hls);
    }
    if (const auto field = reader.take("FlvSpecialParam")) {
      ObjectReader flv(import.notes.problems, *field);
      if (const auto upload = flv.take("UploadInRecording")) {
        const bool early = read_flag(import.notes.problems, *upload) == true;
        for (FileFormat &file : t.files)
          if (file.format == Format::flv) file.upload_while_recording = early;
      }
      rest_is_not_kept(import, flv);
    }
  }

  static void read_block(CloudImport &import, const Field &field, Format format, bool cos,
                         RecordingTemplate &t) {
    ObjectReader reader(import.notes.problems, field);
    if (take_number(import, reader, "Enable", 0, 1).value_or(0) != 1) return;  // the block does not count
    const bool hls = format == Format::hls;
    const auto interval = take_number(import, reader, "RecordInterval", 1, kLongestFile);
    FormatOptions options;
    if (const auto time = take_number(import, reader, "StorageTime", 0, kLongestStay); time && *time > 0)
      options.retention = Seconds(*time);
    if (const std::string procedure = take_text(import, reader, "Procedure"); !procedure.empty())
      options.process = {procedure};
    if (same_word(take_text(import, reader, "StorageMode"), "cold"))
      options.storage_class = "infrequent-access";
    const std::string title = take_pattern(import, reader, "VodFileName", hls);
    std::string folder = take_pattern(import, reader, "CosBucketPath", hls);
    if (cos) {
      if (folder.empty()) folder = kCosFolder;
      options.pattern = folder + (hls ? "" : kFileInFolder);
      read_bucket(import, field, reader, t);
    } else if (title != kVodName) {
      options.pattern = title;
    }
    rest_is_not_kept(import, reader);
    if (hls) {
      t.hls.emplace();
      t.hls->options = options;
    } else {
      FileFormat &file = t.files.emplace_back();
      file.format = format;
      file.options = options;
      if (interval) file.cycle = Seconds(*interval);
    }
  }

  static void read_bucket(CloudImport &import, const Field &field, ObjectReader &reader,
                          RecordingTemplate &t) {
    const std::string bucket = take_text(import, reader, "CosBucketName");
    StoreSettings store;
    store.region = take_text(import, reader, "CosBucketRegion");
    store.name = "cos-" + bucket;
    store.uri = "cos://" + bucket;
    if (bucket.empty() || store.region.empty()) {
      import.notes.problems.expected(field.at, field.path,
                                     "CosBucketName and CosBucketRegion, as CosStore is 1", "nothing");
      return;
    }
    if (!t.store.empty() && t.store != store.name) {
      not_kept(import, field, "files of one template go to one store: \"" + t.store + "\"");
      return;
    }
    if (import.configuration.stores.emplace(store.name, store).second)
      import.notes.notices.add(field.at, field.path,
                               "the bucket \"" + bucket + "\" needs the account's \"-APPID\" at its end");
    t.store = store.name;
  }

  void read_rule(CloudImport &import, const Field &request, ObjectReader &reader) {
    RecordingRule rule;
    rule.domain = take_text(import, reader, "DomainName");
    rule.app = take_text(import, reader, "AppName");
    rule.stream = take_text(import, reader, "StreamName");
    reader.take("CreateTime");
    reader.take("UpdateTime");
    const auto id = take_number(import, reader, "TemplateId", 1, kMaxId);
    const auto known = id ? names_.find(*id) : names_.end();
    if (known == names_.end()) {
      import.notes.problems.expected(
          request.at, request.path,
          "the TemplateId of a template (add \"TemplateId\" to its request, as it was answered)",
          id ? std::to_string(*id) : "nothing");
      return;
    }
    rule.template_name = known->second;
    add_cloud_rule(import, request, std::move(rule));
  }

  std::map<std::int64_t, std::string> names_;  // of templates, by TemplateId
};

// ---- Export

bool has_only(const std::string &pattern, const std::set<std::string> &placeholders) {
  for (std::size_t at = pattern.find('{'); at != std::string::npos; at = pattern.find('{', at + 1)) {
    const std::size_t end = pattern.find('}', at);
    if (end == std::string::npos || !placeholders.contains(pattern.substr(at + 1, end - at - 1)))
      return false;
  }
  return pattern.find('%') == std::string::npos;
}

std::set<std::string> with_times(std::set<std::string> names) {
  for (const char *edge : {"Start", "End"})
    for (const char *part : {"Year", "Month", "Day", "Hour", "Minute", "Second", "Millisecond"})
      names.insert(std::string(edge) + part);
  return names;
}

class TencentExporter {
 public:
  explicit TencentExporter(const Configuration &configuration) : configuration_(configuration) {}

  ExportedRequests run() {
    std::map<std::string, std::int64_t> ids;
    for (const auto &[name, t] : configuration_.templates) {
      ids[name] = static_cast<std::int64_t>(ids.size()) + 1;
      export_template(t, ids[name]);
    }
    for (const RecordingRule &rule : configuration_.rules.all()) {
      JsonObjectWriter json;
      json.text("Action", "CreateLiveRecordRule").text("DomainName", rule.domain);
      if (!without_wildcard(rule.app).empty()) json.text("AppName", rule.app);
      if (!without_wildcard(rule.stream).empty()) json.text("StreamName", rule.stream);
      json.number("TemplateId", ids[rule.template_name]);
      out_.requests.push_back(std::move(json));
    }
    if (!ids.empty())
      out_.result.notices.emplace_back(
          "TemplateId: stands for the number that CreateLiveRecordTemplate answers");
    return out_.finish();
  }

 private:
  void export_template(const RecordingTemplate &t, std::int64_t id) {
    const std::string path = "templates." + t.name;
    JsonObjectWriter json;
    json.text("Action", "CreateLiveRecordTemplate").text("TemplateName", t.name).number("TemplateId", id);
    const auto bucket = bucket_of(configuration_, t, "cos://");
    if (bucket) json.number("CosStore", 1);
    if (!bucket && !t.store.empty()) out_.lost(path + ".storage", "only cos:// is the cloud's");
    json.flag("RemoveWatermark", t.content == std::vector<Content>{Content{}});
    if (t.content.size() > 1 || t.content.front().kind == Content::Kind::transcoded)
      out_.lost(path + ".content", "a request has the original or the watermarked stream");
    if (t.time_zone != "UTC+8") out_.lost(path + ".time-zone", "only the console has it; it is UTC+8");
    if (t.trigger.kind != TriggerKind::automatic) out_.lost(path + ".trigger", "every push is recorded");
    lose_what_only_we_have(out_, t, path + ".");
    for (const FileFormat &file : t.files) export_file(json, t, file, bucket, path + ".formats.");
    if (t.hls) export_hls(json, t, bucket, path + ".formats.hls");
    out_.requests.push_back(std::move(json));
  }

  void export_file(JsonObjectWriter &json, const RecordingTemplate &t, const FileFormat &file,
                   const std::optional<BucketPlace> &bucket, const std::string &formats) {
    const std::string path = formats + std::string(name_of(file.format));
    const std::int64_t longest =
        file.format == Format::aac || file.format == Format::mp3 ? 7200 : kLongestFile;
    const auto cycle = std::chrono::duration_cast<Seconds>(file.cycle).count();
    JsonObjectWriter block;
    block.number("Enable", 1).number("RecordInterval", std::clamp<std::int64_t>(cycle, 60, longest));
    if (cycle < 60 || cycle > longest)
      out_.lost(path + ".cycle", "it is 60 to " + std::to_string(longest) + " s");
    if (file.splice_timeout > Nanoseconds(0)) out_.lost(path + ".splice-timeout", "only HLS has one");
    export_options(block, t, file.format, file.options, bucket, path);
    if (file.format == Format::flv && file.upload_while_recording) {
      JsonObjectWriter special;
      special.flag("UploadInRecording", true);
      json.object("FlvSpecialParam", std::move(special));
    }
    json.object(block_of(file.format), std::move(block));
  }

  void export_hls(JsonObjectWriter &json, const RecordingTemplate &t,
                  const std::optional<BucketPlace> &bucket, const std::string &path) {
    const HlsFormat &hls = *t.hls;
    JsonObjectWriter block;
    block.number("Enable", 1);
    export_options(block, t, Format::hls, hls.options, bucket, path);
    json.object(block_of(Format::hls), std::move(block));
    if (hls.segment != HlsFormat{}.segment) out_.lost(path + ".segment", "it is 10 s");
    if (hls.segment_format != SegmentFormat::ts) out_.lost(path + ".segment-format", "it is MPEG-TS");
    if (hls.cycle > Nanoseconds(0)) out_.lost(path + ".cycle", "only the console has it");
    if (hls.playlist_refresh > Nanoseconds(0)) out_.lost(path + ".playlist-refresh", "no request has it");
    if (!hls.segment_pattern.empty()) out_.lost(path + ".segment-name", "no request has it");
    const auto timeout = std::chrono::duration_cast<Seconds>(hls.splice_timeout).count();
    if (timeout == 0) return;
    if (timeout > kLongestContinue) out_.lost(path + ".splice-timeout", "it is 1800 s at most");
    JsonObjectWriter special;
    special.number("FlowContinueDuration", std::min(timeout, kLongestContinue));
    json.object("HlsSpecialParam", std::move(special));
  }

  void export_options(JsonObjectWriter &block, const RecordingTemplate &t, Format format,
                      const FormatOptions &options, const std::optional<BucketPlace> &bucket,
                      const std::string &path) {
    const auto retention = options.retention ? options.retention : t.retention;
    block.number("StorageTime", retention ? retention->count() : 0);
    if (!options.process.empty()) block.text("Procedure", options.process.front());
    if (options.process.size() > 1) out_.lost(path + ".process", "a request has one");
    if (!options.process_merged.empty()) out_.lost(path + ".process-merged", "no request has it");
    if (options.storage_class == "infrequent-access")
      block.text("StorageMode", "cold");
    else if (!options.storage_class.empty() && options.storage_class != "standard")
      out_.lost(path + ".storage-class", "a request has normal or cold");
    if (options.merge) out_.lost(path + ".merge", "no request has it");
    if (bucket)
      export_folder(block, t, format, *bucket, path);
    else
      export_title(block, t.pattern_of(format), path);
  }

  void export_title(JsonObjectWriter &block, const std::string &pattern, const std::string &path) {
    static const std::set<std::string> kKnown = with_times({"StreamID"});
    if (has_only(pattern, kKnown) && pattern.find('/') == std::string::npos)
      block.text("VodFileName", pattern);
    else
      out_.lost(path + ".name", "a title has {StreamID} and times, and no folder");
  }

  void export_folder(JsonObjectWriter &block, const RecordingTemplate &t, Format format,
                     const BucketPlace &bucket, const std::string &path) {
    static const std::set<std::string> kKnown =
        with_times({"RecordSource", "Domain", "AppName", "StreamID", "RecordId", "RandomID"});
    const StoreSettings &store = configuration_.stores.at(t.store);
    block.text("CosBucketName", bucket.bucket).text("CosBucketRegion", store.region);
    std::string folder = t.pattern_of(format);
    if (format != Format::hls) {
      if (!folder.ends_with(kFileInFolder)) return out_.lost(path + ".name", "only the folder can be chosen");
      folder.resize(folder.size() - std::string_view(kFileInFolder).size());
    }
    if (!has_only(folder, kKnown))
      return out_.lost(path + ".name", "it has placeholders that a folder has not");
    block.text("CosBucketPath", "/" + (bucket.prefix.empty() ? "" : bucket.prefix + "/") + folder);
  }

  static const char *block_of(Format format) {
    for (const Block &block : kBlocks)
      if (block.format == format) return block.name;
    return "";
  }

  const Configuration &configuration_;
  CloudExport out_;
};

}  // namespace

std::unique_ptr<CloudImporter> make_tencent_importer() { return std::make_unique<TencentImporter>(); }

ExportedRequests export_tencent(const Configuration &configuration) {
  return TencentExporter(configuration).run();
}

}  // namespace rec
