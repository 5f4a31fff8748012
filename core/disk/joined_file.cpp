// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/disk/joined_file.h"

#include <algorithm>
#include <optional>

#include "core/disk/repaired_file.h"
#include "core/model/flv_join.h"
#include "core/model/mp4_join.h"

namespace rec {
namespace {

constexpr std::uint64_t kBurst = std::uint64_t{8} << 20;

struct Parts {
  std::vector<DiskFile> files;
  std::vector<ByteSource> sources;  // of the files
};

Status check(const std::function<bool()> &is_cancelled) {
  if (is_cancelled && is_cancelled()) return Error{Errc::cancelled, "joining was stopped"};
  return ok();
}

// Appends in bursts.
class Appender {
 public:
  Appender(DiskFile &to, const std::function<bool()> &is_cancelled) : to_(to), is_cancelled_(is_cancelled) {}

  Status append(std::string_view bytes) {
    gathered_.append(bytes);
    return gathered_.size() < kBurst ? ok() : flush();
  }
  Status flush() {
    REC_CHECK(check(is_cancelled_));
    REC_CHECK(to_.write(at_, gathered_));
    at_ += gathered_.size();
    gathered_.clear();
    return ok();
  }
  Status copy(const DiskFile &from, std::uint64_t begin, std::uint64_t bytes) {
    while (bytes > 0) {
      REC_CHECK(check(is_cancelled_));
      const std::uint64_t burst = std::min(bytes, kBurst);
      REC_CHECK(to_.copy(from, begin, burst, at_));
      at_ += burst;
      begin += burst;
      bytes -= burst;
    }
    return ok();
  }

 private:
  DiskFile &to_;
  const std::function<bool()> &is_cancelled_;
  std::string gathered_;
  std::uint64_t at_ = 0;
};

// Why `media` must not be written.
std::optional<Error> why_not(const JoinedMedia &media, JoinWhat what) {
  const bool enough = what == JoinWhat::what_fits && media.parts >= 2;
  return enough ? std::nullopt : media.left_out;
}

Result<JoinedMedia> join_flv(const Parts &parts, JoinWhat what, Appender &to) {
  REC_TRY(const FlvJoin join, plan_flv_join(parts.sources));
  if (auto error = why_not(join.media, what)) return *std::move(error);
  REC_CHECK(to.append(join.head));
  REC_CHECK(write_flv_join(join, parts.sources, [&](std::string_view bytes) { return to.append(bytes); }));
  REC_CHECK(to.flush());
  return join.media;
}

Result<JoinedMedia> join_mp4(const Parts &parts, JoinWhat what, Appender &to) {
  REC_TRY(const Mp4Join join, plan_mp4_join(parts.sources));
  if (auto error = why_not(join.media, what)) return *std::move(error);
  REC_CHECK(to.append(join.head));
  REC_CHECK(to.flush());
  for (const Mp4Join::Piece &piece : join.pieces)
    REC_CHECK(to.copy(parts.files[piece.part], piece.begin, piece.bytes));
  return join.media;
}

// Those from the first on that can be opened.
Result<Parts> open_parts(const std::vector<std::string> &paths, JoinWhat what) {
  Parts parts;
  parts.files.reserve(paths.size());  // the sources refer to them
  for (const std::string &path : paths) {
    auto file = DiskFile::open_to_read(path);
    if (!file && what == JoinWhat::what_fits && !parts.files.empty()) break;
    if (!file) return file.error();
    parts.files.push_back(*std::move(file));
    REC_TRY(ByteSource source, source_of(parts.files.back()));
    parts.sources.push_back(std::move(source));
  }
  return parts;
}

}  // namespace

bool can_be_joined(Format format) { return format == Format::flv || format == Format::mp4; }

Result<JoinedMedia> join_files(Format format, const std::vector<std::string> &paths, JoinWhat what,
                               DiskFile &to, const std::function<bool()> &is_cancelled) {
  if (!can_be_joined(format))
    return Error{Errc::invalid_argument,
                 "files of format " + std::string(name_of(format)) + " cannot be joined"};
  REC_TRY(const Parts parts, open_parts(paths, what));
  if (what == JoinWhat::what_fits && parts.files.size() < 2)
    return Error{Errc::not_found, "there are no two files to be joined"};
  Appender appender(to, is_cancelled);
  auto joined = format == Format::flv ? join_flv(parts, what, appender) : join_mp4(parts, what, appender);
  if (!joined) return joined;
  REC_CHECK(to.sync());
  return joined;
}

}  // namespace rec
