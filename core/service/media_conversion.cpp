// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/media_conversion.h"

#include <algorithm>
#include <utility>

#include "core/disk/repaired_file.h"
#include "core/io/child_process.h"
#include "core/model/container_repair.h"
#include "core/model/ts_streams.h"

namespace rec {
namespace {

constexpr Nanoseconds kLongest = std::chrono::hours(2);
constexpr std::size_t kLookedAt = std::size_t{188} * 1000;  // bytes in which a program map must come

struct Codecs {
  std::string video, audio;
};

Result<Codecs> codecs_of(MediaKindOfFile kind, const DiskFile &file) {
  REC_TRY(const ByteSource source, source_of(file));
  if (kind != MediaKindOfFile::ts) {
    REC_TRY(const Repair found,
            plan_repair(kind == MediaKindOfFile::mp4 ? Format::mp4 : Format::flv, source));
    return Codecs{found.video_codec, found.audio_codec};
  }
  std::vector<std::uint8_t> beginning(std::min<std::uint64_t>(source.size, kLookedAt));
  if (!source.read(0, beginning)) return Error{Errc::unavailable, "cannot read '" + file.path() + "'"};
  const TsStreams streams = ts_streams(beginning);
  return Codecs{streams.video_codec, streams.audio_codec};
}

const char *demuxer_of(MediaKindOfFile kind) {
  if (kind == MediaKindOfFile::ts) return "tsdemux";
  return kind == MediaKindOfFile::mp4 ? "qtdemux" : "flvdemux";
}

const char *parser_of(const std::string &codec) {
  if (codec == "h264") return "h264parse";
  if (codec == "h265") return "h265parse";
  if (codec == "aac") return "aacparse";
  if (codec == "mp3") return "mpegaudioparse";
  return codec == "opus" ? "opusparse" : nullptr;
}

Status check(const Codecs &codecs, Format format) {
  if (codecs.video.empty() && codecs.audio.empty())
    return Error{Errc::corrupt, "there is neither video nor audio in it that is known"};
  for (const std::string &codec : {codecs.video, codecs.audio}) {
    const bool fits = format == Format::mp4 || codec == "h264" || codec == "aac" || codec == "mp3";
    if (!codec.empty() && (!parser_of(codec) || !fits))
      return Error{Errc::invalid_argument,
                   std::string(name_of(format)) + " is not made of " + codec + "; ask for another format"};
  }
  return ok();
}

// From descriptor 3 to descriptor 4: its parser of lines sees nothing odd.
std::vector<std::string> launch_line(MediaKindOfFile kind, const Codecs &codecs, Format format) {
  std::vector<std::string> line = {"gst-launch-1.0", "-q",    "filesrc", "location=/proc/self/fd/3", "!",
                                   demuxer_of(kind), "name=d"};
  const auto add = [&](std::initializer_list<const char *> words) {
    line.insert(line.end(), words.begin(), words.end());
  };
  add({format == Format::mp4 ? "mp4mux" : "flvmux", "name=m", "!", "filesink", "location=/proc/self/fd/4"});
  for (const std::string &codec : {codecs.video, codecs.audio})
    if (!codec.empty())
      add({"d.", "!", parser_of(codec), "!", "queue", "max-size-bytes=0", "max-size-time=0",
           "max-size-buffers=0", "!", "m."});
  return line;
}

}  // namespace

Result<DiskFile> Conversions::in_one(MediaKindOfFile kind, const FileRange &range) const {
  if (kind == MediaKindOfFile::ts && range.paths.size() == 1)
    return DiskFile::open_to_read(range.paths.front());
  REC_TRY(DiskFile file, DiskFile::create_temporary(folder_));
  if (kind != MediaKindOfFile::ts) {
    const Format format = kind == MediaKindOfFile::mp4 ? Format::mp4 : Format::flv;
    REC_TRY(const JoinedMedia media, join_ranges(format, {range}, file, {}));
    return file;
  }
  std::uint64_t at = 0;
  for (const std::string &path : range.paths) {
    REC_TRY(const DiskFile from, DiskFile::open_to_read(path));
    REC_TRY(const std::uint64_t bytes, from.size());
    REC_CHECK(file.copy(from, 0, bytes, at));
    at += bytes;
  }
  return file;
}

Result<FileRange> Conversions::as(Format format, MediaKindOfFile kind, const FileRange &range) {
  if (kind == (format == Format::mp4 ? MediaKindOfFile::mp4 : MediaKindOfFile::flv)) return range;
  REC_TRY(const DiskFile in, in_one(kind, range));
  REC_TRY(const Codecs codecs, codecs_of(kind, in));
  REC_CHECK(check(codecs, format));
  REC_TRY(DiskFile out, DiskFile::create_temporary(folder_));
  ChildProgram program;
  program.arguments = launch_line(kind, codecs, format);
  program.files = {in.fd(), out.fd()};
  program.timeout = kLongest;
  REC_TRY(const ChildResult result, run_child(program, {}));
  if (result.exit_code != 0)
    return Error{Errc::unavailable, "gst-launch-1.0 cannot make an " + std::string(name_of(format)) +
                                        " of '" + range.paths.front() +
                                        "': " + result.output.substr(0, result.output.find('\n'))};
  FileRange made{.paths = {out.path_by_fd()}, .from = {}, .to = {}};
  made_.push_back(std::move(out));
  if (kind == MediaKindOfFile::ts) {  // else it was cut before
    made.from = range.from;
    made.to = range.to;
  }
  return made;
}

}  // namespace rec
