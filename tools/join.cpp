// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstdio>

#include "core/disk/joined_file.h"
#include "core/io/files.h"
#include "tools/commands.h"

namespace rec::tool {
namespace {

std::optional<Format> format_of_name(const std::string &path) {
  const std::size_t dot = path.rfind('.');
  for (const Format format : kAllFormats)
    if (can_be_joined(format) && dot != std::string::npos && path.substr(dot + 1) == extension_of(format))
      return format;
  return std::nullopt;
}

Result<JoinedMedia> join_to(const std::string &out, Format format, const std::vector<std::string> &parts) {
  if (file_facts(out)) return Error{Errc::exists, out + ": is there already, and nothing is overwritten"};
  REC_TRY(DiskFile file, DiskFile::create_for(out));
  auto joined = join_files(format, parts, JoinWhat::all, file, nullptr);
  if (!joined) {
    file.discard();
    return joined;
  }
  REC_TRY(const std::string name, file.publish(out, true));
  if (name != out) std::printf("%s: was taken meanwhile\n", printable(out).c_str());
  std::printf("%s: %zu parts, %.3f s, %llu bytes, %llu video and %llu audio frames\n",
              printable(name).c_str(), parts.size(), std::chrono::duration<double>(joined->duration).count(),
              static_cast<unsigned long long>(joined->size_bytes),
              static_cast<unsigned long long>(joined->video_frames),
              static_cast<unsigned long long>(joined->audio_frames));
  return joined;
}

}  // namespace

int join(const std::vector<std::string> &arguments) {
  const Command &command = command_named("join");
  for (std::size_t i = 0; i < arguments.size(); ++i)
    if (arguments[i].starts_with("-"))
      return usage_error(command, "unexpected argument " + std::to_string(i + 1));
  if (arguments.size() < 2) return usage_error(command, "a new file and the parts for it are needed");
  const auto format = format_of_name(arguments[0]);
  if (!format) return usage_error(command, "the new file's name ends in .flv or .mp4");
  const auto joined = join_to(arguments[0], *format, {arguments.begin() + 1, arguments.end()});
  if (joined) return kDone;
  std::fprintf(stderr, "%s\n", printable(joined.error().message).c_str());
  return kMistake;
}

}  // namespace rec::tool
