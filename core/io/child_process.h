// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"

namespace rec {

struct ChildProgram {
  std::vector<std::string> arguments;  // the program first; looked for in PATH, no shell
  std::vector<std::pair<std::string, std::string>> environment = {};  // beside that of this process
  std::string folder = {};                                            // it works in; "" = ours
  std::vector<int> files = {};  // open ones of ours that it has, too, as 3, 4 ...
  Nanoseconds timeout{0};       // then it is killed; > 0
  int nice = 0;                 // added to ours
  // The only ones of our environment variables that it gets; nothing = all.
  std::optional<std::vector<std::string>> inherits = {};
  std::uint64_t most_file_bytes = 0;  // that a file which it writes may have; 0 = any number
};

// How it ended, with the last of what it said.
struct ChildResult {
  int exit_code = 0;   // -1 = it was killed by a signal
  std::string output;  // standard output and standard error, at most the last kMostOutput bytes
};
inline constexpr std::size_t kMostOutput = 64 << 10;

// Runs a program in a process group of its own and waits for it; whatever of that group is left then is
// killed, also when its time is over or `is_cancelled` (asked four times a second; it may be empty) says so.
// It dies with the calling thread, and what it started with this process, also when that is killed: /bin/sh
// watches. It has no standard input, none of our files but `files`, and leaves no core dump.
// Errors: not_found, denied = it cannot be started; unavailable = its time was over, or this process ignores
// SIGCHLD; cancelled.
Result<ChildResult> run_child(const ChildProgram &program, const std::function<bool()> &is_cancelled);

}  // namespace rec
