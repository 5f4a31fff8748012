// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/job_input.h"

#include <glib.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <unordered_map>

#include "core/base/glib_ptr.h"
#include "core/io/files.h"
#include "core/model/media_playlist.h"
#include "core/model/served_playlist.h"
#include "core/service/derived_recording.h"

namespace rec {
namespace {

namespace fs = std::filesystem;

// Of a path, if it is a plain one.
std::string extension_of_path(const std::string &path) {
  const std::string extension = fs::path(path).extension().string();
  return is_output_name("x" + extension) ? extension : "";
}

Status put_link(const std::string &to, const std::string &path) {
  if (symlink(to.c_str(), path.c_str()) == 0) return ok();
  return error_of_errno(errno, "cannot link", path);
}

Status put_playlist(Catalogue &catalogue, const StoredFile &file, const std::string &folder,
                    const std::string &name) {
  REC_TRY(const std::string text, read_file(file.facts.path, kMaxPlaylistBytes));
  REC_TRY(const auto segments, named_segments(catalogue, file.facts.recording_id));
  std::unordered_map<std::string, std::string> links;  // by path
  Status s = ok();
  const auto link_to = [&](const std::string &path) -> std::optional<std::string> {
    const auto known = links.find(path);
    if (known != links.end()) return known->second;
    const std::string link = "input-" + std::to_string(links.size()) + extension_of_path(path);
    if (s && !file_facts(path)) s = Error{Errc::not_found, "'" + path + "' is not here any more"};
    if (s) s = put_link(path, (fs::path(folder) / link).string());
    links.emplace(path, link);
    return link;
  };
  std::unordered_map<std::string, bool> of_ours;
  for (const NamedSegment &segment : segments) of_ours[segment.facts.path] = true;
  const std::string ours = served_playlist(text, [&](std::string_view uri) -> std::optional<std::string> {
    const auto path = path_of_uri(uri, file.facts.path);
    return path && of_ours.contains(*path) ? link_to(*path) : std::nullopt;
  });
  REC_CHECK(s);
  return write_file_atomically((fs::path(folder) / name).string(), ours);
}

}  // namespace

Result<JobInput> put_job_input(Catalogue &catalogue, const StoredFile &file, const std::string &folder) {
  const std::string &path = file.facts.path;
  if (const auto there = file_facts(path); !there)
    return Error{there.error().code, "'" + path + "' is not here any more, and jobs work on local copies"};
  const bool is_playlist = file.format == Format::hls;
  JobInput input;
  input.name = "input" + (is_playlist ? ".m3u8" : extension_of_path(path));
  const std::string place = (fs::path(folder) / input.name).string();
  REC_CHECK(is_playlist ? put_playlist(catalogue, file, folder, input.name) : put_link(path, place));
  const CString uri(g_filename_to_uri(place.c_str(), nullptr, nullptr));
  if (uri) input.uri = uri.get();
  return input;
}

}  // namespace rec
