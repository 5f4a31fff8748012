// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <string>
#include <vector>

namespace rec::tool {

// What gst-recording-1.0 ends with.
enum Exit { kDone = 0, kMistake = 1, kUsage = 2, kNotRecorded = 3 };

// A command with the arguments after its name. Results go to standard output, what is wrong to standard
// error.
struct Command {
  const char *name;
  const char *usage;    // of its arguments
  const char *summary;  // one line
  int (*run)(const std::vector<std::string> &arguments);
};

int explain(const std::vector<std::string> &arguments);
int validate(const std::vector<std::string> &arguments);
int import(const std::vector<std::string> &arguments);
int export_to(const std::vector<std::string> &arguments);
int list(const std::vector<std::string> &arguments);
int deliveries(const std::vector<std::string> &arguments);
int retry(const std::vector<std::string> &arguments);
int join(const std::vector<std::string> &arguments);
int fsck(const std::vector<std::string> &arguments);

int task(const std::vector<std::string> &arguments);
int start(const std::vector<std::string> &arguments);
int stop(const std::vector<std::string> &arguments);
int restart(const std::vector<std::string> &arguments);
int cancel_delay(const std::vector<std::string> &arguments);

int usage_error(const Command &command, const std::string &problem);
const Command &command_named(const char *name);  // one that exists

// Lines with a label in a column of its own, as people read them. Control characters and what is not UTF-8
// are shown, not sent to the terminal.
void print_line(const std::string &label, const std::string &text);
std::string printable(const std::string &text);

}  // namespace rec::tool
