// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace rec {

// Proof of life of one owner of catalogue rows: a locked file `<catalogue>-owners/<id>`. The kernel drops
// the lock when the process dies, however it dies: no process ids, no heartbeats, no time-outs.
class OwnerLease {
 public:
  // A new identity for the catalogue file at `catalogue_path`.
  static Result<OwnerLease> create(const std::string &catalogue_path);
  // True while some process (this one included) holds the lease. "" and unknown owners are dead. When that
  // cannot be found out (no permission) the owner counts as alive: nothing may be taken from it.
  static bool is_alive(const std::string &catalogue_path, const std::string &owner);
  // Removes the lock files of the dead, who have no rows in the catalogue any more; `keep` names those who
  // have.
  static void forget_dead(const std::string &catalogue_path, const std::vector<std::string> &keep);

  ~OwnerLease();  // gives the lease up
  OwnerLease(OwnerLease &&other) noexcept;
  OwnerLease &operator=(OwnerLease &&other) noexcept;
  OwnerLease(const OwnerLease &) = delete;
  OwnerLease &operator=(const OwnerLease &) = delete;

  const std::string &id() const { return id_; }  // a UUID

 private:
  OwnerLease(int fd, std::string id, std::string path);

  int fd_;  // holds the lock; -1 after a move
  std::string id_;
  std::string path_;  // of the lock file
};

// The identity of this process for one catalogue: made at the first call, shared by every element that asks
// while at least one of them keeps it. Thread-safe.
Result<std::shared_ptr<const OwnerLease>> process_owner(const std::string &catalogue_path);

std::string random_decimal_id();  // 63 random bits in decimal: session ids

}  // namespace rec
