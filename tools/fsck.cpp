// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/fsck.h"

#include <glib.h>

#include <cstdio>
#include <filesystem>

#include "core/io/files.h"
#include "core/io/json.h"
#include "core/service/configuration.h"
#include "core/service/destinations_of.h"
#include "tools/commands.h"
#include "tools/options.h"

namespace rec::tool {
namespace {

void print_findings(const std::vector<Finding> &findings) {
  for (const Finding &f : findings)
    std::printf("%-11s %s: %s\n", name_of(f.kind), printable(f.path).c_str(), printable(f.what).c_str());
}

std::vector<JsonObjectWriter> json_of(const std::vector<Finding> &findings) {
  std::vector<JsonObjectWriter> list;
  for (const Finding &f : findings) {
    JsonObjectWriter json;
    json.text("kind", name_of(f.kind)).text("path", f.path).text("what", f.what);
    list.push_back(std::move(json));
  }
  return list;
}

// The buckets of --config, with the credentials that its stores name.
Result<OpenBuckets> buckets_of(const Options &options, const Clock &clock) {
  if (!options.has("--config")) return OpenBuckets{};
  const LoadedConfiguration loaded = load_configuration(options.value("--config"));
  if (!loaded.configuration) return configuration_error(loaded);
  const auto variable = [](const char *name) {
    const char *value = g_getenv(name);
    return std::string(value ? value : "");
  };
  const Destinations to = destinations_of(*loaded.configuration, variable);
  return open_buckets(to, clock, [](const HttpSettings &s) { return make_soup_http_client(s); });
}

int check(const Options &options, const Clock &clock) {
  if (const auto there = file_facts(options.catalogue()); !there) return failed("fsck", there.error());
  FsckOptions what;
  what.folders = options.words;
  what.digests = options.flags.contains("--digests");
  auto buckets = buckets_of(options, clock);
  if (!buckets) return failed("fsck", buckets.error());
  what.buckets = &*buckets;
  const auto findings = check_storage(options.catalogue(), what, clock);
  if (!findings) return failed("fsck", findings.error());
  if (options.json()) {
    JsonObjectWriter json;
    json.objects("findings", json_of(*findings));
    std::puts(json.to_string(JsonLayout::indented).c_str());
  } else {
    print_findings(*findings);
    if (findings->empty()) std::puts("All is as the catalogue says.");
  }
  return findings->empty() ? kDone : kMistake;
}

int rebuild(const Options &options, const Clock &clock) {
  std::vector<std::string> folders = options.words;
  if (folders.empty()) {
    const auto folder = std::filesystem::path(options.catalogue()).parent_path().string();
    folders.push_back(folder.empty() ? "." : folder);
  }
  auto buckets = buckets_of(options, clock);
  if (!buckets) return failed("fsck", buckets.error());
  const auto rebuilt = rebuild_catalogue(options.catalogue(), folders, &*buckets, clock);
  if (!rebuilt) return failed("fsck", rebuilt.error());
  if (options.json()) {
    JsonObjectWriter json;
    json.number("recordings", static_cast<std::int64_t>(rebuilt->recordings))
        .number("files", static_cast<std::int64_t>(rebuilt->files))
        .number("segments", static_cast<std::int64_t>(rebuilt->segments))
        .number("owed", static_cast<std::int64_t>(rebuilt->owed))
        .number("known", static_cast<std::int64_t>(rebuilt->known))
        .objects("findings", json_of(rebuilt->findings));
    std::puts(json.to_string(JsonLayout::indented).c_str());
  } else {
    print_findings(rebuilt->findings);
    std::printf(
        "%llu recordings added with %llu files and %llu segments, %llu were there\n",
        static_cast<unsigned long long>(rebuilt->recordings), static_cast<unsigned long long>(rebuilt->files),
        static_cast<unsigned long long>(rebuilt->segments), static_cast<unsigned long long>(rebuilt->known));
  }
  return rebuilt->findings.empty() ? kDone : kMistake;
}

}  // namespace

int fsck(const std::vector<std::string> &arguments) {
  constexpr std::size_t kMostFolders = 1000;
  const auto options = read_options(arguments, {"--catalogue", "--config"},
                                    {"--rebuild", "--digests", "--json"}, kMostFolders);
  if (!options) return usage_error(command_named("fsck"), options.error().message);
  const SystemClock clock;
  return options->flags.contains("--rebuild") ? rebuild(*options, clock) : check(*options, clock);
}

}  // namespace rec::tool
