// SPDX-License-Identifier: LGPL-2.1-or-later
// list, search: recordings that a filter lets through.
#include <cstdio>

#include "core/io/json.h"
#include "tools/commands.h"
#include "tools/filter.h"
#include "tools/print.h"

namespace rec::tool {
namespace {

struct Found {
  std::vector<RecordingView> views;
  std::string next;
  std::uint64_t total = 0;
};

Result<Found> find(const Options &options) {
  const SystemClock clock;
  REC_TRY(auto catalogue, open_existing(options, clock));
  REC_TRY(const RecordingFilter filter, read_filter(options, catalogue));
  REC_TRY(RecordingPage page,
          search_recordings(catalogue, filter, options.limit(), options.value("--after")));
  Found found{.views = {}, .next = page.next, .total = page.total};
  for (Recording &recording : page.recordings) {
    REC_TRY(RecordingView view, view_of(catalogue, std::move(recording)));
    found.views.push_back(std::move(view));
  }
  return found;
}

std::string line_of(const RecordingView &view) {
  const Recording &r = view.recording;
  std::uint64_t bytes = 0;
  for (const StoredFile &file : view.files) bytes += file.facts.size_bytes;
  const std::string length = r.ended ? length_text(*r.ended - r.started) : "since then";
  return time_text(r.started) + "  " + std::string(name_of(r.state)) + "  " + length + "  " +
         size_text(bytes) + "  " + stream_text(r.push) +
         (r.source == RecordingSource::push ? "" : "  " + std::string(name_of(r.source)));
}

void print_json(const Found &found) {
  std::vector<JsonObjectWriter> recordings;
  for (const RecordingView &view : found.views) recordings.push_back(json_of(view));
  JsonObjectWriter json;
  json.objects("recordings", std::move(recordings)).number("total", static_cast<std::int64_t>(found.total));
  std::puts(json.text("next", found.next).to_string().c_str());
}

int run(const char *name, const std::vector<std::string> &arguments, bool in_full) {
  const auto options = read_options(arguments, kFilterOptions, kFilterFlags, 0);
  if (!options) return usage_error(command_named(name), options.error().message);
  if (const Status checked = check_filter(*options); !checked)
    return usage_error(command_named(name), checked.error().message);
  const auto found = find(*options);
  if (!found) return failed(name, found.error());
  if (options->json()) {
    print_json(*found);
    return kDone;
  }
  for (const RecordingView &view : found->views) {
    if (in_full)
      print_view(view);
    else
      print_line(view.recording.session_id, "  " + line_of(view));
  }
  if (found->views.empty()) std::puts("nothing recorded yet, or nothing like that");
  if (!in_full && !found->next.empty())
    std::printf("%s of %llu%s; more: --after %s\n", std::to_string(found->views.size()).c_str(),
                static_cast<unsigned long long>(found->total), found->total == kMostCounted ? " or more" : "",
                found->next.c_str());
  return kDone;
}

}  // namespace

int list(const std::vector<std::string> &arguments) { return run("list", arguments, true); }
int search(const std::vector<std::string> &arguments) { return run("search", arguments, false); }

}  // namespace rec::tool
