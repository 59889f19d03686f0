// SPDX-License-Identifier: Apache-2.0
#include "face_kit/run/result_folder.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <stdexcept>
#include <system_error>
#include <utility>

#include "face_kit/run/messages.hpp"

namespace face_kit {

namespace {

std::string reason_of(int error) { return std::generic_category().message(error); }

}  // namespace

void result_folder::fail(std::string const& reason) const {
  throw std::runtime_error("--out: " + path_ + ": " + reason);
}

/// False if the file was removed between opening and locking: then the lock would keep no one out.
bool result_folder::try_to_lock() {
  std::error_code error;
  created_ = std::filesystem::create_directories(path_, error) || created_;
  if (error) fail("cannot be created: " + error.message());
  descriptor_ = ::open(file().c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (descriptor_ < 0) {
    if (errno == ENOENT) return false;
    int const reason = errno;
    auto const there = std::filesystem::symlink_status(file(), error).type();
    if (there == std::filesystem::file_type::directory)
      fail("its .lock is a folder, but a run needs that name for the file it locks");
    fail("cannot be written: " + reason_of(reason));
  }
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    int const reason = errno;
    if (reason != EWOULDBLOCK) {
      warn("--out: %s: cannot be locked (%s); do not start a second run in it", path_.c_str(),
           reason_of(reason).c_str());
      return true;
    }
    ::close(descriptor_);
    fail("another run is writing to this folder; wait for its end or choose another --out");
  }
  struct stat locked {
  }, named{};
  if (::fstat(descriptor_, &locked) == 0 && ::stat(file().c_str(), &named) == 0 &&
      locked.st_dev == named.st_dev && locked.st_ino == named.st_ino) {
    return true;
  }
  ::close(descriptor_);
  return false;
}

result_folder::result_folder(std::string path) : path_(std::move(path)) {
  for (int tries = 0; tries < 100; ++tries)
    if (try_to_lock()) return;
  fail("cannot be locked: its lock file keeps disappearing");
}

result_folder::~result_folder() {
  ::unlink(file().c_str());
  if (created_) ::rmdir(path_.c_str());
  ::close(descriptor_);
}

}  // namespace face_kit
