// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/web_media.h"

#include <glib.h>

#include <algorithm>
#include <optional>
#include <unordered_map>

#include "core/io/files.h"
#include "core/model/http_range.h"
#include "core/model/media_playlist.h"
#include "core/model/push_query.h"
#include "core/model/served_playlist.h"
#include "core/service/catalogue_sql.h"
#include "core/service/object_names.h"
#include "core/service/web_guard.h"

namespace rec {
namespace {

constexpr std::uint64_t kLongestStoredPlaylist = 32 << 20;  // bytes; some days
constexpr const char *kPlaylistType = "application/vnd.apple.mpegurl";

// Where something is: on this machine, or in a bucket.
struct Place {
  std::string path = {};
  std::string store = {}, url = {}, object = {};  // as StoredMedia has them
  std::uint64_t size_bytes = 0;                   // of the object
};

Place place_of(const WebStores &stores, const std::string &local, Place stored) {
  if (!local.empty() && file_facts(local)) return {.path = local};
  if (stored.url.empty() && stores.desk) {
    std::string by_name = stores.desk->path_of(stored.store, stored.object);
    if (!by_name.empty() && file_facts(by_name)) return {.path = std::move(by_name)};
  }
  const std::string &url = stored.url;
  if (const auto path = url.empty() ? std::nullopt : path_of_uri(url, "/"); path && file_facts(*path))
    return {.path = *path};
  if (url.empty() ? stored.object.empty() : !url.starts_with("https://") && !url.starts_with("http://"))
    return {};
  return stored;
}

WebAnswer nothing_there() { return web_error(404, "not-found", "there is no such media"); }

WebAnswer redirection(const std::string &url) {
  return {.status = 302, .headers = {{"Location", url}, {"Cache-Control", "no-store"}}};
}

std::string attachment(const std::string &path) {
  const std::string name = path.substr(path.rfind('/') + 1);
  char *escaped = g_uri_escape_string(name.c_str(), nullptr, FALSE);
  std::string header = "attachment; filename*=UTF-8''" + std::string(escaped);
  g_free(escaped);
  return header;
}

struct Stretch {
  std::uint64_t first = 0, length = 0;
};

// All but the bytes, and which those are; nothing: it is an error. `may_grow`: what is there now may be more
// the next time.
std::optional<Stretch> begin_answer(WebAnswer &answer, const std::string &name, std::uint64_t size_bytes,
                                    bool may_grow, const WebRequest &request) {
  const ByteAnswer bytes = byte_answer(request.header("range"), size_bytes);
  const std::string size = std::to_string(size_bytes);
  answer = {.status = 200, .content_type = content_type_of_file(name)};
  answer.headers = {{"Accept-Ranges", "bytes"},
                    {"Cache-Control", may_grow ? "no-store" : "private, max-age=86400"}};
  if (query_parameter(request.query, "download"))
    answer.headers.emplace_back("Content-Disposition", attachment(name));
  if (bytes.kind == ByteAnswer::Kind::none) {
    answer = web_error(416, "range", "there are " + size + " bytes");
    answer.headers.emplace_back("Content-Range", "bytes */" + size);
    return std::nullopt;
  }
  if (bytes.kind == ByteAnswer::Kind::part) {
    answer.status = 206;
    answer.headers.emplace_back("Content-Range", "bytes " + std::to_string(bytes.first) + "-" +
                                                     std::to_string(bytes.first + bytes.length - 1) + "/" +
                                                     size);
  }
  return Stretch{bytes.first, bytes.length};
}

WebAnswer part_of(const std::string &path, const std::string &name, bool may_grow,
                  const WebRequest &request) {
  const auto facts = file_facts(path);
  if (!facts) return nothing_there();
  WebAnswer answer;
  if (const auto part = begin_answer(answer, name, facts->size_bytes, may_grow, request))
    answer.file = WebAnswer::FilePart{path, part->first, part->length};
  return answer;
}

// `is_file`: else it is one of the many pieces that a player fetches by script.
WebAnswer from_bucket(const WebStores &stores, const Place &place, const std::string &name, bool is_file,
                      const WebRequest &request) {
  StoreDesk *desk = stores.desk;
  const bool is_far = stores.way == BucketMedia::redirect || (stores.way == BucketMedia::mixed && is_file);
  StoredMedia media{.store = place.store, .url = place.url, .object = place.object};
  WebAnswer answer;
  if (is_far && request.method != "HEAD") {  // the address would be good for GET alone
    PresignedGet get{.content_type = content_type_of_file(name)};
    if (query_parameter(request.query, "download")) get.disposition = attachment(name);
    answer.finish = [desk, media, get](const WebAnswer &, const StoreDesk::Reply &reply) {
      desk->redirect(media, get, reply);
    };
    return answer;
  }
  const auto part = begin_answer(answer, name, place.size_bytes, false, request);
  if (!part) return answer;
  if (request.method == "HEAD" || part->length == 0) {
    answer.pieces = WebAnswer::Pieces{.first = part->first, .length = part->length};
    return answer;
  }
  media.first = part->first;
  media.length = part->length;
  answer.finish = [desk, media](WebAnswer begun, const StoreDesk::Reply &reply) {
    desk->send(std::move(begun), media, reply);
  };
  return answer;
}

WebAnswer answer_from(const WebStores &stores, const Place &place, const std::string &name, bool is_file,
                      const WebRequest &request) {
  if (!place.path.empty()) return part_of(place.path, name, false, request);
  if (stores.desk && stores.desk->has(place.store)) return from_bucket(stores, place, name, is_file, request);
  return place.url.empty() ? nothing_there() : redirection(place.url);
}

// The last part of a path, without what could be taken for another one.
std::string extension_of_path(const std::string &path) {
  const std::size_t dot = path.rfind('.');
  if (dot == std::string::npos || dot < path.rfind('/') || path.size() - dot > 6) return "";
  const std::string extension = path.substr(dot);
  const bool is_plain = std::all_of(extension.begin() + 1, extension.end(),
                                    [](unsigned char c) { return g_ascii_isalnum(static_cast<gchar>(c)); });
  return is_plain ? extension : "";
}

// What the playlist is to call its segments, by path and by URL: those of the recording, and those of others
// that it names as a clip.
using SegmentNames = std::unordered_map<std::string, std::string>;
Result<SegmentNames> segment_names(SqlDatabase &db, std::int64_t recording_id) {
  const std::string url =
      "coalesce((SELECT o.url FROM outbox o WHERE o.segment_id = s.id AND o.kind = 'upload' AND o.url <> '' "
      "ORDER BY o.id DESC LIMIT 1), '')";
  REC_TRY(auto query,
          db.prepare("SELECT s.path, s.id, " + url +
                     " FROM segment s WHERE s.recording_id = ?1 UNION SELECT s.path, s.id, " + url +
                     " FROM clip_segment c JOIN segment s ON s.id = c.segment_id "
                     "WHERE c.recording_id = ?1"));
  REC_CHECK(query.bind_all(recording_id));
  SegmentNames names;
  REC_CHECK(query.each_row([&](const SqlStatement &row) {
    std::string path = row.text(0), there = row.text(2);
    const std::string name = "segment/" + std::to_string(row.int64(1)) + extension_of_path(path);
    if (!there.empty()) names.emplace(std::move(there), name);
    names.emplace(std::move(path), name);
  }));
  return names;
}

Place stored_playlist(const std::vector<StoredFile> &files) {
  for (auto file = files.rbegin(); file != files.rend(); ++file)
    if (file->format == Format::hls && !file->url.empty())
      return {.store = file->stored_in, .url = file->url};
  return {};
}

WebAnswer rewritten(const std::string &text, const SegmentNames &names, const std::string &playlist_path) {
  const auto name = [&](std::string_view uri) -> std::optional<std::string> {
    const bool is_web = uri.starts_with("https://") || uri.starts_with("http://");
    // Wherever the playlist lies now, its URIs are seen from where it was written.
    const auto path = is_web ? std::optional(std::string(uri)) : path_of_uri(uri, playlist_path);
    const auto found = path ? names.find(*path) : names.end();
    if (found != names.end()) return found->second;
    return is_web ? path : std::nullopt;
  };
  return {.content_type = kPlaylistType,
          .body = served_playlist(text, name),
          .headers = {{"Cache-Control", "no-store"}}};
}

Result<WebAnswer> playlist_of(Catalogue &catalogue, const WebStores &stores, const Recording &recording) {
  REC_TRY(const auto files, catalogue.files(recording.id));
  const Place place = place_of(stores, recording.playlist_path, stored_playlist(files));
  if (place.path.empty() && place.url.empty()) return nothing_there();
  const bool is_far = place.path.empty();
  if (is_far && !(stores.desk && stores.desk->has(place.store))) return redirection(place.url);
  REC_TRY(SegmentNames names, segment_names(catalogue.connection(), recording.id));
  if (!is_far) {
    REC_TRY(const std::string text, read_file(place.path, kMaxPlaylistBytes));
    return rewritten(text, names, recording.playlist_path);
  }
  WebAnswer answer;
  answer.finish = [desk = stores.desk, media = StoredMedia{.store = place.store, .url = place.url},
                   names = std::move(names),
                   path = recording.playlist_path](const WebAnswer &, const StoreDesk::Reply &reply) {
    desk->read(
        media, kLongestStoredPlaylist,
        [names, path](const std::string &text) { return rewritten(text, names, path); }, reply);
  };
  return answer;
}

// Of the recording, or of another one if this is a clip that names it.
Result<WebAnswer> segment_of(SqlDatabase &db, const WebStores &stores, const Recording &recording,
                             std::int64_t segment_id, const WebRequest &request) {
  REC_TRY(auto query,
          db.prepare(std::string("SELECT s.path, s.size_bytes, coalesce(o.target, ") + kStoreByPlaylist +
                     ", ''), coalesce(o.url, ''), " + kObjectByName +
                     " FROM segment s JOIN recording r ON r.id = s.recording_id LEFT JOIN outbox o ON "
                     "o.segment_id = s.id AND o.kind = 'upload' AND o.url <> '' WHERE s.id = ?2 AND "
                     "(s.recording_id = ?1 OR EXISTS (SELECT 1 FROM clip_segment c WHERE "
                     "c.segment_id = s.id AND c.recording_id = ?1)) ORDER BY o.id DESC LIMIT 1"));
  REC_CHECK(query.bind_all(recording.id, segment_id));
  REC_TRY(const bool found, query.step());
  if (!found) return nothing_there();
  const std::string path = query.text(0);
  const Place stored{.store = query.text(2),
                     .url = query.text(3),
                     .object = query.text(4),
                     .size_bytes = static_cast<std::uint64_t>(query.int64(1))};
  return answer_from(stores, place_of(stores, path, stored), path, false, request);
}

}  // namespace

WebAnswer web_playlist(Catalogue &catalogue, const WebStores &stores, const Recording &recording) {
  if (recording.playlist_path.empty()) return nothing_there();
  const auto answer = playlist_of(catalogue, stores, recording);
  return answer ? *answer : web_error(answer.error());
}

WebAnswer web_segment(Catalogue &catalogue, const WebStores &stores, const Recording &recording,
                      std::int64_t segment_id, const WebRequest &request) {
  const auto answer = segment_of(catalogue.connection(), stores, recording, segment_id, request);
  return answer ? *answer : web_error(answer.error());
}

WebAnswer web_file(Catalogue &catalogue, const WebStores &stores, const Recording &recording,
                   std::int64_t file_id, const WebRequest &request) {
  const auto files = catalogue.files(recording.id);
  if (!files) return web_error(files.error());
  const auto file =
      std::find_if(files->begin(), files->end(), [&](const StoredFile &f) { return f.id == file_id; });
  if (file == files->end() || file->state == FileState::failed || file->state == FileState::expired ||
      file->format == Format::hls)
    return nothing_there();
  if (file->state == FileState::closed) {
    const Place stored{.store = file->stored_in, .url = file->url, .size_bytes = file->facts.size_bytes};
    return answer_from(stores, place_of(stores, file->facts.path, stored), file->facts.path, true, request);
  }
  const std::string extension(extension_of(file->format));
  const std::string name = file->format == Format::other ? file->facts.temp_path : "recording." + extension;
  return part_of(file->facts.temp_path, name, true, request);
}

}  // namespace rec
