// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/disk/trail_file.h"

#include <unistd.h>

#include <algorithm>
#include <span>
#include <utility>

namespace rec {

std::string TrailFile::path_of(const std::string &playlist) {
  const auto slash = playlist.rfind('/');
  const auto name = slash == std::string::npos ? 0 : slash + 1;
  return playlist.substr(0, name) + "." + playlist.substr(name) + ".trail";
}

Trail TrailFile::read(const std::string &playlist) {
  const auto file = DiskFile::take(path_of(playlist));
  if (!file) return {};
  const auto size = file->size();
  if (!size) return {};
  std::string bytes(std::min<std::uint64_t>(*size, Trail::kMostBytes), '\0');
  if (!file->read(0, {reinterpret_cast<std::uint8_t *>(bytes.data()), bytes.size()})) return {};
  return Trail::from_records(bytes);
}

void TrailFile::remove(const std::string &playlist) { unlink(path_of(playlist).c_str()); }

Result<TrailFile> TrailFile::create(const std::string &playlist, const Trail &trail) {
  remove(playlist);
  REC_TRY(DiskFile disk, DiskFile::create(path_of(playlist)));
  TrailFile file(std::move(disk));
  REC_CHECK(file.append(trail.records(), trail));
  return file;
}

Status TrailFile::append(std::string_view records, const Trail &trail) {
  if (size_ + records.size() <= Trail::kMostBytes) {
    REC_CHECK(file_.write(size_, records));
    size_ += records.size();
    return ok();
  }
  const std::string kept = trail.records();
  REC_CHECK(file_.truncate(0));
  REC_CHECK(file_.write(0, kept));
  size_ = kept.size();
  return ok();
}

}  // namespace rec
