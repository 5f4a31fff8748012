// SPDX-License-Identifier: LGPL-2.1-or-later
// gst-recording-1.0: looks at configurations and catalogues, commands recordings, joins files.
#include <glib.h>

#include <algorithm>
#include <clocale>
#include <cstdio>
#include <exception>

#include "core/base/glib_ptr.h"
#include "tools/commands.h"

namespace rec::tool {
namespace {

bool wants_help(const std::vector<std::string> &arguments) {
  return std::any_of(arguments.begin(), arguments.end(),
                     [](const std::string &a) { return a == "--help" || a == "-h"; });
}

int run(const std::vector<std::string> &arguments) {
  const std::string name = arguments.empty() ? "" : arguments.front();
  if (name == "--help" || name == "-h" || name == "help") {
    print_help(stdout);
    return kDone;
  }
  if (name == "--version") {
    std::puts("gst-recording-1.0 " REC_VERSION);
    return kDone;
  }
  if (name == "--man" || name == "--completion") {
    std::fputs((name == "--man" ? manual_page() : bash_completion()).c_str(), stdout);
    return kDone;
  }
  for (const Command &command : all_commands()) {
    if (name != command.name) continue;
    const std::vector<std::string> rest(arguments.begin() + 1, arguments.end());
    if (!wants_help(rest)) return command.run(rest);
    print_help(stdout, command);
    return kDone;
  }
  if (!name.empty())
    std::fprintf(stderr, "gst-recording-1.0: unknown command '%s'\n\n", printable(name).c_str());
  print_help(stderr);
  return kUsage;
}

}  // namespace

int usage_error(const Command &command, const std::string &problem) {
  std::fprintf(stderr,
               "gst-recording-1.0 %s: %s\nUsage: gst-recording-1.0 %s %s\n"
               "gst-recording-1.0 %s --help says more\n",
               command.name, printable(problem).c_str(), command.name, command.usage, command.name);
  return kUsage;
}

void print_line(const std::string &label, const std::string &text) {
  std::printf("%-12s%s\n", label.c_str(), printable(text).c_str());
}

std::string printable(const std::string &text) {
  const CString valid(g_utf8_make_valid(text.data(), static_cast<gssize>(text.size())));
  std::string out;
  for (const char *p = valid.get(); *p != '\0'; p = g_utf8_next_char(p)) {
    const gunichar c = g_utf8_get_char(p);
    if (g_unichar_iscntrl(c))
      out += '?';
    else
      out.append(p, static_cast<std::size_t>(g_utf8_next_char(p) - p));
  }
  return out;
}

}  // namespace rec::tool

int main(int argc, char **argv) {
  std::setlocale(LC_ALL, "");  // NOLINT(concurrency-mt-unsafe): no other thread yet
  try {
    return rec::tool::run({argv + 1, argv + argc});
  } catch (const std::exception &e) {
    std::fprintf(stderr, "gst-recording-1.0: %s\n", e.what());
    return rec::tool::kMistake;
  }
}
