// SPDX-License-Identifier: LGPL-2.1-or-later
#include "tests/common/temp_dir.h"

#include <glib/gstdio.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <system_error>

#include "core/base/glib_ptr.h"

namespace rec::test {
namespace fs = std::filesystem;

TempDir::TempDir() {
  ErrorOut error;
  const CString made(g_dir_make_tmp("rec-test-XXXXXX", error.out()));
  if (error) g_error("no temporary directory: %s", error->message);
  path_ = made.get();
}

TempDir::~TempDir() {
  std::error_code ignored;  // a test that removed it itself is fine
  fs::remove_all(path_, ignored);
}

std::vector<std::string> TempDir::files() const {
  std::vector<std::string> found;
  for (const auto &entry : fs::recursive_directory_iterator(path_))
    if (entry.is_regular_file()) found.push_back(fs::relative(entry.path(), path_).string());
  std::sort(found.begin(), found.end());
  return found;
}

std::string read_file(const fs::path &path) {
  const std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << "cannot read " << path;
  std::ostringstream bytes;
  bytes << file.rdbuf();
  return bytes.str();
}

void write_file(const fs::path &path, std::string_view bytes) {
  fs::create_directories(path.parent_path());
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << bytes;
  EXPECT_TRUE(file.flush()) << "cannot write " << path;
}

}  // namespace rec::test
