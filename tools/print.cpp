// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tools/print.h"

#include <algorithm>
#include <cstdio>

#include "core/base/glib_ptr.h"
#include "core/io/iso_time.h"
#include "core/service/recording_quality.h"
#include "tools/commands.h"

namespace rec::tool {
namespace {

double seconds_of(Nanoseconds duration) { return std::chrono::duration<double>(duration).count(); }

void print_file(const StoredFile &file, const std::string &stored) {
  std::string text = std::string(name_of(file.format)) + " " + std::string(name_of(file.state));
  if (file.state == FileState::closed && file.part == PartState::waits) text += ", to be joined:";
  if (file.state == FileState::closed || file.state == FileState::expired) {
    char duration[32];
    std::snprintf(duration, sizeof duration, " %.3f s ", seconds_of(file.facts.duration));
    text += duration + size_text(file.facts.size_bytes) + " " + file.facts.path;
    if (file.removed) text += ", deleted here " + time_text(*file.removed);
  } else {
    text += " " + (file.facts.path.empty() ? file.facts.temp_path : file.facts.path);
  }
  print_line("  file", text);
  if (!stored.empty()) print_line("  " + stored, file.url);
  if (!file.error.empty()) print_line("  error", file.error);
}

std::string state_text(const Recording &r) {
  std::string text = std::string(name_of(r.state)) + ", started " + time_text(r.started);
  if (r.state == RecordingState::paused && r.resume_until)
    text += ", may be resumed until " + time_text(*r.resume_until);
  if (r.ended) text += ", ended " + time_text(*r.ended);
  if (r.hold) text += ", under legal hold";
  if (r.removal == Removal::under_way) text += ", is being deleted";
  if (!r.expired_formats.empty()) text += ", without " + r.expired_formats + ", whose time is over";
  if (r.removal == Removal::done) text += ", its files are deleted";
  return text;
}

void print_owed(const OwedSummary &owed) {
  print_line("  owed", std::to_string(owed.count) + " " + std::string(name_of(owed.target.kind)) +
                           (owed.count == 1 ? " to " : "s to ") + owed.target.name +
                           (owed.attempts > 0 ? ", failed " + std::to_string(owed.attempts) + " times" : "") +
                           ", next attempt " + time_text(owed.next_attempt));
  if (!owed.last_error.empty()) print_line("  error", owed.last_error);
}

}  // namespace

std::string stream_text(const PushIdentity &push) { return push.domain + "/" + push.app + "/" + push.stream; }

std::string size_text(std::uint64_t bytes) { return CString(g_format_size(bytes)).get(); }

std::string length_text(Nanoseconds duration) {
  const long long s = std::chrono::floor<Seconds>(duration).count();
  char text[48];
  if (s < 60)
    std::snprintf(text, sizeof text, "%lld s", s);
  else if (s < 3600)
    std::snprintf(text, sizeof text, "%lld:%02lld min", s / 60, s % 60);
  else
    std::snprintf(text, sizeof text, "%lld:%02lld:%02lld h", s / 3600, s / 60 % 60, s % 60);
  return text;
}

void print_view(const RecordingView &view) {
  const Recording &r = view.recording;
  print_line(r.session_id, "  " + stream_text(r.push) + " by template \"" + r.template_name + "\"");
  if (r.source != RecordingSource::push) print_line("  made as", std::string(name_of(r.source)));
  if (!r.task.empty()) print_line("  task", r.task);
  if (r.content != "origin") print_line("  content", r.content);
  print_line("  state", state_text(r));
  if (r.expires) print_line("  expires", time_text(*r.expires));
  if (const std::string quality = quality_text(r.quality); !quality.empty()) print_line("  quality", quality);
  for (const StoredFile &file : view.files) print_file(file, view.stored_as(file));
  for (const OwedSummary &owed : view.owed) print_owed(owed);
}

std::string timeline_bar(const std::vector<TimelineSpan> &timeline, std::size_t width) {
  std::string bar(width, '.');
  if (timeline.empty() || width == 0) return bar;
  const UtcTime first = timeline.front().start;
  const double whole = static_cast<double>((timeline.back().end - first).count());
  const auto place = [&](UtcTime t) {
    return std::min(width - 1, static_cast<std::size_t>(static_cast<double>((t - first).count()) / whole *
                                                        static_cast<double>(width)));
  };
  SpanKind before = SpanKind::gap;
  for (const TimelineSpan &span : timeline) {
    const std::size_t from = place(span.start);
    const bool is_splice = span.kind == SpanKind::media && before == SpanKind::media;
    const std::size_t to = std::max(from + 1, span.end == timeline.back().end ? width : place(span.end));
    std::fill(bar.begin() + static_cast<std::ptrdiff_t>(from), bar.begin() + static_cast<std::ptrdiff_t>(to),
              span.kind == SpanKind::media ? '#' : '.');
    if (is_splice) bar[from] = '|';
    before = span.kind;
  }
  return bar;
}

}  // namespace rec::tool
