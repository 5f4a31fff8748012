// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace rec::test {

// A new empty directory, removed with everything in it at the end of the test. Aborts when it cannot be made.
class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir &) = delete;
  TempDir &operator=(const TempDir &) = delete;

  const std::filesystem::path &path() const { return path_; }
  std::string operator/(std::string_view name) const { return (path_ / name).string(); }
  // Regular files below it, relative, sorted, hidden ones included.
  std::vector<std::string> files() const;

 private:
  std::filesystem::path path_;
};

std::string read_file(const std::filesystem::path &path);  // "" and a test failure when it cannot be read
void write_file(const std::filesystem::path &path, std::string_view bytes);

}  // namespace rec::test
