// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/recovered_file.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <system_error>

#include "core/disk/repaired_file.h"
#include "core/io/files.h"
#include "core/model/name_pattern.h"

namespace rec {
namespace {
namespace fs = std::filesystem;

Result<Repair> plan(const std::string &path, Format format) {
  REC_TRY(const FileFacts facts, file_facts(path));
  REC_TRY(const RandomAccessFile file, RandomAccessFile::open(path));
  const ByteSource source{.size = facts.size_bytes,
                          .read = [&file](std::uint64_t offset, auto out) { return file.read(offset, out); }};
  auto repair = plan_repair(format, source);
  if (!repair) return Error{repair.error().code, path + ": " + repair.error().message};
  return repair;
}

// True when `name` is what the last part of `pattern` may have become: {...} stands for any text without '/',
// and "-<n>" may have been put before the extension because the name was taken.
bool may_be_named(std::string_view name, std::string_view pattern) {
  const std::size_t open = pattern.find('{');
  if (open == std::string_view::npos) {
    const std::size_t dot = std::min(pattern.rfind('.'), pattern.size());
    if (!name.starts_with(pattern.substr(0, dot)) || !name.ends_with(pattern.substr(dot))) return false;
    if (name.size() < pattern.size()) return false;
    const std::string_view added = name.substr(dot, name.size() - pattern.size());
    return added.empty() || (added.size() > 1 && added[0] == '-' &&
                             added.find_first_not_of("0123456789", 1) == std::string_view::npos);
  }
  const std::size_t close = pattern.find('}', open);
  if (close == std::string_view::npos || !name.starts_with(pattern.substr(0, open))) return false;
  for (std::size_t skip = open; skip <= name.size(); ++skip)
    if (may_be_named(name.substr(skip), pattern.substr(close + 1))) return true;
  return false;
}

// Death between the rename and the row: the file has its final name, but that may hold an unknown end time.
std::optional<std::string> find_renamed(const StoredFile &file, const std::vector<StoredFile> &siblings) {
  const fs::path pattern(file.location_pattern);
  std::optional<std::string> newest;
  std::optional<UtcTime> newest_time;
  std::error_code e;
  for (const auto &entry : fs::directory_iterator(pattern.parent_path(), e)) {
    const std::string path = entry.path().string();
    if (!may_be_named(entry.path().filename().string(), pattern.filename().string())) continue;
    const bool is_known = std::any_of(siblings.begin(), siblings.end(), [&](const StoredFile &s) {
      return s.state == FileState::closed && s.facts.path == path;
    });
    const auto facts = file_facts(path);
    if (is_known || !facts || facts->modified < file.facts.started) continue;
    if (newest_time && *newest_time >= facts->modified) continue;
    newest = path;
    newest_time = facts->modified;
  }
  return newest;
}

ClosedFile closed_form(const StoredFile &open_file, const Repair &repair) {
  ClosedFile closed = open_file.facts;
  closed.repaired = true;
  // Not the time of the last write: that is changed by the repair, which may itself be interrupted.
  closed.ended = closed.started + std::chrono::duration_cast<std::chrono::microseconds>(repair.duration);
  closed.duration = repair.duration;
  closed.size_bytes = repair.size();
  closed.video_codec = repair.video_codec;
  closed.width = repair.width;
  closed.height = repair.height;
  closed.audio_codec = repair.audio_codec;
  closed.video_frames = repair.video_frames;
  closed.audio_frames = repair.audio_frames;
  return closed;
}

}  // namespace

Result<ClosedFile> foreign_file(const StoredFile &open_file, UtcTime ended) {
  const std::string &path = open_file.facts.temp_path;
  REC_TRY(const FileFacts facts, file_facts(path));
  if (facts.size_bytes == 0) return Error{Errc::corrupt, path + " is empty"};
  REC_CHECK(sync_file(path));
  ClosedFile closed = open_file.facts;
  if (open_file.format == Format::other) {
    closed.duration = ended - closed.started;
  } else {
    REC_TRY(const Repair whole, plan(path, open_file.format));
    closed = closed_form(open_file, whole);
  }
  closed.ended = ended;
  closed.size_bytes = facts.size_bytes;
  closed.path = path;
  return closed;
}

Result<ClosedFile> recover_file(const StoredFile &open_file, const std::vector<StoredFile> &siblings) {
  const std::string &temp = open_file.facts.temp_path;
  // Of an element that is not ours: it has its name already.
  const bool is_foreign = temp == open_file.location_pattern;
  if (is_foreign && open_file.format == Format::other) {
    REC_TRY(const FileFacts facts, file_facts(temp));
    return foreign_file(open_file, std::max(facts.modified, open_file.facts.started));
  }
  auto file = DiskFile::take(temp);
  if (!file && file.error().code == Errc::not_found && !is_foreign) {
    const auto renamed = find_renamed(open_file, siblings);
    if (!renamed) return file.error();
    REC_TRY(const Repair whole, plan(*renamed, open_file.format));
    ClosedFile closed = closed_form(open_file, whole);
    REC_TRY(const FileFacts facts, file_facts(*renamed));
    closed.size_bytes = facts.size_bytes;
    closed.path = *renamed;
    return closed;
  }
  if (!file) return file.error();
  const auto repair = repair_file(open_file.format, *file);
  if (!repair) return repair.error();
  REC_CHECK(file->sync());
  ClosedFile closed = closed_form(open_file, *repair);
  if (is_foreign) {
    closed.path = temp;
    return closed;
  }
  REC_TRY(const std::string wanted, end_name(open_file.location_pattern, closed.ended, open_file.utc_offset));
  REC_TRY(closed.path, file->publish(wanted, true));
  return closed;
}

}  // namespace rec
