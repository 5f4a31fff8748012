// SPDX-License-Identifier: LGPL-2.1-or-later
// watch: what is being recorded, again and again.
#include <glib.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <map>

#include "core/io/iso_time.h"
#include "core/io/json.h"
#include "core/model/live_rate.h"
#include "core/service/config_reader.h"
#include "core/service/recording_json.h"
#include "core/service/running_recordings.h"
#include "tools/commands.h"
#include "tools/options.h"
#include "tools/print.h"

namespace rec::tool {
namespace {

constexpr const char *kClearScreen = "\033[H\033[2J";
constexpr Seconds kSilent{15};  // after which the last rate says nothing any more; counts come every 5 s

// Nothing tells a process that another one has written to SQLite.
void pause(Nanoseconds time) {
  g_poll(nullptr, 0, static_cast<gint>(std::chrono::ceil<Milliseconds>(time).count()));
}

struct WatchOptions {
  Seconds every{2};
  std::optional<Seconds> length{};  // nothing = until it is ended
  bool once = false;
};

Result<WatchOptions> read_watch(const Options &options) {
  WatchOptions watch;
  watch.once = options.flags.contains("--once");
  if (options.has("--every")) {
    const auto every = parse_duration(options.value("--every"));
    if (!every || *every < Seconds(1) || *every > std::chrono::hours(24))
      return Error{Errc::invalid_argument, "--every: expected a duration from 1s to 24h"};
    watch.every = *every;
  }
  if (options.has("--for")) {
    watch.length = parse_duration(options.value("--for"));
    if (!watch.length || *watch.length > std::chrono::days(366))
      return Error{Errc::invalid_argument, "--for: expected a duration like 30s or 2h"};
  }
  return watch;
}

// One look after the other: only together they have rates.
class Looks {
 public:
  explicit Looks(const Options &options) : options_(options) {}

  Result<RunningRecordings> look(Catalogue &catalogue) {
    REC_TRY(RunningRecordings running, running_recordings(catalogue));
    std::erase_if(running.recordings, [this](const RunningRecording &one) { return !is_wanted(one); });
    std::map<std::int64_t, LiveRate> rates;  // of those that are still there
    for (const RunningRecording &one : running.recordings) {
      LiveRate &rate = rates[one.recording.id] = rates_[one.recording.id];
      rate.add(one.recording.started, one.last_media(), one.bytes());
    }
    rates_ = std::move(rates);
    return running;
  }
  double rate(const RunningRecording &one, UtcTime now) const {
    const bool is_live = one.recording.state == RecordingState::recording && now - one.last_media() < kSilent;
    const auto found = rates_.find(one.recording.id);
    return is_live && found != rates_.end() ? found->second.bits_per_second() : 0;
  }

 private:
  bool is_wanted(const RunningRecording &one) const {
    const PushIdentity &push = one.recording.push;
    return push.domain == options_.value("--domain", push.domain) &&
           push.app == options_.value("--app", push.app) &&
           push.stream == options_.value("--stream", push.stream) &&
           one.recording.template_name == options_.value("--template", one.recording.template_name);
  }

