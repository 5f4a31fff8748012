// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/disk/joined_file.h"

#include <algorithm>
#include <memory>
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

// Files that are one when they lie one behind the other.
class Row {
 public:
  static Result<Row> open(const FileRange &range) {
    Row row;
    row.bring_ = range.bring;
    for (const std::string &path : range.paths) {
      REC_TRY(DiskFile file, DiskFile::open_to_read(path));
      REC_TRY(const std::uint64_t bytes, file.size());
      row.files_.push_back({row.bytes_, bytes, std::move(file)});
      row.bytes_ += bytes;
    }
    return row;
  }

  // Refers to this.
  ByteSource source() const {
    return {bytes_, [this](std::uint64_t at, std::span<std::uint8_t> out) {
              return static_cast<bool>(
                  each_piece(at, out.size(),
                             [&](const DiskFile &file, std::uint64_t in_file, std::uint64_t bytes) -> Status {
                               const auto part = out.first(bytes);
                               out = out.subspan(bytes);
                               if (file.read(in_file, part)) return ok();
                               return Error{Errc::unavailable, "cannot read '" + file.path() + "'"};
                             }));
            }};
  }

  // What kept it from being brought; nothing = it was.
  const std::optional<Error> &problem() const { return *problem_; }

  using See = std::function<Status(const DiskFile &file, std::uint64_t at, std::uint64_t bytes)>;
  Status each_piece(std::uint64_t at, std::uint64_t bytes, const See &see) const {
    if (at > bytes_ || bytes > bytes_ - at) return Error{Errc::corrupt, "a file is shorter than it was"};
    REC_CHECK(bring(at, bytes));
    auto file = std::upper_bound(files_.begin(), files_.end(), at,
                                 [](std::uint64_t place, const File &f) { return place < f.at; });
    for (--file; bytes > 0; ++file) {
      const std::uint64_t piece = std::min(bytes, file->at + file->bytes - at);
      if (piece > 0) REC_CHECK(see(file->file, at - file->at, piece));
      at += piece;
      bytes -= piece;
    }
    return ok();
  }

 private:
  struct File {
    std::uint64_t at;  // in the row
    std::uint64_t bytes;
    DiskFile file;
  };
  Status bring(std::uint64_t at, std::uint64_t bytes) const {
    if (!bring_) return ok();
    Status brought = bring_(at, bytes);
    if (!brought) *problem_ = brought.error();
    return brought;
  }

  std::vector<File> files_;
  std::uint64_t bytes_ = 0;
  std::function<Status(std::uint64_t at, std::uint64_t bytes)> bring_;
  // Whoever reads through source() learns only that it failed.
  std::unique_ptr<std::optional<Error>> problem_ = std::make_unique<std::optional<Error>>();
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

// ---- Ranges

template <typename Range>
std::vector<Range> ranges_of(const std::vector<FileRange> &ranges, const std::vector<Row> &rows) {
  std::vector<Range> list;
  list.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i)
    list.push_back({rows[i].source(), ranges[i].from, ranges[i].to});
  return list;
}

Result<JoinedMedia> join_flv(const std::vector<FlvRange> &ranges, Appender &to) {
  REC_TRY(const FlvJoin join, plan_flv_join(std::span<const FlvRange>(ranges)));
  if (join.media.left_out) return *join.media.left_out;
  std::vector<ByteSource> sources;
  sources.reserve(ranges.size());
  for (const FlvRange &range : ranges) sources.push_back(range.source);
  REC_CHECK(to.append(join.head));
  REC_CHECK(write_flv_join(join, sources, [&](std::string_view bytes) { return to.append(bytes); }));
  REC_CHECK(to.flush());
  return join.media;
}

Result<JoinedMedia> join_mp4(const std::vector<Mp4Range> &ranges, const std::vector<Row> &rows,
                             Appender &to) {
  REC_TRY(const Mp4Join join, plan_mp4_join(std::span<const Mp4Range>(ranges)));
  if (join.media.left_out) return *join.media.left_out;
  REC_CHECK(to.append(join.head));
  REC_CHECK(to.flush());
  for (const Mp4Join::Piece &piece : join.pieces)
    REC_CHECK(rows[piece.part].each_piece(piece.begin, piece.bytes,
                                          [&](const DiskFile &file, std::uint64_t at, std::uint64_t bytes) {
                                            return to.copy(file, at, bytes);
                                          }));
  return join.media;
}

bool has_frames(Format format, const FileRange &range, const Row &row) {
  if (format == Format::flv) {
    const FlvRange one[] = {{row.source(), range.from, range.to}};
    const auto plan = plan_flv_join(std::span<const FlvRange>(one));
    return plan || plan.error().code != Errc::not_found;
  }
  const Mp4Range one[] = {{row.source(), range.from, range.to}};
  const auto plan = plan_mp4_join(std::span<const Mp4Range>(one));
  return plan || plan.error().code != Errc::not_found;
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

Result<JoinedMedia> join_ranges(Format format, const std::vector<FileRange> &ranges, DiskFile &to,
                                const std::function<bool()> &is_cancelled) {
  if (!can_be_joined(format))
    return Error{Errc::invalid_argument,
                 "files of format " + std::string(name_of(format)) + " cannot be cut"};
  std::vector<FileRange> taken;
  std::vector<Row> rows;
  rows.reserve(ranges.size());  // the sources refer to them
  for (const FileRange &range : ranges) {
    REC_TRY(Row row, Row::open(range));
    const bool is_left_out = ranges.size() > 1 && !has_frames(format, range, row);
    if (row.problem()) return *row.problem();
    if (is_left_out) continue;
    rows.push_back(std::move(row));
    taken.push_back(range);
  }
  if (rows.empty()) return Error{Errc::not_found, "there is no frame in that range"};
  Appender appender(to, is_cancelled);
  auto joined = format == Format::flv ? join_flv(ranges_of<FlvRange>(taken, rows), appender)
                                      : join_mp4(ranges_of<Mp4Range>(taken, rows), rows, appender);
  for (const Row &row : rows)
    if (row.problem()) return *row.problem();
  if (!joined) return joined;
  REC_CHECK(to.sync());
  return joined;
}

}  // namespace rec
