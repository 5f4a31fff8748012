// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"

namespace rec {

// A program that is run on finished files: one member of "jobs" in the configuration.
struct JobSettings {
  std::string name;                      // as templates call it, "poster"; see is_job_name()
  std::vector<std::string> command;      // the program and its arguments, with placeholders; never empty
  std::string launch;                    // the gst-launch line that `command` was made of; "" = of none
  std::vector<std::string> outputs;      // files that it writes into its folder; see is_output_name()
  std::vector<std::string> environment;  // names of variables of ours that it gets besides the usual ones
  Seconds timeout{3600};                 // then it is killed, which is a failure
  int attempts = 5;                      // after which it is given up; > 0
  unsigned at_once = 1;                  // how many of it run at a time in one process; > 0
  int nice = 10;                         // 0 to 19
  std::uint64_t most_bytes = 0;          // of each file that it writes; 0 = any number

  bool operator==(const JobSettings &) const = default;
};

inline constexpr std::size_t kLongestJobName = 64;  // bytes; of outputs, too

// A name of letters, digits, '.', '_' and '-' that begins with none of the last two and no dot: it becomes a
// part of paths.
bool is_job_name(std::string_view name);
// The same with an extension, and not called as what it is made of is (JobInput).
bool is_output_name(std::string_view name);

// What a job is run on, as its command calls it. Nothing in it comes from whoever pushed.
struct JobInput {
  std::string name;  // {input}: "input.mp4", "input.m3u8", in the folder in which it runs
  std::string uri;   // {input-uri}: the same, "file:///..."
};

// The arguments with the placeholders filled in. Other braces are left alone: caps have some.
std::vector<std::string> arguments_of(const JobSettings &job, const JobInput &input);

// The last line of what a program said that is not empty, without control characters and bounded: what went
// wrong, most of the time. "" = it said nothing.
std::string last_line(std::string_view said);

}  // namespace rec
