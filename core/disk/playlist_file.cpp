// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/disk/playlist_file.h"

#include <glib.h>

#include <span>

#include "core/base/glib_ptr.h"
#include "core/model/media_playlist.h"

namespace rec {
namespace {

// What the kernel adds to a file at once for readers: it copies a write page by page, and moves the file's
// end after each. The smallest page there is; larger ones are multiples of it.
constexpr std::uint64_t kPage = 4096;

// A comment of exactly so many bytes, at least one.
std::string filler(std::uint64_t bytes) {
  if (bytes == 1) return "\n";
  return "#" + std::string(bytes - 2, '-') + "\n";
}

Status fill(DiskFile &file, std::string_view text) {
  REC_CHECK(file.write(0, text));
  return file.sync();
}

}  // namespace

Result<PlaylistFile> PlaylistFile::create(const std::string &path, std::string_view text) {
  REC_TRY(const std::string name, write_new_file(path, text));
  return take(name);
}

Result<PlaylistFile> PlaylistFile::take(const std::string &path) {
  REC_TRY(DiskFile file, DiskFile::take(path));
  REC_TRY(const std::uint64_t size, file.size());
  return PlaylistFile(std::move(file), size);
}

void PlaylistFile::let_go() {
  if (!file_) return;
  if (const auto now = file_->size()) there_ = *now;
  file_.reset();
}

Status PlaylistFile::hold() {
  if (file_) return ok();
  REC_TRY(PlaylistFile again, take(path_));
  if (again.size_ != there_) return Error{Errc::exists, "somebody else has gone on writing '" + path_ + "'"};
  file_ = std::move(again.file_);
  return ok();
}

Result<std::string> PlaylistFile::read() {
  REC_CHECK(hold());
  if (size_ > kMaxPlaylistBytes) return Error{Errc::corrupt, "'" + path_ + "' is too large"};
  std::string text(size_, '\0');
  if (!file_->read(0, {reinterpret_cast<std::uint8_t *>(text.data()), text.size()}))
    return Error{Errc::unavailable, "'" + path_ + "' cannot be read"};
  return text;
}

Status PlaylistFile::append(std::string_view lines) {
  if (lines.empty()) return ok();
  REC_CHECK(hold());
  if (lines.size() > kPage || !file_->has_its_name()) {
    REC_TRY(const std::string before, read());
    return replace(before + std::string(lines));
  }
  REC_TRY(const std::uint64_t there, file_->size());
  if (there != size_) REC_CHECK(file_->truncate(size_));
  const std::uint64_t left = kPage - size_ % kPage;
  const std::string text = (lines.size() > left ? filler(left) : "") + std::string(lines);
  // A full disk shows here, before there is half a line.
  Status written = file_->reserve(size_ + text.size());
  if (written) written = file_->write(size_, text);
  if (written) written = file_->sync_data();
  if (written)
    size_ += text.size();
  else
    (void)file_->truncate(size_);  // else before the next append
  return written;
}

Status PlaylistFile::replace(std::string_view text) {
  REC_CHECK(hold());
  if (!file_->has_its_name() && g_file_test(path_.c_str(), G_FILE_TEST_EXISTS))
    return Error{Errc::exists, "somebody else has put another file in the place of '" + path_ + "'"};
  REC_TRY(DiskFile next, DiskFile::create_or_take(part_path(path_)));  // nobody else's: we hold the playlist
  Status replaced = fill(next, text);
  if (replaced) replaced = next.replace(*file_);
  if (!replaced) {
    next.discard();
    return replaced;
  }
  file_ = std::move(next);
  size_ = text.size();
  return sync_folder_of(path_);
}

}  // namespace rec
