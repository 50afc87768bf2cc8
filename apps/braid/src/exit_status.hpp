#pragma once

namespace braid::app {

// What the program's exit status says.
enum class ExitStatus : int {
  success = 0,
  runtime_error = 1,     // a broker or a process failed, or the end was not reached
  usage_error = 2,       // wrong arguments or settings; nothing was started
  not_executable = 126,  // the program that was to be run is there, and can't be executed
  not_found = 127,       // there is no such program
  interrupted = 130,     // a signal ended it early; what was under way was finished first
};

}  // namespace braid::app
