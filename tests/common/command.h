// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>
#include <vector>

namespace rec::test {

struct CommandResult {
  int exit_code;  // -1 when it could not be started or was killed by a signal
  std::string out;
  std::string err;
};

// Runs a program found on the PATH to its end, without a shell and without standard input.
CommandResult run_command(const std::vector<std::string> &argv);

}  // namespace rec::test
