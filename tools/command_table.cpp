// SPDX-License-Identifier: LGPL-2.1-or-later
#include <cstring>

#include "tools/commands.h"

namespace rec::tool {
namespace {

constexpr const char *kCommandUsage =
    "--domain D --app A --stream S [--timeout LENGTH] [--catalogue FILE] [--json]";
#define REC_FILTERS                                                                                     \
  "[--domain D] [--app A] [--stream S] [--name PART] [--template NAME] [--task ID] [--format FORMAT]\n" \
  "      [--state STATE] [--source SOURCE] [--of ID] [--from TIME] [--to TIME] [--removed] "            \
  "[--oldest-first]\n"                                                                                  \
  "      [--limit N] [--after PLACE] [--catalogue FILE] [--json]"

const Command kCommands[] = {
    {"explain", "--config FILE URI",
     "Which template records a push to URI (rtmp://domain/app/stream), and why",
     "explain --config recording.json rtmp://push.example.org/live/cam1", explain},
    {"validate", "FILE", "Check a configuration file and name every mistake in it", "validate recording.json",
     validate},
    {"import", "tencent|alibaba FILE...",
     "Make a configuration of the clouds' own requests (JSON) and name what is not kept",
     "import tencent template.json rules.json > recording.json", import},
    {"export", "tencent|alibaba FILE",
     "Make the clouds' own requests of a configuration, and name what is not kept",
     "export alibaba recording.json", export_to},
    {"list", REC_FILTERS, "Recordings with their files, newest first, and what is still owed for them",
     "list --limit 10\n"
     "list --stream cam1 --state recording\n"
     "list --from 2026-11-21T20:00:00Z --to 2026-11-21T21:00:00Z --json",
     list},
    {"search", REC_FILTERS,
     "The same, a line each, page by page: PLACE is what the page before ended with. STATE: recording, "
     "paused,\n"
     "      finished; SOURCE: push, clip, merge, job; --of: what was made of that recording; --name: a part "
     "of\n"
     "      the stream's name",
     "search --name garden --format mp4\n"
     "search --of 1485890000000000000\n"
     "search --stream cam1 --oldest-first --limit 100 --json",
     search},
    {"show", "ID [--catalogue FILE] [--json]", "All that is known about one recording",
     "show 1485890000000000000", show},
    {"timeline", "ID | --domain D --app A --stream S --from TIME --to TIME; [--catalogue FILE] [--json]",
     "When a recording, or all of a stream, has media and when it has gaps",
     "timeline 1485890000000000000\n"
     "timeline --domain push.example.org --app live --stream cam1 --from 2026-11-21T00:00:00Z --to "
     "2026-11-22T00:00:00Z --json",
     timeline},
    {"watch",
     "[--domain D] [--app A] [--stream S] [--template NAME] [--every LENGTH] [--for LENGTH] [--once]\n"
     "      [--catalogue FILE] [--json]",
     "What is being recorded: bit rate, length, frames that were dropped and why, gaps, what is owed to\n"
     "      stores and receivers. A table on a terminal, else lines (with --json an object a line), every\n"
     "      two seconds until it is ended or --for is over",
     "watch\n"
     "watch --once --json\n"
     "watch --stream cam1 --every 10s --for 1h",
     watch},
    {"delete", "[--files] [--forget] [--config FILE] [--catalogue FILE] [--json] ID...",
     "Forget recordings and leave their files; --files deletes these, here and in the stores of the\n"
     "      configuration, and keeps what is known about them, unless --forget is given, too",
     "delete 1485890000000000000\n"
     "delete --files --config recording.json 1485890000000000000 1485890000000000001",
     remove},
    {"hold", "[--release] [--catalogue FILE] [--json] ID...",
     "Legal hold: nobody and nothing deletes these recordings until --release",
     "hold 1485890000000000000\n"
     "hold --release 1485890000000000000",
     hold},
    {"expire", "--config FILE [--dry-run] [--catalogue FILE] [--json]",
     "Delete now what the retention of the templates wants gone; --dry-run says what that is, and how long\n"
     "      recordings are kept at the present rate",
     "expire --config recording.json --dry-run\n"
     "expire --config recording.json",
     expire},
    {"deliveries", "[--recording ID] [--target NAME] [--failed] [--catalogue FILE] [--limit N] [--json]",
     "Attempts to upload and to call back, newest first, of at most 14 days",
     "deliveries --failed --limit 20\n"
     "deliveries --recording 1485890000000000000 --json",
     deliveries},
    {"retry", "[--recording ID] [--target NAME] [--catalogue FILE] [--json]",
     "Try now what failed and waits for its next attempt; of jobs also what was given up. NAME: of a store, "
     "a\n"
     "      callback or a job",
     "retry --target archive\n"
     "retry --target poster --recording 1485890000000000000",
     retry},
    {"jobs", "[--recording ID] [--name NAME] [--failed] [--log] [--limit N] [--catalogue FILE] [--json]",
     "What is run on recordings, and what became of it, newest first; --log: with the last of what it said",
     "jobs --failed --log\n"
     "jobs --name poster --json",
     jobs},
    {"join", "OUT IN...", "Make one FLV or MP4 of several that follow each other, without encoding again",
     "join whole.mp4 first.mp4 second.mp4", join},
    {"clip",
     "ID... [--start TIME] [--end TIME] [--format hls|mp4|flv] [--bounds inside|covering|keyframe]\n"
     "      [--output FILE] [--config FILE] [--catalogue FILE] [--json]",
     "Make a recording of a range of others, also of running ones, without encoding again: a playlist over\n"
     "      their segments, or a file; TIME: 2026-11-21T20:00:00Z, or +90s after the beginning of the "
     "first.\n"
     "      With --config it fetches from the stores what a file needs of media that are there alone",
     "clip 1485890000000000000 --start +90s --end +150s\n"
     "clip 1485890000000000000 --start +1h --end +61min --format mp4 --output goal.mp4",
     clip},
    {"merge", "ID... [--format hls|mp4|flv] [--output FILE] [--config FILE] [--catalogue FILE] [--json]",
     "Make one recording of several, one behind the other",
     "merge 1485890000000000000 1485890000000000001 --format mp4", merge},
    {"serve",
     "[--address A] [--port N] [--name NAME,...] [--token-file FILE | --no-token] [--config FILE]\n"
     "[--bucket-media mixed|proxy|redirect]\n"
     "      [--signed-for SECONDS] [--catalogue FILE]",
     "Recordings over HTTP: a page to replay them, media, a JSON API, metrics. Prints its address; whoever\n"
     "      asks needs the token of the file, of GST_RECORDING_TOKEN, or the one that is printed. With "
     "--config\n"
     "      it also does what finished recordings want, deletion in stores for one",
     "serve --catalogue /var/lib/recordings/catalogue.db\n"
     "serve --address 0.0.0.0 --port 8095 --name replay.example.org --token-file /etc/recording.token",
     serve},
    {"fsck", "[--rebuild] [--digests] [--config FILE] [--catalogue FILE] [--json] [FOLDER...]",
     "What does not agree between the catalogue, manifests and files, and what the buckets of FILE list;\n"
     "      --rebuild adds to the catalogue what manifests describe; --digests reads all local media",
     "fsck --config recording.json\n"
     "fsck --rebuild /var/lib/recordings",
     fsck},
    {"task",
     "create --domain D --app A --stream S [--template NAME] [--start TIME] (--end TIME | --duration LENGTH) "
     "|\n"
     "      list [--limit N] | stop ID | delete ID; [--catalogue FILE] [--json]",
     "Record a stream in a window of time, beside what its rules say; TIME: 2026-11-21T20:00:00Z or unix "
     "seconds",
     "task create --domain push.example.org --app live --stream cam1 --duration 2h\n"
     "task list\n"
     "task stop 7213456789012345678",
     task},
    {"start", kCommandUsage, "Begin to record a stream that is being pushed, whatever its trigger says",
     "start --domain push.example.org --app live --stream cam1", start},
    {"stop", kCommandUsage, "Stop recording it; start continues it within its splice-timeout",
     "stop --domain push.example.org --app live --stream cam1", stop},
    {"restart", kCommandUsage, "End what is recorded of it now, in all formats, and begin anew",
     "restart --domain push.example.org --app live --stream cam1", restart},
    {"cancel-delay", kCommandUsage, "Do not wait for it to come back: finish its recording now",
     "cancel-delay --domain push.example.org --app live --stream cam1", cancel_delay},
};

}  // namespace

std::span<const Command> all_commands() { return kCommands; }

const Command &command_named(const char *name) {
  for (const Command &command : kCommands)
    if (std::strcmp(name, command.name) == 0) return command;
  return kCommands[0];
}

}  // namespace rec::tool
