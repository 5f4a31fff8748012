// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdio>
#include <span>
#include <string>
#include <vector>

namespace rec::tool {

// What gst-recording-1.0 ends with.
enum Exit { kDone = 0, kMistake = 1, kUsage = 2, kNotRecorded = 3 };

// A command with the arguments after its name. Results go to standard output, what is wrong to standard
// error.
struct Command {
  const char *name;
  const char *usage;  // of its arguments: options begin with "--", what stands for something is in capitals
  const char *summary;
  const char *examples;  // one a line, without the program's name
  int (*run)(const std::vector<std::string> &arguments);
};

// All of them. Help, the manual page and the completion of shells are made of this table.
std::span<const Command> all_commands();

void print_help(std::FILE *out);
void print_help(std::FILE *out, const Command &command);
std::string manual_page();      // troff
std::string bash_completion();  // a script that bash reads

int explain(const std::vector<std::string> &arguments);
int validate(const std::vector<std::string> &arguments);
int import(const std::vector<std::string> &arguments);
int export_to(const std::vector<std::string> &arguments);
int list(const std::vector<std::string> &arguments);
int search(const std::vector<std::string> &arguments);
int show(const std::vector<std::string> &arguments);
int timeline(const std::vector<std::string> &arguments);
int watch(const std::vector<std::string> &arguments);
int remove(const std::vector<std::string> &arguments);
int hold(const std::vector<std::string> &arguments);
int expire(const std::vector<std::string> &arguments);
int deliveries(const std::vector<std::string> &arguments);
int retry(const std::vector<std::string> &arguments);
int jobs(const std::vector<std::string> &arguments);
int join(const std::vector<std::string> &arguments);
int serve(const std::vector<std::string> &arguments);
int fsck(const std::vector<std::string> &arguments);
int clip(const std::vector<std::string> &arguments);
int merge(const std::vector<std::string> &arguments);

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
