// SPDX-License-Identifier: LGPL-2.1-or-later
// Sends a file to a bucket as one that grows, and completes it under a name that was not known before, for
// which the store has to copy it: in stretches, as it does with objects of more than 5 GiB, but of shorter
// ones.
//
//   grown-object ENDPOINT REGION URI DIRECTORY PATH LONGEST-COPY     # keys as AWS_ACCESS_KEY_ID...
#include <cstdio>
#include <cstdlib>
#include <string>

#include "core/io/files.h"
#include "core/service/object_store.h"
#include "core/service/part_store.h"

namespace rec {
namespace {

StoreCredentials credentials() {
  return {std::getenv("AWS_ACCESS_KEY_ID"), std::getenv("AWS_SECRET_ACCESS_KEY"), ""};  // NOLINT
}

// As the Grower does.
Result<GrownUpload> send_settled_parts(PartStore &store, const std::string &path) {
  REC_TRY(const FileFacts facts, file_facts(path));
  GrowingFile file;
  file.file_id = 7;
  file.session_id = "42";
  GrownUpload grown;
  REC_TRY(grown.key, store.key_of(file, ""));
  REC_TRY(grown.upload_id, store.begin(file, grown.key, "", nullptr));
  for (const PartRange &part : settled_parts_of(facts.size_bytes)) {
    REC_TRY(grown.parts[part.number], store.send(grown.key, grown.upload_id, path, part, nullptr));
  }
  return grown;
}

Result<std::string> run(const StoreSettings &settings, const std::string &directory,
                        const std::string &path) {
  const SystemClock clock;
  const auto http = make_soup_http_client(HttpSettings{});
  REC_TRY(const auto parts, make_part_store(settings, credentials(), *http, clock));
  REC_TRY(const auto store, make_object_store(settings, credentials(), *http, clock));
  NewObject object;
  object.directory = directory;
  object.path = path;
  REC_TRY(object.grown, send_settled_parts(*parts, path));
  return store->put(object, nullptr);
}

}  // namespace
}  // namespace rec

int main(int argc, char **argv) {
  if (argc != 7) return 2;
  rec::StoreSettings settings;
  settings.name = "archive";
  settings.endpoint = argv[1];
  settings.region = argv[2];
  settings.uri = argv[3];
  settings.longest_copy = std::strtoull(argv[6], nullptr, 10);
  const auto url = rec::run(settings, argv[4], argv[5]);
  if (!url) std::fprintf(stderr, "%s\n", url.error().message.c_str());
  if (url) std::puts(url->c_str());
  return url ? 0 : 1;
}
