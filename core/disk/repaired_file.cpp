// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/disk/repaired_file.h"

#include "core/model/mp4_front.h"

namespace rec {
namespace {

// The new end, before anything points to it; then what makes use of it. False when there is none that could
// be used.
bool complete(const Repair &repair, DiskFile &file, bool durable) {
  if (!repair.tail.empty()) {
    if (!file.write(repair.keep_bytes, repair.tail)) return false;
    if (durable && !file.sync()) return false;
  }
  for (const Repair::Patch &patch : repair.patches)
    if (!file.write(patch.offset, patch.bytes)) return &patch != &repair.patches.front();
  return true;
}

// A byte that the disk does not give now is none that is missing.
Result<Repair> plan(Format format, const DiskFile &file) {
  REC_TRY(const std::uint64_t size, file.size());
  bool unread = false;
  const ByteSource source{.size = size, .read = [&](std::uint64_t offset, std::span<std::uint8_t> out) {
                            const bool is_there = offset <= size && out.size() <= size - offset;
                            const bool is_read = is_there && file.read(offset, out);
                            unread = unread || (is_there && !is_read);
                            return is_read;
                          }};
  auto repair = plan_repair(format, source);
  if (unread) return Error{Errc::unavailable, "'" + file.path() + "' cannot be read; it is left as it is"};
  if (!repair) return Error{repair.error().code, "'" + file.path() + "': " + repair.error().message};
  return repair;
}

Result<Repair> carry_out(Repair repair, DiskFile &file, bool durable) {
  REC_CHECK(file.truncate(repair.keep_bytes));
  if (complete(repair, file, durable)) return repair;
  repair.tail.clear();
  repair.patches.clear();
  REC_CHECK(file.truncate(repair.keep_bytes));
  return repair;
}

Status write_front(DiskFile &front, const DiskFile &file, const Mp4Front &plan) {
  REC_CHECK(front.copy(file, 0, plan.head_bytes, 0));
  REC_CHECK(front.write(plan.head_bytes, plan.moov));
  REC_CHECK(front.copy(file, plan.head_bytes, plan.media_bytes, plan.head_bytes + plan.moov.size()));
  return front.sync();
}

}  // namespace

Result<ByteSource> source_of(const DiskFile &file) {
  REC_TRY(const std::uint64_t size, file.size());
  return ByteSource{.size = size,
                    .read = [&file](std::uint64_t offset, auto out) { return file.read(offset, out); }};
}

Result<Repair> repair_file(Format format, DiskFile &file) {
  REC_TRY(Repair repair, plan(format, file));
  return carry_out(std::move(repair), file, true);
}

Result<Repair> complete_file(Format format, DiskFile &file, bool durable) {
  REC_TRY(Repair repair, plan(format, file));
  REC_TRY(const std::uint64_t size, file.size());
  if (repair.keep_bytes != size)
    return Error{Errc::corrupt, "'" + file.path() + "': what is in it was not understood from byte " +
                                    std::to_string(repair.keep_bytes) + " on"};
  return carry_out(std::move(repair), file, durable);
}

Status move_index_to_front(DiskFile &file) {
  REC_TRY(const ByteSource source, source_of(file));
  REC_TRY(const auto plan, plan_mp4_front(source));
  if (!plan) return ok();
  auto created = DiskFile::create(file.path() + ".front");
  if (!created && created.error().code == Errc::exists)  // of a dead process
    created = DiskFile::take(file.path() + ".front");
  REC_TRY(DiskFile front, std::move(created));
  REC_CHECK(front.truncate(0));
  Status written = write_front(front, file, *plan);
  if (written) written = front.replace(file);
  if (!written) {
    front.discard();
    return written;
  }
  file = std::move(front);
  return ok();
}

}  // namespace rec
