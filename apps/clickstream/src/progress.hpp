#pragma once

#include <cstdint>
#include <iosfwd>
#include <string>

namespace clickstream {

/// Shows how far something is: a bar that redraws itself on a terminal, a plain line each tenth elsewhere.
/// Thread: one at a time. Cheap: a call that changes nothing visible is one comparison.
class Progress {
 public:
  struct Options {
    std::string label;      ///< "processed"
    std::string unit;       ///< "events"
    bool terminal = false;  ///< is_terminal() of what the sink writes to.
  };

  /// The sink outlives this object.
  Progress(std::ostream& sink, Options options);

  /// Ends the bar's line, so that what is printed next starts on its own.
  ~Progress();

  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  /// `rate` is in units a second; 0 leaves it out. Nothing is shown while `total` is 0. `done` beyond `total`
  /// counts as all; a `done` less than before is not shown. The total may change between calls.
  void update(std::uint64_t done, std::uint64_t total, double rate = 0) {
    if (done >= next_shown_ || total != total_) show(done, total, rate);
  }

  /// Ends the bar's line; what follows starts a new one. Called by the destructor too.
  void finish();

 private:
  void show(std::uint64_t done, std::uint64_t total, double rate);
  std::string text(std::uint64_t done, double rate) const;

  std::ostream& sink_;
  const Options options_;
  std::uint64_t total_ = 0;
  std::uint64_t next_shown_ = 0;
  std::uint64_t step_shown_ = 0;  // Steps of the total that have been shown: 200 on a terminal, 10 elsewhere.
  bool anything_shown_ = false;
  bool line_open_ = false;
};

}  // namespace clickstream
