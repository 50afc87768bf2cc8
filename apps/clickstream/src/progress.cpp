#include "apps/clickstream/src/progress.hpp"

#include "apps/clickstream/src/format.hpp"

#include <algorithm>
#include <limits>
#include <ostream>

namespace clickstream {
namespace {

constexpr std::uint64_t steps_on_terminal = 200;
constexpr std::uint64_t steps_elsewhere = 10;
constexpr std::size_t bar_width = 30;

// done / total in whole steps, without overflow for byte counts of any size.
std::uint64_t step_of(std::uint64_t done, std::uint64_t total, std::uint64_t steps) {
  const double share = static_cast<double>(done) / static_cast<double>(total);
  return done >= total ? steps
                       : std::min(steps - 1, static_cast<std::uint64_t>(share * static_cast<double>(steps)));
}

// The least `done` at which the step may be reached; a comparison a little too early costs nothing but a look.
std::uint64_t first_of_step(std::uint64_t step, std::uint64_t total, std::uint64_t steps) {
  if (step > steps) return std::numeric_limits<std::uint64_t>::max();
  if (step == steps) return total;
  return static_cast<std::uint64_t>(static_cast<double>(total) * static_cast<double>(step) /
                                    static_cast<double>(steps));
}

}  // namespace

Progress::Progress(std::ostream& sink, Options options) : sink_(sink), options_(std::move(options)) {}

Progress::~Progress() {
  finish();
}

void Progress::finish() {
  if (!line_open_) return;
  sink_ << '\n' << std::flush;
  line_open_ = false;
}

void Progress::show(std::uint64_t done, std::uint64_t total, double rate) {
  const std::uint64_t steps = options_.terminal ? steps_on_terminal : steps_elsewhere;
  const bool total_changed = total != total_;
  total_ = total;
  if (total == 0) return;
  done = std::min(done, total);
  const std::uint64_t step = step_of(done, total, steps);
  // A total that still grows would otherwise write the same tenth again and again.
  const bool again = total_changed && options_.terminal;
  next_shown_ = first_of_step(std::max(step, step_shown_) + 1, total, steps);
  if (anything_shown_ ? (step <= step_shown_ && !again) : (step == 0 && !options_.terminal)) return;
  step_shown_ = step;
  next_shown_ = first_of_step(step + 1, total, steps);
  anything_shown_ = true;

  if (options_.terminal) {
    // Back to the line's start and clear to its end, since the text may have become shorter.
    sink_ << '\r' << text(done, rate) << "\x1b[K" << std::flush;
    line_open_ = true;
  } else {
    sink_ << text(done, rate) << '\n' << std::flush;
  }
}

std::string Progress::text(std::uint64_t done, double rate) const {
  const std::uint64_t hundredths = step_of(done, total_, 100);
  std::string line = options_.label + " ";
  if (options_.terminal) {
    const std::size_t filled = step_of(done, total_, bar_width);
    line += "[" + std::string(filled, '#') + std::string(bar_width - filled, '.') + "] ";
  }
  const std::string share = std::to_string(hundredths);
  line += std::string(3 - share.size(), ' ') + share + " %  ";
  line += with_thousands(done) + " of " + with_thousands(total_) + " " + options_.unit;
  if (rate > 0) line += ", " + with_thousands(static_cast<std::uint64_t>(rate)) + " a second";
  return line;
}

}  // namespace clickstream
