// SPDX-License-Identifier: LGPL-2.1-or-later
// delete, hold.
#include <glib.h>

#include <cstdio>

#include "core/io/json.h"
#include "core/service/housekeeper.h"
#include "core/service/manifest.h"
#include "core/service/recording_search.h"
#include "core/service/removal.h"
#include "tools/commands.h"
#include "tools/options.h"

namespace rec::tool {
namespace {

constexpr std::size_t kMostIds = 100'000;
constexpr Seconds kLongestWait{30};  // for another process that is at it

struct Outcome {
  std::string id;
  std::string error;  // "" = done
};

Result<std::int64_t> row_of(Catalogue &catalogue, const std::string &id) {
  REC_TRY(const Recording recording, recording_named(catalogue, id));
  return recording.id;
}

// Works until all of them are gone, failed, or take too long because somebody else is at them.
Status finish(Catalogue &catalogue, Housekeeper &housekeeper, const Clock &clock,
              const std::vector<std::int64_t> &rows, std::vector<Outcome *> &outcomes) {
  const Nanoseconds began = clock.monotonic();
  for (bool waits = true; waits;) {
    REC_CHECK(housekeeper.work_once(catalogue));
    waits = false;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      REC_TRY(const RemovalState state, removal_state(catalogue, rows[i]));
      waits = waits || (!state.is_over && state.error.empty());
      outcomes[i]->error = state.is_over ? "" : state.error + "; it is tried again by whoever comes next";
    }
    if (waits && clock.monotonic() - began > kLongestWait)
      return Error{Errc::unavailable, "another process is still at it; it goes on without this one"};
    if (waits) g_poll(nullptr, 0, 200);  // nothing tells a process that another one has written to SQLite
  }
  return ok();
}

Result<std::vector<Outcome>> remove_all(const Options &options, RemovalScope scope) {
  const SystemClock clock;
  REC_TRY(auto destinations, read_destinations(options));
  REC_TRY(auto catalogue, open_existing(options, clock));
  std::vector<Outcome> outcomes;
  for (const std::string &id : options.words) outcomes.push_back({id, ""});
  std::vector<std::int64_t> rows;
  std::vector<Outcome *> begun;
  for (Outcome &outcome : outcomes) {
    const auto row = row_of(catalogue, outcome.id);
    const Status marked = row ? begin_removal(catalogue, *row, scope) : row.error();
    if (!marked) {
      outcome.error = marked.error().message;
      continue;
    }
    rows.push_back(*row);
    begun.push_back(&outcome);
  }
  REC_TRY(auto housekeeper, Housekeeper::create(options.catalogue(), std::move(destinations), clock));
  REC_CHECK(finish(catalogue, housekeeper, clock, rows, begun));
  return outcomes;
}

int tell(const Options &options, const std::vector<Outcome> &outcomes, const char *done) {
  bool all_done = true;
  std::vector<JsonObjectWriter> list;
  for (const Outcome &outcome : outcomes) {
    all_done = all_done && outcome.error.empty();
    JsonObjectWriter json;
    json.text("session_id", outcome.id).flag("done", outcome.error.empty());
    if (!outcome.error.empty()) json.text("error", outcome.error);
    list.push_back(std::move(json));
    if (options.json()) continue;
    if (outcome.error.empty())
      std::printf("%s %s\n", printable(outcome.id).c_str(), done);
    else
      std::fprintf(stderr, "%s\n", printable(outcome.error).c_str());
  }
  if (options.json())
    std::puts(JsonObjectWriter().objects("recordings", std::move(list)).to_string().c_str());
  return all_done ? kDone : kMistake;
}

// So that a catalogue that is made of manifests knows it, too.
Status write_manifests(const Options &options, const Clock &clock) {
  REC_TRY(Manifests manifests, Manifests::open(options.catalogue(), clock));
  for (;;) {
    const auto written = manifests.write_again([] { return false; });
    if (!written)
      return Error{written.error().code,
                   "it is done, but the manifest does not say so yet: " + written.error().message};
    if (*written == 0) return ok();
  }
}

}  // namespace

int remove(const std::vector<std::string> &arguments) {
  const Command &command = command_named("delete");
  const auto options =
      read_options(arguments, {"--catalogue", "--config"}, {"--files", "--forget", "--json"}, kMostIds);
  if (!options) return usage_error(command, options.error().message);
  if (options->words.empty()) return usage_error(command, "a recording's id is needed");
  const bool files = options->flags.contains("--files");
  const bool forgets = options->flags.contains("--forget");
  const RemovalScope both = forgets ? RemovalScope::files_and_information : RemovalScope::files;
  const auto outcomes = remove_all(*options, files ? both : RemovalScope::information);
  if (!outcomes) return failed("delete", outcomes.error());
  return tell(*options, *outcomes, files ? "is deleted" : "is forgotten");
}

int hold(const std::vector<std::string> &arguments) {
  const Command &command = command_named("hold");
  const auto options = read_options(arguments, {"--catalogue"}, {"--release", "--json"}, kMostIds);
  if (!options) return usage_error(command, options.error().message);
  if (options->words.empty()) return usage_error(command, "a recording's id is needed");
  const bool holds = !options->flags.contains("--release");
  const SystemClock clock;
  auto catalogue = open_existing(*options, clock);
  if (!catalogue) return failed("hold", catalogue.error());
  std::vector<Outcome> outcomes;
  for (const std::string &id : options->words) {
    const auto row = row_of(*catalogue, id);
    const Status set = row ? set_hold(*catalogue, *row, holds) : row.error();
    outcomes.push_back({id, set ? "" : set.error().message});
  }
  const Status written = write_manifests(*options, clock);
  if (!written) return failed("hold", written.error());
  return tell(*options, outcomes, holds ? "is held" : "is released");
}

}  // namespace rec::tool
