// SPDX-License-Identifier: LGPL-2.1-or-later
#include <filesystem>
#include <system_error>

#include "core/base/glib_ptr.h"
#include "core/io/files.h"
#include "core/model/object_key.h"
#include "core/service/object_store.h"

namespace rec {
namespace {

class FileStore final : public ObjectStore {
 public:
  explicit FileStore(std::string root) : root_(std::move(root)) {}

  Result<std::string> put(const NewObject &object, GCancellable *) override {
    const std::string &path = object.path;
    REC_TRY(const std::string key, object_key("", object.directory, path));
    const std::string target = root_ + "/" + key;
    std::error_code ignored;  // the spool may be the store
    if (!std::filesystem::equivalent(path, target, ignored)) REC_CHECK(copy_file_atomically(path, target));
    const CString uri(g_filename_to_uri(target.c_str(), nullptr, nullptr));
    return uri ? std::string(uri.get()) : "file://" + percent_encode(target, true);
  }

 private:
  const std::string root_;  // absolute
};

}  // namespace

Result<std::unique_ptr<ObjectStore>> make_file_store(const StoreSettings &settings) {
  ErrorOut e;
  const CString root(g_filename_from_uri(settings.uri.c_str(), nullptr, e.out()));
  if (!root) return Error{Errc::invalid_argument, "store " + settings.name + ": " + e->message};
  return std::unique_ptr<ObjectStore>(std::make_unique<FileStore>(root.get()));
}

}  // namespace rec
