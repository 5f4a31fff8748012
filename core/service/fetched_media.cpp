// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/fetched_media.h"

#include <algorithm>
#include <filesystem>
#include <optional>
#include <utility>

#include "core/io/files.h"
#include "core/model/object_key.h"
#include "core/model/served_playlist.h"
#include "core/service/expiry.h"

namespace rec {
namespace {
namespace fs = std::filesystem;

constexpr std::uint64_t kPiece = 1 << 20;  // bytes
constexpr std::uint64_t kKeptFree = std::uint64_t{1} << 30;
static_assert(kPiece <= kLargestAnswer);

// Where it can be read right away: "" = nowhere.
std::string path_here(const std::string &local, const StoredObject &object) {
  if (!local.empty() && file_facts(local)) return local;
  if (!object.url.starts_with("file:")) return "";
  const auto path = path_of_uri(object.url, "/");
  return path && file_facts(*path) ? *path : "";
}

}  // namespace

struct FetchedMedia::Copy {
  Copy(DiskFile of_it, ObjectStore &from, StoredObject what)
      : file(std::move(of_it)),
        store(from),
        object(std::move(what)),
        has(static_cast<std::size_t>((object.size_bytes + kPiece - 1) / kPiece)) {}

  Status bring(std::uint64_t at, std::uint64_t bytes) {
    const std::uint64_t end = std::min(object.size_bytes, at + bytes);
    for (std::uint64_t piece = at / kPiece; piece * kPiece < end; ++piece)
      if (!has[static_cast<std::size_t>(piece)]) REC_CHECK(fetch(piece));
    return ok();
  }

  Status fetch(std::uint64_t piece) {
    const std::uint64_t begin = piece * kPiece;
    const std::uint64_t bytes = std::min(kPiece, object.size_bytes - begin);
    const auto free = free_bytes_of(fs::path(file.path()).parent_path().string());
    if (free && *free < kKeptFree + bytes)
      return Error{Errc::unavailable, "the disk of '" + file.path() +
                                          "' is too full to fetch from the store what is needed; free some "
                                          "of it"};
    REC_TRY(const std::string text, store.read(object.url, begin, bytes, nullptr));
    REC_CHECK(file.write(begin, text));
    has[static_cast<std::size_t>(piece)] = true;
    return ok();
  }

  DiskFile file;
  ObjectStore &store;
  const StoredObject object;
  std::vector<bool> has;  // by piece
};

FetchedMedia::FetchedMedia(OpenStores *stores, std::string folder)
    : stores_(stores), folder_(std::move(folder)) {}

FetchedMedia::~FetchedMedia() = default;

// What only its name tells of: in a directory it can be read where it lies.
StoredObject FetchedMedia::located(StoredObject object) {
  if (!stores_ || !object.url.empty() || !key_of_name("", object.name)) return object;
  const auto store = stores_->get(object.store);
  auto url = store ? (*store)->url_of(object.name) : Result<std::string>(store.error());
  if (url) object.url = *std::move(url);
  return object;
}

Result<FetchedMedia::Copy *> FetchedMedia::begin(StoredObject object) {
  const bool is_named = !object.url.empty() || !object.name.empty();
  if (!stores_ || object.store.empty() || !is_named || object.size_bytes == 0)
    return Error{Errc::not_found,
                 "there is no local copy any more, and no store of the configuration has it"};
  REC_TRY(ObjectStore *const store, stores_->get(object.store));
  if (object.url.empty()) {
    REC_TRY(object.url, store->url_of(object.name));
  }
  REC_TRY(DiskFile file, DiskFile::create_temporary(folder_));
  copies_.push_back(std::make_unique<Copy>(std::move(file), *store, object));
  REC_CHECK(copies_.back()->file.truncate(object.size_bytes));
  return copies_.back().get();
}

Result<FileRange> FetchedMedia::file(const std::string &local, const StoredObject &object) {
  FileRange range;
  range.paths = {path_here(local, located(object))};
  if (!range.paths.front().empty()) return range;
  REC_TRY(Copy *const copy, begin(object));
  range.paths = {copy->file.path_by_fd()};
  range.bring = [copy](std::uint64_t at, std::uint64_t bytes) { return copy->bring(at, bytes); };
  return range;
}

Result<std::string> FetchedMedia::whole(const std::string &local, const StoredObject &object) {
  const std::string here = path_here(local, located(object));
  if (!here.empty()) return here;
  REC_TRY(Copy *const copy, begin(object));
  REC_CHECK(copy->bring(0, object.size_bytes));
  return copy->file.path_by_fd();
}

}  // namespace rec
