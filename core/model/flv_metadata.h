// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rec {

// The data of an onMetaData tag, taken apart: AMF0 (Adobe, "Action Message Format"), an ECMA array or an
// object of properties.
class FlvMetadata {
 public:
  FlvMetadata() = default;
  // Nothing when it is not onMetaData or is not whole. Hostile bytes are fine; nesting is bounded.
  static std::optional<FlvMetadata> parse(std::string_view script_data);

  std::optional<double> number(std::string_view name) const;
  // Keeps the place of a property that is there; a new one comes last.
  void set_number(std::string_view name, double value);
  void remove(std::string_view name);  // all that are called so
  // The data again, always as an array; `last`: whole properties that follow the others.
  std::string write(std::string_view last = {}) const;

 private:
  struct Property {
    std::string name;
    std::string value;  // with its type
  };
  std::vector<Property> properties_;
};

// Where seeking may go. Evenly thinned out, so that it takes no more room however long the file is.
class FlvSeekPoints {
 public:
  struct Point {
    std::int64_t ms;
    std::uint64_t at;  // of the tag, bytes from the beginning
  };
  void add(std::int64_t ms, std::uint64_t at);
  std::vector<Point> some(std::size_t most) const;  // at most `most` of them
  std::vector<Point> all() const { return points_; }

 private:
  static constexpr std::size_t kMost = 1024;
  std::vector<Point> points_;
  std::uint64_t seen_ = 0;
  std::uint64_t every_ = 1;
};

// The property "keyframes" that players look for, as flvmux writes it. Its size follows from how many points
// there are.
std::string flv_keyframes_property(const std::vector<FlvSeekPoints::Point> &points);

std::string amf_double(double value);  // without its type

}  // namespace rec
