#pragma once

namespace braid::app {

// What the program's exit status says.
enum class ExitStatus : int {
  success = 0,
  runtime_error = 1,  // a broker failed, or the end was not reached
  usage_error = 2,    // wrong arguments or settings; nothing was started
  interrupted = 130,  // a signal ended it early; what was under way was finished first
};

}  // namespace braid::app
