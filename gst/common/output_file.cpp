// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/common/output_file.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "core/disk/repaired_file.h"

namespace rec {
namespace {

constexpr std::size_t kMostBuffers = 512;  // below IOV_MAX
constexpr std::uint64_t kCopied =
    1024;  // bytes: a buffer up to this is cheaper to copy than to keep and to map
constexpr std::uint64_t kEnoughBytes = std::uint64_t{256} * 1024;
constexpr std::chrono::milliseconds kLongest{200};

}  // namespace

Status replace_file(const std::string &path, const std::string &text) {
  REC_CHECK(make_directories_for(path));
  ErrorOut e;
  // CONSISTENT | DURABLE: a temporary file, fsynced, renamed over the old one.
  if (!g_file_set_contents_full(
          path.c_str(), text.data(), static_cast<gssize>(text.size()),
          static_cast<GFileSetContentsFlags>(G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_DURABLE),
          0666, e.out()))
    return Error{Errc::unavailable, std::string("writing '") + path + "': " + e->message};
  return ok();
}

Result<OutputFile> OutputFile::create(const std::string &path, Durability durability) {
  REC_CHECK(make_directories_for(path));
  REC_TRY(DiskFile disk, DiskFile::create(path));
  return OutputFile(std::move(disk), durability);
}

Status OutputFile::append(Ref<GstBuffer> buffer) {
  const std::uint64_t bytes = gst_buffer_get_size(buffer.get());
  if (offset_ + bytes <= size_) {
    patches_.push_back({std::exchange(offset_, offset_ + bytes), std::move(buffer)});
    return ok();
  }
  const auto now = std::chrono::steady_clock::now();
  if (gathered_.empty()) gathered_since_ = now;
  gathered_bytes_ += bytes;
  offset_ += bytes;
  size_ = offset_;
  gather(std::move(buffer), bytes);
  if (!patches_.empty()) {  // the end of a fragment: a killed process should not lose it
    if (first_patched_end_ == 0) first_patched_end_ = size_;
    return flush();
  }
  if (++gathered_buffers_ >= kMostBuffers || gathered_bytes_ >= kEnoughBytes ||
      now - gathered_since_ >= kLongest)
    return flush();
  return ok();
}

// mpegtsmux gives a buffer for each packet of 188 bytes.
void OutputFile::gather(Ref<GstBuffer> buffer, std::uint64_t bytes) {
  if (bytes == 0) return;
  if (bytes > kCopied) return gathered_.push_back({std::move(buffer), 0, 0});
  const std::size_t at = copied_.size();
  copied_.resize(at + bytes);
  gst_buffer_extract(buffer.get(), 0, copied_.data() + at, bytes);
  if (gathered_.empty() || gathered_.back().buffer)
    gathered_.push_back({{}, at, bytes});
  else
    gathered_.back().size += bytes;
}

Status OutputFile::seek(std::uint64_t offset) {
  if (!gathered_.empty()) REC_CHECK(flush());
  offset_ = offset;
  return ok();
}

Status OutputFile::flush() {
  if (gathered_.empty()) return ok();
  std::vector<std::unique_ptr<MappedBuffer>> maps;
  std::vector<iovec> pieces;
  maps.reserve(gathered_.size());
  pieces.reserve(gathered_.size());
  for (const Piece &piece : gathered_) {
    if (!piece.buffer) {
      pieces.push_back({copied_.data() + piece.at, piece.size});
      continue;
    }
    auto map = std::make_unique<MappedBuffer>(piece.buffer.get());
    if (!*map) return Error{Errc::unavailable, "mapping a buffer for '" + path() + "' failed"};
    pieces.push_back({const_cast<guint8 *>(map->data()), map->size()});
    maps.push_back(std::move(map));
  }
  const std::uint64_t at = offset_ - std::exchange(gathered_bytes_, 0);
  unsynced_ = true;
  Status written = disk_.write(at, std::move(pieces));
  maps.clear();
  gathered_.clear();
  copied_.clear();
  gathered_buffers_ = 0;
  if (!written || patches_.empty()) return written;
  REC_CHECK(write_patches(head_end_));
  head_end_ = first_patched_end_;
  return ok();
}

// Those at or behind `from`, the first place first: mp4mux hides its first moov before it says, in a place
// before, that there is another.
Status OutputFile::write_patches(std::uint64_t from) {
  std::stable_sort(patches_.begin(), patches_.end(),
                   [](const Patch &a, const Patch &b) { return a.offset < b.offset; });
  for (const Patch &patch : patches_) {
    if (patch.offset < from) continue;
    const MappedBuffer map(patch.buffer.get());
    if (!map) return Error{Errc::unavailable, "mapping a buffer for '" + path() + "' failed"};
    REC_CHECK(disk_.write(patch.offset, {reinterpret_cast<const char *>(map.data()), map.size()}));
  }
  std::erase_if(patches_, [&](const Patch &patch) { return patch.offset >= from; });
  return ok();
}

Status OutputFile::reserve(std::uint64_t bytes) {
  reserved_ = true;
  return disk_.reserve(bytes);
}

Status OutputFile::tick() {
  if (std::chrono::steady_clock::now() - gathered_since_ >= kLongest) REC_CHECK(flush());
  if (durability_ != Durability::interval || !unsynced_) return ok();
  REC_CHECK(flush());
  REC_CHECK(disk_.sync_data());
  unsynced_ = false;
  return ok();
}

DiskFile &OutputFile::settled() {
  gathered_.clear();
  copied_.clear();
  gathered_buffers_ = 0;
  patches_.clear();
  gathered_bytes_ = 0;
  return disk_;
}

Status OutputFile::settle() {
  REC_CHECK(flush());
  if (std::exchange(reserved_, false)) REC_CHECK(disk_.truncate(size_));
  if (durability_ != Durability::none && !patches_.empty()) REC_CHECK(disk_.sync_data());
  return write_patches(0);
}

Status OutputFile::make_plain() {
  REC_CHECK(settle());
  REC_TRY(const Repair repair, complete_file(Format::mp4, disk_, durability_ != Durability::none));
  size_ = offset_ = repair.size();
  return ok();
}

Status OutputFile::move_index_to_front() {
  REC_CHECK(settle());
  return rec::move_index_to_front(disk_);
}

Result<std::string> OutputFile::finish(const std::string &final_path) {
  REC_CHECK(settle());
  const bool durable = durability_ != Durability::none;
  if (durable) REC_CHECK(disk_.sync());
  return disk_.publish(final_path, durable);
}

void OutputFile::discard() {
  settled();
  disk_.discard();
}

}  // namespace rec
