// SPDX-License-Identifier: LGPL-2.1-or-later
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <system_error>
#include <utility>

#include "core/base/digest.h"
#include "core/base/glib_ptr.h"
#include "core/io/files.h"
#include "core/model/object_key.h"
#include "core/service/grown_copy.h"
#include "core/service/object_store.h"

namespace rec {
namespace {

class FileStore final : public ObjectStore {
 public:
  explicit FileStore(std::string root) : root_(std::move(root)) {}

  Result<std::string> put(const NewObject &object, GCancellable *) override {
    const std::string &path = object.path;
    REC_TRY(const std::string key, key_of(object, ""));
    const std::string target = root_ + "/" + key;
    std::error_code ignored;  // the spool may be the store
    if (!std::filesystem::equivalent(path, target, ignored)) REC_CHECK(store(object, target));
    const CString uri(g_filename_to_uri(target.c_str(), nullptr, nullptr));
    return uri ? std::string(uri.get()) : "file://" + percent_encode(target, true);
  }

  Status remove(const std::string &url, GCancellable *) override {
    const CString path(g_filename_from_uri(url.c_str(), nullptr, nullptr));
    if (!path || !object_key("", root_, path.get()))
      return Error{Errc::invalid_argument, "it is not in this store: " + url};
    return remove_file_below(path.get(), root_);
  }

  Status abort(const std::string &, const std::string &, GCancellable *) override {
    return ok();  // there are none: what grows is the Grower's
  }

  Result<std::string> read(const std::string &url, std::uint64_t offset, std::uint64_t bytes,
                           GCancellable *) override {
    const CString path(g_filename_from_uri(url.c_str(), nullptr, nullptr));
    if (!path || !object_key("", root_, path.get()))
      return Error{Errc::invalid_argument, "it is not in this store: " + url};
    REC_TRY(const RandomAccessFile file, RandomAccessFile::open(path.get()));
    std::string out(bytes, '\0');
    if (file.read(offset, {reinterpret_cast<std::uint8_t *>(out.data()), out.size()})) return out;
    return Error{Errc::corrupt, "'" + std::string(path.get()) + "' is shorter than it was"};
  }

  Result<std::string> read_all(const std::string &url, std::uint64_t most_bytes, GCancellable *) override {
    const CString path(g_filename_from_uri(url.c_str(), nullptr, nullptr));
    if (!path || !object_key("", root_, path.get()))
      return Error{Errc::invalid_argument, "it is not in this store: " + url};
    return read_file(path.get(), most_bytes);
  }

  Result<std::string> url_of(const std::string &name) const override {
    const CString uri(g_filename_to_uri((root_ + "/" + name).c_str(), nullptr, nullptr));
    if (uri) return std::string(uri.get());
    return Error{Errc::invalid_argument, "'" + name + "' is no name of a file"};
  }

  Result<std::uint64_t> length(const std::string &url, GCancellable *) override {
    const CString path(g_filename_from_uri(url.c_str(), nullptr, nullptr));
    if (!path || !object_key("", root_, path.get()))
      return Error{Errc::invalid_argument, "it is not in this store: " + url};
    REC_TRY(const FileFacts facts, file_facts(path.get()));
    return facts.size_bytes;
  }

  Result<std::string> presigned(const std::string &, const PresignedGet &, GCancellable *) override {
    return Error{Errc::invalid_argument, "a directory has no addresses"};
  }

 private:
  // As long as what is kept in memory of it.
  static constexpr std::uint64_t kPiece = std::uint64_t{5} << 20;

  static Status store_fetched(const FetchedBytes &fetched, const std::string &target) {
    Hasher sum(Hash::sha256);
    std::uint64_t at = 0;
    const auto next = [&]() -> Result<std::string> {
      const std::uint64_t bytes = std::min(kPiece, fetched.bytes - at);
      if (bytes == 0) {
        if (fetched.sha256.empty() || to_hex(sum.raw()) == fetched.sha256) return std::string();
        return Error{Errc::corrupt, "what the other store has are not the bytes that were recorded"};
      }
      REC_TRY(std::string piece, fetched.read(at, bytes));
      sum.add(piece);
      at += bytes;
      return piece;
    };
    return write_pieces_atomically(target, next);
  }

  Status store(const NewObject &object, const std::string &target) const {
    if (!object.content && !object.fetched) return copy(object, target);
    REC_CHECK(make_directories(std::filesystem::path(target).parent_path().string()));
    return object.fetched ? store_fetched(*object.fetched, target)
                          : write_file_atomically(target, *object.content);
  }

  Status copy(const NewObject &object, const std::string &target) const {
    if (object.grown) {
      REC_TRY(const bool completed, complete_grown_copy(root_, *object.grown, object.path, target));
      if (completed) return ok();
    }
    return copy_file_atomically(object.path, target);
  }

  const std::string root_;  // absolute
};

}  // namespace

Result<std::unique_ptr<ObjectStore>> make_file_store(const StoreSettings &settings) {
  REC_TRY(std::string root, directory_of_store(settings));
  return std::unique_ptr<ObjectStore>(std::make_unique<FileStore>(std::move(root)));
}

}  // namespace rec
