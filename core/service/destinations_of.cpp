// SPDX-License-Identifier: LGPL-2.1-or-later
#include "core/service/destinations_of.h"

#include "core/service/expiry.h"

namespace rec {

Destinations destinations_of(const Configuration &configuration, const EnvironmentVariable &environment) {
  Destinations to;
  to.stores = configuration.stores;
  to.callbacks = configuration.callbacks;
  to.proxies = proxy_variables(environment);
  to.spool = configuration.spool;
  to.retention = retention_of(configuration);
  to.jobs = configuration.jobs;
  for (const auto &[name, store] : configuration.stores)
    if (store.credentials.kind == CredentialPlace::Kind::env)
      to.credentials[name] = environment_credentials(store, environment);
  for (const auto &[name, t] : configuration.templates) {
    if (!t.backup_store.empty()) to.with_backup.insert(t.store);
    if (t.local_copies != LocalCopyPolicy{}) to.local_copies[name] = t.local_copies;
    if (t.hls) to.storage_classes[{name, Format::hls}] = t.hls->options.storage_class;
    for (const FileFormat &file : t.files)
      to.storage_classes[{name, file.format}] = file.options.storage_class;
  }
  for (auto &[name, callback] : to.callbacks)
    if (!callback.url_env.empty()) callback.url = environment(callback.url_env.c_str());
  for (const auto &[name, callback] : configuration.callbacks)
    if (!callback.key_env.empty())
      to.callback_keys[name] = {
          environment(callback.key_env.c_str()),
          callback.older_key_env.empty() ? "" : environment(callback.older_key_env.c_str())};
  return to;
}

}  // namespace rec
