// SPDX-License-Identifier: LGPL-2.1-or-later
#include "gst/recsink/part_recovery.h"

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/base/time_zone.h"
#include "core/disk/repaired_file.h"
#include "core/model/name_pattern.h"
#include "core/model/part_name.h"
#include "gst/common/barrier.h"
#include "gst/common/messages.h"

namespace rec {
namespace {
namespace fs = std::filesystem;

constexpr std::size_t kMostEntries = 100000;  // of all folders that are looked through

// Ends of names are from the time of the last write.
UtcTime last_write(const fs::path &path) {
  std::error_code e;
  const auto time = fs::last_write_time(path, e);
  return std::chrono::time_point_cast<std::chrono::microseconds>(std::chrono::file_clock::to_sys(time));
}

class Recovery {
 public:
  Recovery(GstElement *element, std::vector<PartOrigin> origins,
           std::shared_ptr<std::atomic<bool>> is_cancelled)
      : element_(element), origins_(std::move(origins)), is_cancelled_(std::move(is_cancelled)) {}

  void run() {
    for (const PartOrigin &origin : origins_) {
      const PartFolder folder = folder_of_parts(origin.location);
      look_through(folder.path, folder.depth, origin);
    }
  }

 private:
  void look_through(const fs::path &folder, unsigned depth, const PartOrigin &origin) {
    std::vector<fs::path> files;  // first, for the folder changes
    std::error_code e;
    for (fs::directory_iterator it(folder.empty() ? "." : folder, e); !e && it != fs::directory_iterator();
         it.increment(e)) {
      if (*is_cancelled_ || ++entries_ > kMostEntries) return;
      const fs::path path = folder / it->path().filename();
      std::error_code unknown;
      if (depth > 0 && it->is_directory(unknown) && !it->is_symlink(unknown))
        look_through(path, depth - 1, origin);
      else if (depth == 0)
        files.push_back(path);
    }
    std::sort(files.begin(), files.end());
    for (const fs::path &path : files)
      if (!*is_cancelled_) look_at(path, origin);
  }

  void look_at(const fs::path &path, const PartOrigin &origin) {
    fs::path part = path;
    const bool is_front = part.extension() == ".front";  // of a faststart that was not finished
    if (is_front) part.replace_extension();
    const auto name = parse_part_name(part.filename().string());
    if (!name || name->format != origin.format) return;
    const fs::path wanted = path.parent_path() / name->name;
    if (!may_come_from(wanted.string(), origin.location, origin.format)) return;
    auto file = DiskFile::take(path.string());
    if (!file) return;  // its writer lives, or somebody else was faster
    const auto size = file->size();
    if (is_front || (size && *size == 0)) return file->discard();
    const Status recovered = recover(*file, wanted.string(), origin);
    if (!recovered) report(path.string(), *file, wanted, recovered.error());
  }

  Status recover(DiskFile &file, const std::string &wanted, const PartOrigin &origin) {
    const std::string part = file.path();
    const UtcTime end = last_write(part);
    REC_TRY(const Repair repair, repair_file(origin.format, file));
    REC_CHECK(file.sync());
    REC_TRY(const Seconds zone, utc_offset_of(origin.time_zone, end));
    REC_TRY(const std::string name, end_name(wanted, end, zone));
    REC_TRY(const std::string location, file.publish(name, true));
    MessageBuilder("recsink-file-recovered")
        .field("format", std::string(name_of(origin.format)))
        .field("temp-location", part)
        .field("location", location)
        .time("end-time", end)
        .field("size", static_cast<guint64>(repair.size()))
        .field("fragment-duration", static_cast<guint64>(repair.duration.count()))
        .field("video-codec", repair.video_codec)
        .field("width", repair.width)
        .field("height", repair.height)
        .field("audio-codec", repair.audio_codec)
        .field("video-frames", static_cast<guint64>(repair.video_frames))
        .field("audio-frames", static_cast<guint64>(repair.audio_frames))
        .post(element_);
    return ok();
  }

  // What cannot be saved is put away, so that it is told once; with any other error the next start tries
  // again.
  void report(const std::string &part, DiskFile &file, const fs::path &wanted, const Error &error) {
    std::string text = error.message;
    if (error.code == Errc::corrupt) {
      const fs::path lost = wanted.parent_path() / ("." + wanted.filename().string() + ".lost");
      if (const auto kept = file.publish(lost.string(), true)) text += "; it is kept as '" + *kept + "'";
    }
    MessageBuilder("recsink-file-failed")
        .field("format", std::string(name_of(parse_part_name(fs::path(part).filename().string())->format)))
        .field("temp-location", part)
        .field("error", text)
        .post(element_);
    post_warning(element_, {error.code, "completing '" + part + "', which a dead recorder left: " + text});
  }

  GstElement *element_;
  const std::vector<PartOrigin> origins_;
  const std::shared_ptr<std::atomic<bool>> is_cancelled_;  // with the recorder
  std::size_t entries_ = 0;
};

}  // namespace

void recover_parts_later(GstElement *element, std::vector<PartOrigin> origins,
                         std::shared_ptr<std::atomic<bool>> is_cancelled) {
  gst_element_call_async(
      element,
      [](GstElement *e, gpointer data) { barrier(e, [&] { static_cast<Recovery *>(data)->run(); }); },
      new Recovery(element, std::move(origins), std::move(is_cancelled)),
      [](gpointer data) { delete static_cast<Recovery *>(data); });
}

}  // namespace rec
