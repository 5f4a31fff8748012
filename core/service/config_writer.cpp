// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/config_writer.h"

#include <chrono>

#include "core/io/json.h"
#include "core/service/config_reader.h"

namespace rec {
namespace {

template <typename Duration>
std::string text_of(Duration duration) {
  return duration_text(std::chrono::duration_cast<Seconds>(duration));
}

void write_options(JsonObjectWriter &json, const FormatOptions &options) {
  if (!options.pattern.empty()) json.text("name", options.pattern);
  if (options.retention) json.text("retention", text_of(*options.retention));
  if (!options.storage_class.empty()) json.text("storage-class", options.storage_class);
  if (!options.process.empty()) json.texts("process", options.process);
  if (options.merge) json.flag("merge", true);
  if (!options.process_merged.empty()) json.texts("process-merged", options.process_merged);
}

JsonObjectWriter file_json(const FileFormat &file) {
  JsonObjectWriter json;
  json.text("cycle", text_of(file.cycle));
  if (!file.upload_while_recording) json.text("upload", "when-closed");
  if (file.splice_timeout > Nanoseconds(0)) json.text("splice-timeout", text_of(file.splice_timeout));
  write_options(json, file.options);
  return json;
}

JsonObjectWriter hls_json(const HlsFormat &hls) {
  JsonObjectWriter json;
  json.text("segment", text_of(hls.segment));
  if (hls.segment_format != SegmentFormat::ts) json.text("segment-format", name_of(hls.segment_format));
  if (hls.cycle > Nanoseconds(0)) json.text("cycle", text_of(hls.cycle));
  if (hls.splice_timeout > Nanoseconds(0)) json.text("splice-timeout", text_of(hls.splice_timeout));
  if (hls.playlist_refresh > Nanoseconds(0)) json.text("playlist-refresh", text_of(hls.playlist_refresh));
  if (!hls.segment_pattern.empty()) json.text("segment-name", hls.segment_pattern);
  write_options(json, hls.options);
  return json;
}

void write_trigger(JsonObjectWriter &to, const Trigger &trigger) {
  if (trigger.kind == TriggerKind::automatic) return;
  if (trigger.kind != TriggerKind::ask) {
    to.text("trigger", name_of(trigger.kind));
    return;
  }
  JsonObjectWriter json;
  json.text("ask", trigger.url)
      .text("timeout", text_of(trigger.timeout))
      .number("retries", trigger.retries)
      .text("retry-interval", text_of(trigger.pause))
      .text("on-failure", trigger.record_on_failure ? "record" : "skip")
      .text("hold", text_of(trigger.hold));
  to.object("trigger", std::move(json));
}

JsonObjectWriter formats_json(const RecordingTemplate &t) {
  JsonObjectWriter json;
  for (const FileFormat &file : t.files)
    json.object(std::string(name_of(file.format)).c_str(), file_json(file));
  if (t.hls) json.object("hls", hls_json(*t.hls));
  return json;
}

void write_retention(JsonObjectWriter &json, const RecordingTemplate &t) {
  if (t.limits == RetentionPolicy{}) {
    if (t.retention) json.text("retention", text_of(*t.retention));
    return;
  }
  const auto number = [](std::uint64_t n) { return static_cast<std::int64_t>(n); };
  JsonObjectWriter retention;
  if (t.retention) retention.text("age", text_of(*t.retention));
  if (t.limits.recordings) retention.number("recordings", number(*t.limits.recordings));
  if (t.limits.bytes) retention.number("bytes", number(*t.limits.bytes));
  if (t.limits.min_free_bytes > 0) retention.number("min-free", number(t.limits.min_free_bytes));
  if (t.limits.information) retention.text("information", text_of(*t.limits.information));
  json.object("retention", std::move(retention));
}

JsonObjectWriter template_json(const RecordingTemplate &t) {
  JsonObjectWriter json;
  json.object("formats", formats_json(t));
  std::vector<std::string> contents;
  contents.reserve(t.content.size());
  for (const Content &content : t.content) contents.push_back(name_of(content));
  if (t.content != std::vector<Content>{Content{}}) json.texts("content", contents);
  if (t.standby) json.flag("standby", true);
  if (t.restart_after > Seconds(0)) json.text("restart-after", text_of(t.restart_after));
  write_trigger(json, t.trigger);
  if (t.time_zone != RecordingTemplate{}.time_zone) json.text("time-zone", t.time_zone);
  if (t.pattern != RecordingTemplate{}.pattern) json.text("name", t.pattern);
  if (!t.store.empty()) {
    JsonObjectWriter storage;
    storage.text("primary", t.store);
    if (!t.backup_store.empty()) storage.text("backup", t.backup_store);
    if (t.local_copies.backup_suffices) storage.flag("backup-suffices", true);
    json.object("storage", std::move(storage));
  }
  if (t.local_copies.is_own)
    json.text("keep-local", t.local_copies.keep_local ? text_of(*t.local_copies.keep_local) : "forever");
  write_retention(json, t);
  if (!t.callbacks.empty()) json.texts("callbacks", t.callbacks);
  return json;
}

void write_labels(JsonObjectWriter &to, const char *member,
                  const std::map<std::string, std::string> &labels) {
  if (labels.empty()) return;
  JsonObjectWriter json;
  for (const auto &[name, value] : labels) json.text(name.c_str(), value);
  to.object(member, std::move(json));
}

JsonObjectWriter store_json(const StoreSettings &store) {
  JsonObjectWriter json;
  json.text("uri", store.uri);
  if (!store.endpoint.empty()) json.text("endpoint", store.endpoint);
  if (!store.region.empty()) json.text("region", store.region);
  if (store.credentials.kind != CredentialPlace::Kind::env) {
    JsonObjectWriter place;
    place.text(store.credentials.kind == CredentialPlace::Kind::file ? "file" : "url",
               store.credentials.where);
    json.object("credentials", std::move(place));
  }
  if (store.bucket_in_host) json.text("bucket-in", *store.bucket_in_host ? "host" : "path");
  if (store.keep_local) json.text("keep-local", text_of(*store.keep_local));
  if (store.signature == "v1") json.text("signature", store.signature);
  if (!store.ca_file.empty()) json.text("ca", store.ca_file);
  if (!store.proxy.empty()) json.text("proxy", store.proxy);
  write_labels(json, "metadata", store.metadata);
  write_labels(json, "tags", store.tags);
  write_labels(json, "content-types", store.content_types);
  if (store.bandwidth > 0) json.number("bandwidth", static_cast<std::int64_t>(store.bandwidth));
  const bool is_directory = store.uri.starts_with("file:");
  if (store.uploads != (is_directory ? StoreSettings::kUsualCopies : StoreSettings::kUsualUploads))
    json.number("uploads", store.uploads);
  return json;
}

void write_secret(JsonObjectWriter &to, const char *member, const std::string &variable) {
  if (variable.empty()) return;
  JsonObjectWriter secret;
  secret.text("env", variable);
  to.object(member, std::move(secret));
}

JsonObjectWriter callback_json(const CallbackTarget &callback) {
  JsonObjectWriter json;
  if (callback.url_env.empty())
    json.text("url", callback.url);
  else
    write_secret(json, "url", callback.url_env);
  json.text("schema", callback.schema);
  if (callback.events != CallbackTarget{}.events) {
    std::vector<std::string> events;
    for (const RecordingEvent event : callback.events) events.emplace_back(name_of(event));
    json.texts("events", events);
  }
  write_secret(json, "key", callback.key_env);
  write_secret(json, "older-key", callback.older_key_env);
  return json;
}

JsonObjectWriter job_json(const JobSettings &job) {
  const JobSettings usual;
  JsonObjectWriter json;
  if (job.launch.empty())
    json.texts("command", job.command);
  else
    json.text("launch", job.launch);
  if (!job.outputs.empty()) json.texts("output", job.outputs);
  if (!job.environment.empty()) json.texts("environment", job.environment);
  if (job.timeout != usual.timeout) json.text("timeout", text_of(job.timeout));
  if (job.attempts != usual.attempts) json.number("attempts", job.attempts);
  if (job.at_once != usual.at_once) json.number("at-once", job.at_once);
  if (job.nice != usual.nice) json.number("nice", job.nice);
  if (job.most_bytes > 0) json.number("max-file", static_cast<std::int64_t>(job.most_bytes));
  return json;
}

JsonObjectWriter rule_json(const RecordingRule &rule) {
  JsonObjectWriter json;
  json.text("domain", rule.domain);
  if (!rule.app.empty()) json.text("app", rule.app);
  if (!rule.stream.empty()) json.text("stream", rule.stream);
  json.text("template", rule.template_name);
  return json;
}

template <typename Map, typename ToJson>
void write_map(JsonObjectWriter &json, const char *name, const Map &map, ToJson to_json) {
  JsonObjectWriter members;
  for (const auto &[key, value] : map) members.object(key.c_str(), to_json(value));
  json.object(name, std::move(members));
}

}  // namespace

std::string write_configuration(const Configuration &c) {
  JsonObjectWriter json;
  write_map(json, "templates", c.templates, template_json);
  std::vector<JsonObjectWriter> rules;
  rules.reserve(c.rules.size());
  for (const RecordingRule &rule : c.rules.all()) rules.push_back(rule_json(rule));
  json.objects("rules", std::move(rules));
  if (!c.stores.empty()) write_map(json, "storage", c.stores, store_json);
  if (c.spool != SpoolPolicy{}) {
    JsonObjectWriter spool;
    spool.number("min-free", static_cast<std::int64_t>(c.spool.min_free_bytes));
    if (!c.spool.deletes_uploaded) spool.text("when-low", "keep");
    json.object("spool", std::move(spool));
  }
  if (!c.callbacks.empty()) write_map(json, "callbacks", c.callbacks, callback_json);
  if (!c.jobs.empty()) write_map(json, "jobs", c.jobs, job_json);
  return json.to_string(JsonLayout::indented) + "\n";
}

}  // namespace rec
