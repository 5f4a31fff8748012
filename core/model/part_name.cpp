// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/part_name.h"

#include <algorithm>

namespace rec {
namespace {

constexpr std::string_view kSuffix = ".part";
constexpr char kAnything = '\1';  // in a shape: any text without '/'

std::optional<Format> format_by_extension(std::string_view name) {
  for (const Format format : {Format::flv, Format::mp4, Format::aac, Format::mp3})
    if (name.ends_with("." + std::string(extension_of(format)))) return format;
  return std::nullopt;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The location with kAnything for each placeholder and number.
std::string shape_of(std::string_view location) {
  std::string shape;
  for (std::size_t i = 0; i < location.size(); ++i) {
    const char c = location[i];
    if (c == '{') {
      shape += kAnything;
      i = std::min(location.find('}', i), location.size());
    } else if (c == '%' && i + 1 < location.size()) {
      ++i;
      shape += location[i] == '%' ? '%' : kAnything;
      while (i < location.size() && is_digit(location[i])) ++i;
    } else {
      shape += c;
    }
  }
  return shape;
}

// Goes back to the last kAnything only: linear in practice, quadratic at worst.
bool matches(std::string_view text, std::string_view shape) {
  std::size_t t = 0;
  std::size_t s = 0;
  std::size_t retry_text = 0;
  std::size_t retry_shape = std::string_view::npos;
  while (t < text.size()) {
    if (s < shape.size() && shape[s] == kAnything) {
      retry_shape = ++s;
      retry_text = t;
    } else if (s < shape.size() && shape[s] == text[t]) {
      ++s;
      ++t;
    } else if (retry_shape != std::string_view::npos && text[retry_text] != '/') {
      s = retry_shape;
      t = ++retry_text;
    } else {
      return false;
    }
  }
  return std::all_of(shape.begin() + static_cast<std::ptrdiff_t>(s), shape.end(),
                     [](char c) { return c == kAnything; });
}

}  // namespace

std::optional<PartName> parse_part_name(std::string_view file_name) {
  if (!file_name.starts_with('.') || !file_name.ends_with(kSuffix)) return std::nullopt;
  std::string_view name = file_name.substr(1, file_name.size() - 1 - kSuffix.size());
  auto format = format_by_extension(name);
  if (!format) {
    const std::size_t dash = name.rfind('-');
    if (dash == std::string_view::npos || dash + 1 == name.size()) return std::nullopt;
    if (!std::all_of(name.begin() + static_cast<std::ptrdiff_t>(dash) + 1, name.end(), is_digit))
      return std::nullopt;
    name = name.substr(0, dash);
    format = format_by_extension(name);
  }
  const bool is_only_extension = format && name.size() == extension_of(*format).size() + 1;
  if (!format || is_only_extension) return std::nullopt;
  return PartName{std::string(name), *format};
}

bool may_come_from(std::string_view path, std::string_view location, Format format) {
  const std::string extension = "." + std::string(extension_of(format));
  std::string shape = shape_of(location);
  if (!shape.ends_with(extension)) shape += extension;
  return matches(path, shape);
}

PartFolder folder_of_parts(std::string_view location) {
  const std::string shape = shape_of(location);
  const std::size_t fixed = std::min(shape.find(kAnything), shape.size());
  PartFolder folder;
  folder.depth =
      static_cast<unsigned>(std::count(shape.begin() + static_cast<std::ptrdiff_t>(fixed), shape.end(), '/'));
  const std::size_t slash = shape.rfind('/', fixed);
  if (slash != std::string::npos) folder.path = shape.substr(0, std::max<std::size_t>(slash, 1));
  return folder;
}

}  // namespace rec
