#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace braid::benchmarks {

// One line of the table: what was measured against its floor or limit, once a round.
struct Figure {
  enum class Judged : std::uint8_t {
    ratio,       // measured by floor
    difference,  // measured less floor
    measured,    // as it is; the floor is there to compare
  };
  struct Round {
    double measured = 0;
    double floor = 0;
  };

  std::string name;  // of its RESULT line: engine.throughput
  std::string what;  // for people
  std::string unit;
  Judged judged = Judged::ratio;
  bool at_least = false;  // else at most
  double target = 0;
  std::string against = "floor";  // what the floor is called in the RESULT line
  std::string labels{};           // more `key=value` for the RESULT line
  std::vector<Round> rounds{};

  void add(double measured, double floor) { rounds.push_back({measured, floor}); }
};

struct Spread {
  double median = 0;
  double least = 0;
  double largest = 0;
};
// Requires at least one value.
[[nodiscard]] Spread spread(std::vector<double> values);

// What all rows found. Thread: the main one.
class Report {
 public:
  // `setup` goes to the end of each RESULT line: allocator, librdkafka, broker.
  explicit Report(std::string setup) : setup_(std::move(setup)) {}

  void add(Figure figure);
  void skip(const std::string& row, const std::string& reason);
  void fail(const std::string& row, const std::string& reason);

  // The table, what is missing in it and why, and the RESULT lines.
  void show() const;
  [[nodiscard]] bool failed() const { return !failures_.empty(); }
  // Every figure reached its target, and none is missing.
  [[nodiscard]] bool all_reached() const;

 private:
  std::string setup_;
  std::vector<Figure> figures_;
  std::vector<std::string> skips_;
  std::vector<std::string> failures_;
};

// One line to the standard output, at once: rounds take a while.
void say(const std::string& line);

}  // namespace braid::benchmarks
