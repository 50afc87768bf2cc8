#pragma once

namespace clickstream {

/// What the program's exit status says.
enum class ExitStatus : int {
  success = 0,
  runtime_error = 1,    ///< A file or broker failed, or the verification did.
  usage_error = 2,      ///< Wrong arguments or configuration; nothing was started.
  malformed_lines = 3,  ///< Under --strict only: all was done, but some lines were malformed and skipped.
  interrupted = 130,    ///< A signal ended it early; what was under way was finished first.
};

}  // namespace clickstream
