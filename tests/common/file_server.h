// SPDX-License-Identifier: LGPL-2.1-or-later
#pragma once
#include <gio/gio.h>

#include <filesystem>
#include <string>

namespace rec::test {

// The files of a directory by HTTP on 127.0.0.1, one request for each connection.
class FileServer {
 public:
  explicit FileServer(std::filesystem::path directory);
  ~FileServer();
  FileServer(const FileServer &) = delete;
  FileServer &operator=(const FileServer &) = delete;
  std::string uri() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  static gboolean answer(GThreadedSocketService *, GSocketConnection *, GObject *, gpointer self);
  void run();

  std::filesystem::path directory_;
  GMainContext *context_;
  GMainLoop *loop_;
  GThread *thread_;
  GSocketService *service_ = nullptr;
  guint16 port_ = 0;
};

}  // namespace rec::test
