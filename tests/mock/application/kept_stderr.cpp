#include "mock/application/kept_stderr.hpp"

#include <gtest/gtest.h>

#include <sys/mman.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <stdexcept>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#include <sanitizer/common_interface_defs.h>
#endif

namespace braid::application_test {
namespace {

// For the signal handler, which has nothing else.
int crash_from = -1;
int crash_to = -1;

void copy(int from, int to) {
  char buffer[4096];
  off_t at = 0;
  for (;;) {
    const ssize_t count = ::pread(from, buffer, sizeof buffer, at);
    if (count <= 0) return;
    if (::write(to, buffer, static_cast<std::size_t>(count)) < 0) return;
    at += count;
  }
}

void show_and_die(int signal) {
  if (crash_from >= 0) copy(crash_from, crash_to);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

}  // namespace

KeptStderr::KeptStderr() {
  std::fflush(stderr);
  kept_ = ::memfd_create("stderr", MFD_CLOEXEC);
  saved_ = ::dup(STDERR_FILENO);
  if (kept_ < 0 || saved_ < 0) throw std::runtime_error("stderr can't be kept");
  if (std::getenv("BRAID_TEST_LOUD") != nullptr) return;
  ::dup2(kept_, STDERR_FILENO);
  crash_to = saved_;
  crash_from = kept_;
  std::signal(SIGABRT, show_and_die);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  __sanitizer_set_report_fd(reinterpret_cast<void*>(static_cast<std::intptr_t>(saved_)));
#else
  std::signal(SIGSEGV, show_and_die);
#endif
}

KeptStderr::~KeptStderr() {
  std::fflush(stderr);
  ::dup2(saved_, STDERR_FILENO);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  __sanitizer_set_report_fd(reinterpret_cast<void*>(static_cast<std::intptr_t>(STDERR_FILENO)));
#else
  std::signal(SIGSEGV, SIG_DFL);
#endif
  std::signal(SIGABRT, SIG_DFL);
  crash_from = -1;
  if (::testing::Test::HasFailure()) copy(kept_, STDERR_FILENO);
  ::close(kept_);
  ::close(saved_);
}

std::string KeptStderr::text() const {
  std::fflush(stderr);
  std::string all;
  char buffer[4096];
  off_t at = 0;
  for (ssize_t count = 0; (count = ::pread(kept_, buffer, sizeof buffer, at)) > 0; at += count) {
    all.append(buffer, static_cast<std::size_t>(count));
  }
  return all;
}

std::size_t KeptStderr::count(const std::string& part) const {
  const std::string all = text();
  std::size_t found = 0;
  for (std::size_t at = all.find(part); at != std::string::npos; at = all.find(part, at + part.size())) ++found;
  return found;
}

}  // namespace braid::application_test
