#pragma once

#include <string>

namespace braid::application_test {

// Keeps what the process writes to stderr, for assertions, and so that tests are quiet: it is shown when the test
// has failed, or when the process ends by a crash. BRAID_TEST_LOUD in the environment shows all as it comes, too
// late for a test that hangs otherwise. One at a time.
// Thread: the test's; writers any.
class KeptStderr {
 public:
  KeptStderr();
  ~KeptStderr();
  KeptStderr(const KeptStderr&) = delete;
  KeptStderr& operator=(const KeptStderr&) = delete;

  [[nodiscard]] std::string text() const;
  // How often `part` occurs.
  [[nodiscard]] std::size_t count(const std::string& part) const;

 private:
  int saved_ = -1;
  int kept_ = -1;
};

}  // namespace braid::application_test
