// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/model/flv_metadata.h"

#include <algorithm>
#include <bit>

#include "core/model/byte_reader.h"

namespace rec {
namespace {

constexpr int kDeepest = 8;  // of arrays in arrays
constexpr std::string_view kName("\x02\x00\x0aonMetaData", 13);
constexpr std::string_view kEnd("\x00\x00\x09", 3);
enum Marker : std::uint8_t {
  kNumber = 0,
  kBoolean = 1,
  kString = 2,
  kObject = 3,
  kNull = 5,
  kUndefined = 6,
  kReference = 7,
  kArray = 8,
  kStrictArray = 10,
  kDate = 11,
  kLongString = 12,
};

std::span<const std::uint8_t> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t *>(text.data()), text.size()};
}

std::string amf_name(std::string_view name) {
  std::string text{static_cast<char>(name.size() >> 8), static_cast<char>(name.size() & 0xff)};
  return text.append(name);
}

std::optional<std::size_t> size_of_value(std::string_view text, int depth);

// The properties of an object, with what ends them. Told are the name and the value of each.
template <typename Tell>
std::optional<std::size_t> read_properties(std::string_view text, int depth, Tell tell) {
  std::size_t at = 0;
  while (!text.substr(at).starts_with(kEnd)) {
    if (text.size() - at < 2) return std::nullopt;
    const std::size_t name_size = be16(bytes_of(text).subspan(at));
    at += 2;
    if (name_size > text.size() - at) return std::nullopt;
    const std::string_view name = text.substr(at, name_size);
    at += name_size;
    const auto size = size_of_value(text.substr(at), depth);
    if (!size) return std::nullopt;
    tell(name, text.substr(at, *size));
    at += *size;
  }
  return at + kEnd.size();
}

std::optional<std::size_t> size_of_strict_array(std::string_view text, int depth) {
  if (text.size() < 5) return std::nullopt;
  std::size_t at = 5;
  for (std::uint32_t n = be32(bytes_of(text).subspan(1)); n > 0; --n) {
    const auto size = size_of_value(text.substr(at), depth);
    if (!size) return std::nullopt;
    at += *size;
  }
  return at;
}

std::optional<std::size_t> fixed_size(std::string_view text) {
  switch (text[0]) {
    case kNumber:
      return 9;
    case kBoolean:
      return 2;
    case kNull:
    case kUndefined:
      return 1;
    case kReference:
      return 3;
    case kDate:
      return 11;
    case kString:
      return text.size() < 3 ? std::nullopt : std::optional<std::size_t>(3 + be16(bytes_of(text).subspan(1)));
    case kLongString:
      return text.size() < 5 ? std::nullopt
                             : std::optional<std::size_t>(5 + std::size_t{be32(bytes_of(text).subspan(1))});
    default:
      return std::nullopt;
  }
}

// Of a value with its type, bytes; nothing when it is not whole.
std::optional<std::size_t> size_of_value(std::string_view text, int depth) {
  if (text.empty() || depth > kDeepest) return std::nullopt;
  std::optional<std::size_t> size;
  const auto ignore = [](std::string_view, std::string_view) {};
  if (text[0] == kStrictArray) {
    size = size_of_strict_array(text, depth + 1);
  } else if (text[0] == kObject || (text[0] == kArray && text.size() >= 5)) {
    const std::size_t head = text[0] == kObject ? 1 : 5;
    size = read_properties(text.substr(head), depth + 1, ignore);
    if (size) *size += head;
  } else {
    size = fixed_size(text);
  }
  return size && *size <= text.size() ? size : std::nullopt;
}

}  // namespace

std::optional<FlvMetadata> FlvMetadata::parse(std::string_view script_data) {
  if (!script_data.starts_with(kName)) return std::nullopt;
  const std::string_view value = script_data.substr(kName.size());
  if (value.empty() || (value[0] != kObject && value[0] != kArray)) return std::nullopt;
  const std::size_t head = value[0] == kObject ? 1 : 5;
  if (value.size() < head) return std::nullopt;
  FlvMetadata metadata;
  const auto size =
      read_properties(value.substr(head), 1, [&](std::string_view name, std::string_view property) {
        metadata.properties_.push_back({std::string(name), std::string(property)});
      });
  return size ? std::optional(std::move(metadata)) : std::nullopt;
}

std::optional<double> FlvMetadata::number(std::string_view name) const {
  for (const Property &p : properties_)
    if (p.name == name && p.value.size() == 9 && p.value[0] == kNumber)
      return std::bit_cast<double>(be64(bytes_of(p.value).subspan(1)));
  return std::nullopt;
}

void FlvMetadata::set_number(std::string_view name, double value) {
  const std::string text = '\0' + amf_double(value);
  const auto there =
      std::find_if(properties_.begin(), properties_.end(), [&](const Property &p) { return p.name == name; });
  if (there == properties_.end())
    properties_.push_back({std::string(name), text});
  else
    there->value = text;
}

void FlvMetadata::remove(std::string_view name) {
  std::erase_if(properties_, [&](const Property &p) { return p.name == name; });
}

std::string FlvMetadata::write(std::string_view last) const {
  std::string text(kName);
  const std::size_t count = properties_.size() + (last.empty() ? 0 : 1);
  text += static_cast<char>(kArray);
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(count >> shift);
  for (const Property &p : properties_) text += amf_name(p.name) + p.value;
  return text.append(last).append(kEnd);
}

void FlvSeekPoints::add(std::int64_t ms, std::uint64_t at) {
  if (seen_++ % every_ != 0) return;
  points_.push_back({ms, at});
  if (points_.size() <= kMost) return;
  for (std::size_t i = 1; 2 * i < points_.size(); ++i) points_[i] = points_[2 * i];
  points_.resize((points_.size() + 1) / 2);
  every_ *= 2;
}

std::vector<FlvSeekPoints::Point> FlvSeekPoints::some(std::size_t most) const {
  std::vector<Point> some;
  if (most == 0) return some;
  const std::size_t step = (points_.size() + most - 1) / most;
  for (std::size_t i = 0; i < points_.size(); i += step) some.push_back(points_[i]);
  return some;
}

std::string amf_double(double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  std::string bytes;
  for (int shift = 56; shift >= 0; shift -= 8) bytes += static_cast<char>(bits >> shift);
  return bytes;
}

std::string flv_keyframes_property(const std::vector<FlvSeekPoints::Point> &points) {
  const auto array = [&](std::string_view name, auto value) {
    std::string text = amf_name(name) + static_cast<char>(kStrictArray);
    for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(points.size() >> shift);
    for (const auto &point : points) text += '\0' + amf_double(value(point));
    return text;
  };
  return amf_name("keyframes") + std::string("\x08\0\0\0\x02", 5) +
         array("times", [](const auto &p) { return static_cast<double>(p.ms) / 1000; }) +
         array("filepositions", [](const auto &p) { return static_cast<double>(p.at); }) + std::string(kEnd);
}

}  // namespace rec
