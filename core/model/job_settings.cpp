// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/job_settings.h"

#include <algorithm>

namespace rec {
namespace {

constexpr std::size_t kLongestLine = 300;  // bytes

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
         c == '-';
}

void replace_all(std::string &text, std::string_view what, const std::string &with) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
    text.replace(at, what.size(), with);
}

}  // namespace

bool is_job_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestJobName && name.front() != '.' && name.front() != '_' &&
         name.front() != '-' && std::all_of(name.begin(), name.end(), is_name_character);
}

bool is_output_name(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return is_job_name(name) && dot != std::string_view::npos && dot + 1 < name.size() &&
         !name.starts_with("input");
}

std::vector<std::string> arguments_of(const JobSettings &job, const JobInput &input) {
  std::vector<std::string> arguments = job.command;
  for (std::string &argument : arguments) {
    replace_all(argument, "{input}", input.name);
    replace_all(argument, "{input-uri}", input.uri);
  }
  return arguments;
}

std::string last_line(std::string_view said) {
  while (!said.empty()) {
    const std::size_t end = said.find_last_of("\r\n");
    const std::string_view line = end == std::string_view::npos ? said : said.substr(end + 1);
    said = end == std::string_view::npos ? std::string_view() : said.substr(0, end);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    std::string text(line.substr(0, kLongestLine));
    std::replace_if(
        text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < ' ' || c == 0x7f; },
        ' ');
    return text;
  }
  return "";
}

}  // namespace rec