  const Options &options_;
  std::map<std::int64_t, LiveRate> rates_;
};

std::string rate_text(double bits_per_second) {
  char text[40];
  if (bits_per_second >= 1e6)
    std::snprintf(text, sizeof text, "%.2f Mbit/s", bits_per_second / 1e6);
  else
    std::snprintf(text, sizeof text, "%.0f kbit/s", bits_per_second / 1e3);
  return text;
}

std::string state_text(const RunningRecording &one, UtcTime now) {
  if (one.recording.state == RecordingState::paused) return "paused";
  const Nanoseconds silent = now - one.last_media();
  return silent < kSilent || !one.progress.last_media ? "recording" : "no media for " + length_text(silent);
}

// "12 (hls before-keyframe 10, flv too-short 2)"
std::string drops_text(const RunningRecording &one) {
  std::string text;
  for (const auto &[drop, frames] : one.progress.counted.drops)
    text += (text.empty() ? "" : ", ") + (drop.first.empty() ? "" : drop.first + " ") + drop.second + " " +
            std::to_string(frames);
  return std::to_string(one.lost_frames()) + (text.empty() ? "" : " (" + text + ")");
}

std::string gaps_text(const RunningRecording &one) {
  std::string text;
  for (const auto &[reason, sum] : one.progress.gaps) text += (text.empty() ? "" : ", ") + reason;
  const GapSum all = one.all_gaps();
  if (all.gaps == 0) return "0";
  char length[40];
  std::snprintf(length, sizeof length, " of %.1f s", std::chrono::duration<double>(all.length).count());
  return std::to_string(all.gaps) + length + " (" + text + ")";
}

std::string owed_text(const OwedSum &owed, UtcTime now) {
  std::string text = std::to_string(owed.uploads) + " uploads";
  if (owed.uploads > 0) text += " of " + size_text(owed.upload_bytes);
  if (owed.oldest_upload) text += " for " + length_text(std::max<Nanoseconds>(now - *owed.oldest_upload, {}));
  text += ", " + std::to_string(owed.callbacks) + " callbacks";
  return owed.failing > 0 ? text + ", " + std::to_string(owed.failing) + " failing" : text;
}

// So many columns of the terminal; what is longer is cut.
std::string in_columns(const std::string &text, glong width) {
  const std::string shown = printable(text);
  const glong length = g_utf8_strlen(shown.c_str(), -1);
  if (length <= width) return shown + std::string(static_cast<std::size_t>(width - length), ' ');
  const char *end = g_utf8_offset_to_pointer(shown.c_str(), width - 1);
  return std::string(shown.c_str(), end) + "~";
}

void print_row(const std::vector<std::string> &cells) {
  constexpr glong kWidths[] = {32, 22, 12, 10, 10, 8, 8, 12, 9};
  std::string row;
  for (std::size_t i = 0; i < cells.size() && i < std::size(kWidths); ++i)
    row += in_columns(cells[i], kWidths[i]) + "  ";
  std::puts(row.c_str());
}

void print_table(const Looks &looks, const RunningRecordings &now) {
  std::fputs(kClearScreen, stdout);
  print_row({"stream", "state", "bit rate", "length", "size", "dropped", "gaps", "uploads", "callbacks"});
  for (const RunningRecording &one : now.recordings) {
    print_row({stream_text(one.recording.push), state_text(one, now.at), rate_text(looks.rate(one, now.at)),
               length_text(now.at - one.recording.started), size_text(one.bytes()),
               std::to_string(one.lost_frames()), std::to_string(one.all_gaps().gaps),
               std::to_string(one.owed.uploads), std::to_string(one.owed.callbacks)});
    if (!one.progress.counted.drops.empty()) std::printf("  dropped: %s\n", drops_text(one).c_str());
    if (!one.progress.gaps.empty()) std::printf("  gaps: %s\n", gaps_text(one).c_str());
  }
  std::printf("\n%s: %zu being recorded; owed in all: %s\n", time_text(now.at).c_str(), now.recordings.size(),
              owed_text(now.owed, now.at).c_str());
}

void print_lines(const Looks &looks, const RunningRecordings &now) {
  const std::string time = time_text(now.at);
  for (const RunningRecording &one : now.recordings)
    print_line(time, "  " + one.recording.session_id + "  " + stream_text(one.recording.push) + "  " +
                         state_text(one, now.at) + ", " + rate_text(looks.rate(one, now.at)) + ", " +
                         length_text(now.at - one.recording.started) + ", " + size_text(one.bytes()) +
                         ", dropped " + drops_text(one) + ", gaps " + gaps_text(one) + ", owed " +
                         owed_text(one.owed, now.at));
  print_line(time,
             (now.recordings.empty() ? "  nothing is being recorded; owed in all: " : "  owed in all: ") +
                 owed_text(now.owed, now.at));
}

void print_json(const Looks &looks, const RunningRecordings &now) {
  std::vector<JsonObjectWriter> recordings;
  for (const RunningRecording &one : now.recordings) {
    const Recording &r = one.recording;
    JsonObjectWriter json;
    json.text("session_id", r.session_id);
    add_push(json, r.push)
        .text("template", r.template_name)
        .text("content", r.content)
        .text("state", name_of(r.state))
        .text("start", time_text(r.started))
        .real("seconds", std::chrono::duration<double>(now.at - r.started).count())
        .number("bits_per_second", static_cast<std::int64_t>(looks.rate(one, now.at)))
        .number("lost_frames", static_cast<std::int64_t>(one.lost_frames()))
        .object("progress", json_of(one.progress))
        .object("owed", json_of(one.owed));
    recordings.push_back(std::move(json));
  }
  JsonObjectWriter json;
  json.text("time", time_text(now.at)).objects("recordings", std::move(recordings));
  std::puts(json.object("owed", json_of(now.owed)).to_string().c_str());
}

Status run(const Options &options, const WatchOptions &watch) {
  const SystemClock clock;
  REC_TRY(auto catalogue, open_existing(options, clock));
  const bool is_terminal = !options.json() && !watch.once && ::isatty(STDOUT_FILENO) == 1;
  const Nanoseconds began = clock.monotonic();
  Looks looks(options);
  for (;;) {
    REC_TRY(const RunningRecordings now, looks.look(catalogue));
    if (options.json())
      print_json(looks, now);
    else if (is_terminal)
      print_table(looks, now);
    else
      print_lines(looks, now);
    std::fflush(stdout);
    const Nanoseconds passed = clock.monotonic() - began;
    if (watch.once || (watch.length && passed >= *watch.length)) return ok();
    pause(watch.length ? std::min<Nanoseconds>(watch.every, *watch.length - passed) : watch.every);
  }
}

}  // namespace

int watch(const std::vector<std::string> &arguments) {
  const Command &command = command_named("watch");
  const auto options = read_options(
      arguments, {"--domain", "--app", "--stream", "--template", "--every", "--for", "--catalogue"},
      {"--once", "--json"}, 0);
  if (!options) return usage_error(command, options.error().message);
  const auto watch = read_watch(*options);
  if (!watch) return usage_error(command, watch.error().message);
  const Status done = run(*options, *watch);
  return done ? kDone : failed("watch", done.error());
}

}  // namespace rec::tool
