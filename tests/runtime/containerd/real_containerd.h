// One private containerd per test program, started when first asked for, and all that is needed to
// run things in it. Everything is removed when the program ends.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "base/process.h"
#include "runtime/containerd/connect.h"
#include "runtime/containerd/private_containerd.h"

namespace dokku::testing {

class RealContainerd {
 public:
  // Why it cannot run here (not root, no containerd); empty: it can.
  static std::string why_not();
  static RealContainerd& get();

  runtime::Containers& containers() { return *client_->containers; }
  runtime::Images& images() { return *client_->images; }
  const runtime::ContainerdOptions& options() const { return options_; }
  runtime::PrivateContainerd& process() { return *process_; }
  const std::filesystem::path& directory() const { return directory_; }
  // An image that holds testbox alone.
  const runtime::ImageRef& image() const { return *image_; }

  RealContainerd();
  ~RealContainerd();

 private:
  std::filesystem::path directory_;
  runtime::ContainerdOptions options_;
  std::unique_ptr<runtime::PrivateContainerd> process_;
  std::optional<runtime::Containerd> client_;
  std::optional<runtime::ImageRef> image_;
};

// A FIFO whose other end is a container's stream.
class Fifo {
 public:
  explicit Fifo(const std::filesystem::path& path);
  ~Fifo();
  const std::filesystem::path& path() const { return path_; }
  // As its reader: opens without waiting for a writer.
  void open_for_reading();
  void open_for_writing();
  void write(const std::string& text);
  void close() { fd_.reset(); }
  // Until the far end is closed, or `until` was read, or ten seconds have passed.
  std::string read(const std::string& until = "");

 private:
  std::filesystem::path path_;
  UniqueFd fd_;
};

}  // namespace dokku::testing
