// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <cstdint>
#include <string>

#include "core/io/sqlite.h"
#include "core/service/catalogue_rows.h"

// What files are called in stores: like their path below the recording's directory. But a sink that writes
// under the same name again, when the local copy of what it wrote before is gone, must not replace that in
// the store: a name belongs to the first that was owed to the store (or its backup) under it. The second one
// gets a name with its session in it. For the catalogue's own sources, inside their transactions.
namespace rec {

// Gives file.object to a file that is owed to the recording's store, or goes up there already. It keeps one
// that was made of its path before. Nothing for a recording without a store.
Status name_file(SqlDatabase &db, std::int64_t file_id);
// The same for segment.object. A playlist and its segments stay together: when one of their names is
// another's, all of them are called like files in a folder of their own (Recording::playlist_apart), and what
// went up already is owed again. The object is '' where that cannot be: the playlist names its segments by
// folder, or one that names them was announced.
Status name_segment(SqlDatabase &db, std::int64_t segment_id, UtcTime now);
Status name_playlist(SqlDatabase &db, std::int64_t file_id, UtcTime now);
// recording.manifest_object, for the manifest at `path`.
Status name_manifest(SqlDatabase &db, std::int64_t recording_id, const std::string &path);
// Those that have none, as manifests of before there were such names have it.
Status name_all(SqlDatabase &db, std::int64_t recording_id);

// In SQL, of a segment s of a recording r that is known from its manifest, where no upload tells: its name in
// stores ('' for other recordings), and the store that has it, which is that of its playlist.
inline constexpr const char *kObjectByName = "CASE r.rebuilt WHEN 1 THEN s.object ELSE '' END";
inline constexpr const char *kStoreByPlaylist =
    "(SELECT f.stored_in FROM file f WHERE f.recording_id = r.id AND f.format = 'hls' AND f.url <> '' "
    "ORDER BY f.id DESC LIMIT 1)";

// What something of the recording that is neither a file nor a segment is called: it goes where its playlists
// go. "" = it is not below the directory.
std::string name_of_other(const Recording &recording, const std::string &path);

}  // namespace rec
