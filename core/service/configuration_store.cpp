// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/configuration_store.h"

#include <filesystem>
#include <map>
#include <utility>

#include "core/base/digest.h"

namespace rec {

std::shared_ptr<const ConfigurationInForce> ConfigurationStore::sample() {
  MutexLock lock(mutex_);
  look();
  return in_force_;
}

void ConfigurationStore::look() {
  const UtcTime now = clock_.now_utc();
  const auto stamp = file_stamp(path_);
  if (stamp && stamp_ == *stamp) return;
  stamp_.reset();
  const auto text = stamp ? read_file(path_, kMaxConfigurationFile) : Result<std::string>(stamp.error());
  // Taken before the bytes were read: what is written from now on has another stamp, once time has moved on.
  if (text && stamp->changed + kStampSettles < now) stamp_ = *stamp;
  std::string digest = text ? hex_digest(Hash::sha256, *text) : text.error().message;
  if (in_force_ && digest == digest_) return;
  replace(text ? parse_configuration(*text, path_) : unreadable_configuration(text.error()),
          std::move(digest));
}

void ConfigurationStore::replace(LoadedConfiguration loaded, std::string digest) {
  auto next = std::make_shared<ConfigurationInForce>();
  next->change = in_force_ ? in_force_->change + 1 : 1;
  next->loaded = std::move(loaded);
  if (!next->loaded.configuration && in_force_) {
    next->loaded.configuration = in_force_->loaded.configuration;
    next->loaded.notices = in_force_->loaded.notices;
  }
  in_force_ = std::move(next);
  digest_ = std::move(digest);
}

std::shared_ptr<ConfigurationStore> shared_configuration(const std::string &path) {
  // Not state of anybody's behaviour but of the file system: what a file said when it last was good. Elements
  // that never meet must find the same, and the next push of a process what the one before it knew.
  using Stores = std::map<std::string, std::shared_ptr<ConfigurationStore>>;
  constexpr std::size_t kMostUnused = 64;
  static const SystemClock clock;
  static Guarded<Stores> stores;
  std::error_code unused;
  const std::filesystem::path absolute = std::filesystem::absolute(path, unused);
  return stores.with([&](Stores &known) {
    if (known.size() >= kMostUnused)
      std::erase_if(known, [](const auto &entry) { return entry.second.use_count() == 1; });
    auto &store = known[absolute.lexically_normal().string()];
    if (!store) store = std::make_shared<ConfigurationStore>(path, clock);
    return store;
  });
}

}  // namespace rec
