// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/io/json.h"
#include "core/io/sqlite.h"

namespace rec {

// Beside the media of each finished recording lies a manifest: its rows of the catalogue as JSON
// (docs/manifest.schema.json), with the digests of its files, the gaps in it and what is still owed for it;
// no secrets and no parameters of the push URL. gst-recording-1.0 fsck makes a catalogue of manifests again.
inline constexpr std::int64_t kManifestVersion = 1;
inline constexpr std::string_view kManifestName = "manifest.json";

// Writes manifests. One connection of its own to the catalogue, for one thread.
class Manifests {
 public:
  // `clock` must outlive it.
  static Result<Manifests> open(const std::string &catalogue_path, const Clock &clock);

  // Writes those that are due, a few at a time: when the recording is finished, and again when all of it is
  // uploaded, or something of it has changed since (renew_manifest()); then its own upload is owed. The
  // digests of the media are computed now, unless they are known. How many were written. Several processes
  // may do this at the same time. Errors: cancelled; others = try again.
  Result<std::uint64_t> write_due(const std::function<bool()> &is_cancelled);
  // The same, but none for the first time: no media is read.
  Result<std::uint64_t> write_again(const std::function<bool()> &is_cancelled);
  // Recordings of `owner` whose manifest is not as it stays yet.
  Result<std::uint64_t> unfinished(const std::string &owner);
  Result<bool> is_written(std::int64_t recording_id);  // for good

 private:
  Manifests(SqlDatabase db, const Clock &clock) : db_(std::move(db)), clock_(&clock) {}
  struct Due {
    std::int64_t id = 0;
    std::string session_id;
    std::string path;    // of the manifest; "" = it has none yet
    std::string beside;  // playlist or first file; "" = the recording is empty
    bool is_hls = false;
    bool is_first = false;
    bool is_uploaded = false;
    std::int64_t changes = 0;  // kChanges, when it was looked at
  };
  Result<std::vector<Due>> due(bool only_again);
  Result<std::uint64_t> write_all(bool only_again, const std::function<bool()> &is_cancelled);
  static std::string free_path_beside(const Due &recording);
  Status write_text(Due &recording);  // empties its path when there is no place for it any more
  Status write(Due &recording, const std::function<bool()> &is_cancelled);
  Result<JsonObjectWriter> text_of(const Due &recording);
  Status settle(const Due &recording);
  Status drop_if_removed(const Due &recording);

  SqlDatabase db_;
  const Clock *clock_;  // never null
};

// Computes the digests of the recording's closed files, or with `table` "segment" of its segments, that are
// not known yet and whose bytes lie here. Errors: cancelled, and the catalogue's.
Status add_digests(SqlDatabase &db, std::int64_t recording_id, const std::string &table,
                   const std::function<bool()> &is_cancelled);

// What a finished recording's manifest says has changed (legal hold, a job that is done): it is written
// again. In the transaction of the change.
Status renew_manifest(SqlDatabase &db, std::int64_t recording_id);

// A column of the catalogue, as manifests have it.
struct ManifestColumn {
  std::string name;
  bool is_text = false;
};
// Those of `table` ("recording", "recording_callback", "file", "segment", "outbox", "derived_from",
// "clip_segment", "job", "frame_drop") that are in manifests: neither numbers of rows nor who works on them.
Result<std::vector<ManifestColumn>> manifest_columns(SqlDatabase &db, const std::string &table);

}  // namespace rec
