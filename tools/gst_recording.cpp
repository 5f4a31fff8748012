// SPDX-License-Identifier: LGPL-2.1-or-later
// gst-recording-1.0: looks at configurations and catalogues, commands recordings, joins files.
#include <glib.h>

#include <clocale>
#include <cstdio>
#include <cstring>
#include <exception>

#include "core/base/glib_ptr.h"
#include "tools/commands.h"

namespace rec::tool {
namespace {

constexpr const char *kCommandUsage =
    "--domain D --app A --stream S [--timeout LENGTH] [--catalogue FILE] [--json]";
const Command kCommands[] = {
    {"explain", "--config FILE URI",
     "Which template records a push to URI (rtmp://domain/app/stream), and why", explain},
    {"validate", "FILE", "Check a configuration file and name every mistake in it", validate},
    {"import", "tencent|alibaba FILE...",
     "Make a configuration of the clouds' own requests (JSON) and name what is not kept", import},
    {"export", "tencent|alibaba FILE",
     "Make the clouds' own requests of a configuration, and name what is not kept", export_to},
    {"list", "[--catalogue FILE] [--limit N] [--json]",
     "Recordings with their files, newest first, and what is still owed for them", list},
    {"deliveries", "[--recording ID] [--target NAME] [--failed] [--catalogue FILE] [--limit N] [--json]",
     "Attempts to upload and to call back, newest first, of at most 14 days", deliveries},
    {"retry", "[--recording ID] [--target NAME] [--catalogue FILE] [--json]",
     "Try now what failed and waits for its next attempt", retry},
    {"join", "OUT IN...", "Make one FLV or MP4 of several that follow each other, without encoding again",
     join},
    {"fsck", "[--rebuild] [--digests] [--catalogue FILE] [--json] [FOLDER...]",
     "What does not agree between the catalogue, manifests and files; --rebuild adds to the catalogue what\n"
     "      manifests describe; --digests reads all media",
     fsck},
    {"task",
     "create --domain D --app A --stream S [--template NAME] [--start TIME] (--end TIME | --duration LENGTH) "
     "|\n"
     "      list [--limit N] | stop ID | delete ID; [--catalogue FILE] [--json]",
     "Record a stream in a window of time, beside what its rules say; TIME: 2026-11-21T20:00:00Z or unix "
     "seconds",
     task},
    {"start", kCommandUsage, "Begin to record a stream that is being pushed, whatever its trigger says",
     start},
    {"stop", kCommandUsage, "Stop recording it; start continues it within its splice-timeout", stop},
    {"restart", kCommandUsage, "End what is recorded of it now, in all formats, and begin anew", restart},
    {"cancel-delay", kCommandUsage, "Do not wait for it to come back: finish its recording now",
     cancel_delay},
};

void print_help(FILE *out) {
  std::fputs("Usage: gst-recording-1.0 COMMAND [ARGUMENTS]\n\n", out);
  for (const Command &command : kCommands)
    std::fprintf(out, "  %s %s\n      %s\n", command.name, command.usage, command.summary);
  std::fprintf(out,
               "  --help, --version\n\n"
               "Exit status: 0 done, 1 something is wrong (see standard error), 2 wrong usage,\n"
               "3 (explain) the push is not recorded.\n");
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
  for (const Command &command : kCommands)
    if (name == command.name) return command.run({arguments.begin() + 1, arguments.end()});
  if (!name.empty())
    std::fprintf(stderr, "gst-recording-1.0: unknown command '%s'\n\n", printable(name).c_str());
  print_help(stderr);
  return kUsage;
}

}  // namespace

const Command &command_named(const char *name) {
  for (const Command &command : kCommands)
    if (std::strcmp(name, command.name) == 0) return command;
  return kCommands[0];
}

int usage_error(const Command &command, const std::string &problem) {
  std::fprintf(stderr, "gst-recording-1.0 %s: %s\nUsage: gst-recording-1.0 %s %s\n", command.name,
               printable(problem).c_str(), command.name, command.usage);
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
