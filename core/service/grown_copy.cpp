// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/grown_copy.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include "core/base/glib_ptr.h"
#include "core/io/files.h"
#include "core/model/object_key.h"

namespace rec {
namespace {
namespace fs = std::filesystem;

// not_found: no upload of this store is called so.
Result<std::string> path_of(const std::string &directory, const std::string &key,
                            const std::string &upload_id) {
  if (!is_growing_key(key) || !g_uuid_string_is_valid(upload_id.c_str()))
    return Error{Errc::not_found, "the directory " + directory + " has no upload of " + key};
  return std::string(directory).append("/").append(key).append(".").append(upload_id);
}

class CopyParts final : public PartStore {
 public:
  explicit CopyParts(std::string directory) : directory_(std::move(directory)) {}

  // A name can be given at the end: that costs nothing here.
  Result<std::string> key_of(const GrowingFile &file, const std::string &) const override {
    return growing_key_of(file, "");
  }

  Result<std::string> begin(const GrowingFile &file, const std::string &key, const std::string &,
                            GCancellable *) override {
    std::error_code ignored;
    if (fs::equivalent(file.directory, directory_, ignored))
      return Error{Errc::exists, "'" + file.path + "' grows in the store"};
    REC_CHECK(abort_all(key));
    const CString id(g_uuid_string_random());
    REC_TRY(const std::string path, path_of(directory_, key, id.get()));
    REC_CHECK(make_directories(fs::path(path).parent_path().string()));
    REC_CHECK(create_file(path));
    REC_CHECK(sync_parent_directory(path));
    return std::string(id.get());
  }

  Result<std::string> send(const std::string &key, const std::string &upload_id, const std::string &path,
                           const PartRange &part, GCancellable *) override {
    REC_TRY(const std::string copy, path_of(directory_, key, upload_id));
    REC_CHECK(copy_stretch(path, copy, part.offset, part.bytes));
    return std::string();
  }

  Status abort(const std::string &key, const std::string &upload_id, GCancellable *) override {
    if (upload_id.empty()) return abort_all(key);
    const auto path = path_of(directory_, key, upload_id);
    return path ? remove_file(*path) : ok();
  }

 private:
  static Status remove_file(const std::string &path) {
    std::error_code e;
    fs::remove(path, e);
    if (e) return error_of_errno(e.value(), "removing", path);
    return ok();
  }

  Status abort_all(const std::string &key) const {
    if (!is_growing_key(key)) return ok();
    const fs::path beginning = directory_ + "/" + key + ".";
    std::error_code e;
    for (const auto &entry : fs::directory_iterator(beginning.parent_path(), e))
      if (entry.path().string().starts_with(beginning.string())) REC_CHECK(remove_file(entry.path()));
    return ok();
  }

  const std::string directory_;  // absolute
};

// What is there of a part may be right: it was copied when nobody could remember it any more, or the file was
// repaired since.
Status complete_parts(const GrownUpload &grown, const std::string &path, const std::string &copy,
                      std::uint64_t bytes) {
  for (const PartRange &part : parts_of(bytes)) {
    if (grown.parts.contains(part.number)) continue;
    REC_TRY(const bool same, is_same_stretch(path, copy, part.offset, part.bytes));
    if (!same) REC_CHECK(copy_stretch(path, copy, part.offset, part.bytes));
  }
  REC_CHECK(truncate_file(copy, bytes));
  return sync_file(copy);
}

// By who died before it could be remembered.
Result<bool> is_copied(const std::string &path, const std::string &target, std::uint64_t bytes) {
  const auto there = file_facts(target);
  if (!there || there->size_bytes != bytes) return false;
  return is_same_stretch(path, target, 0, bytes);
}

}  // namespace

Result<std::string> directory_of_store(const StoreSettings &settings) {
  ErrorOut e;
  const CString directory(g_filename_from_uri(settings.uri.c_str(), nullptr, e.out()));
  if (!directory) return Error{Errc::invalid_argument, "store " + settings.name + ": " + e->message};
  return std::string(directory.get());
}

std::unique_ptr<PartStore> make_copy_parts(std::string directory) {
  return std::make_unique<CopyParts>(std::move(directory));
}

Result<bool> complete_grown_copy(const std::string &directory, const GrownUpload &grown,
                                 const std::string &path, const std::string &target) {
  REC_TRY(const FileFacts facts, file_facts(path));
  const auto copy = path_of(directory, grown.key, grown.upload_id);
  if (!copy || !file_facts(*copy)) return is_copied(path, target, facts.size_bytes);
  REC_CHECK(complete_parts(grown, path, *copy, facts.size_bytes));
  REC_CHECK(make_directories(fs::path(target).parent_path().string()));
  const Status renamed = rename_over(*copy, target);
  if (!renamed && renamed.error().code == Errc::invalid_argument) return false;  // another mount lies there
  REC_CHECK(renamed);
  return true;
}

}  // namespace rec
