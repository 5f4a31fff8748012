// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <sys/types.h>

#include <atomic>
#include <string>
#include <string_view>

#include "tests/common/publisher.h"

namespace rec::test {

// Encoders do not make the same of the same in another process: media that several processes send comes from
// a file.
std::string text_of(const Media &media);
Media take_media(std::string_view &text);

// Units that are sent in [from, to).
Media between(const Media &media, Nanoseconds from, Nanoseconds to);

// Until the system's clock has gone on by that much.
void wait_for(Nanoseconds time);

// A number that several processes read and write, and that outlives them. Begins at 0.
class SharedNumber {
 public:
  explicit SharedNumber(const std::string &path);
  ~SharedNumber();
  SharedNumber(const SharedNumber &) = delete;
  SharedNumber &operator=(const SharedNumber &) = delete;
  std::int64_t get() const { return shared_->load(); }
  void set(std::int64_t value) { shared_->store(value); }

 private:
  std::atomic<std::int64_t> *shared_;
};

// A test of this program, which may be a disabled one, in a process of its own; killed at the latest with
// this. `directory`: what other_directory() gives there.
class Victim {
 public:
  Victim(const std::string &test, const std::string &directory);
  ~Victim() { kill_it(); }
  Victim(const Victim &) = delete;
  Victim &operator=(const Victim &) = delete;
  void kill_it();  // SIGKILL

 private:
  pid_t pid_ = 0;
};
std::string victims_directory();

}  // namespace rec::test
