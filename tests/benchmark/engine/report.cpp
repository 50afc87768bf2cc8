#include "report.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <iostream>

namespace braid::benchmarks {
namespace {

using Judged = Figure::Judged;

double judged(const Figure& figure, const Figure::Round& round) {
  if (figure.judged == Judged::ratio) return round.measured / round.floor;
  if (figure.judged == Judged::difference) return round.measured - round.floor;
  return round.measured;
}

template <class Of>
Spread over_rounds(const Figure& figure, Of&& of) {
  std::vector<double> values;
  for (const Figure::Round& round : figure.rounds) values.push_back(of(round));
  return spread(std::move(values));
}

Spread judged(const Figure& figure) {
  return over_rounds(figure, [&](const Figure::Round& round) { return judged(figure, round); });
}
double measured(const Figure& figure) {
  return over_rounds(figure, [](const Figure::Round& round) { return round.measured; }).median;
}
double floor_of(const Figure& figure) {
  return over_rounds(figure, [](const Figure::Round& round) { return round.floor; }).median;
}

bool reached(const Figure& figure) {
  const double value = judged(figure).median;
  return figure.at_least ? value >= figure.target : value <= figure.target;
}

// Three digits are what such measurements are worth.
std::string number(double value) {
  const double size = std::abs(value);
  return fmt::format("{:.{}f}", value, size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3);
}

// Whatever the target speaks of: the median of the rounds' own ratios.
double ratio_of(const Figure& figure) {
  return over_rounds(figure, [](const Figure::Round& round) { return round.measured / round.floor; }).median;
}

std::string target_text(const Figure& figure) {
  const char* sign = figure.at_least ? ">=" : "<=";
  const char* of = figure.judged == Judged::ratio ? "" : figure.judged == Judged::difference ? "floor + " : "";
  const std::string unit = figure.judged == Judged::ratio ? " x" : " " + figure.unit;
  return fmt::format("{} {}{}{}", sign, of, number(figure.target), unit);
}

const char* judged_name(const Figure& figure) {
  return figure.judged == Judged::ratio ? "ratio" : figure.judged == Judged::difference ? "difference" : "value";
}

std::string result_line(const Figure& figure, const std::string& setup) {
  const Spread value = judged(figure);
  std::string unit = figure.unit;
  std::replace(unit.begin(), unit.end(), ' ', '_');
  return fmt::format(
      "RESULT name={}{}{} {}={:.4g} least={:.4g} largest={:.4g} braid={:.4g} {}={:.4g} unit={} target={:g} "
      "sense={} "
      "verdict={} rounds={} {}",
      figure.name, figure.labels.empty() ? "" : " ", figure.labels, judged_name(figure), value.median, value.least,
      value.largest, measured(figure), figure.against, floor_of(figure), unit, figure.target,
      figure.at_least ? "at_least" : "at_most", reached(figure) ? "pass" : "miss", figure.rounds.size(), setup);
}

}  // namespace

void say(const std::string& line) {
  std::cout << line << std::endl;
}

Spread spread(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t middle = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

void Report::add(Figure figure) {
  if (!figure.rounds.empty()) figures_.push_back(std::move(figure));
}

void Report::skip(const std::string& row, const std::string& reason) {
  skips_.push_back(row + ": " + reason);
  say("  SKIPPED " + skips_.back());
}

void Report::fail(const std::string& row, const std::string& reason) {
  failures_.push_back(row + ": " + reason);
  say("  FAILED " + failures_.back());
}

bool Report::all_reached() const {
  return failures_.empty() && skips_.empty() && std::all_of(figures_.begin(), figures_.end(), reached);
}

void Report::show() const {
  std::size_t width = 4;
  for (const Figure& figure : figures_) width = std::max(width, figure.what.size());
  say("");
  say(fmt::format("{:<{}}  {:>14}  {:>14}  {:>7}  {:>18}  {:<7}  {:>19}  {}", "what", width, "measured",
                  "floor or limit", "ratio", "target", "verdict", "least - largest", "rounds"));
  for (const Figure& figure : figures_) {
    const Spread value = judged(figure);
    const double floor = floor_of(figure);
    say(fmt::format("{:<{}}  {:>14}  {:>14}  {:>7}  {:>18}  {:<7}  {:>19}  {}", figure.what, width,
                    number(measured(figure)) + " " + figure.unit, number(floor) + " " + figure.unit,
                    number(ratio_of(figure)), target_text(figure), reached(figure) ? "pass" : "MISS",
                    number(value.least) + " - " + number(value.largest), figure.rounds.size()));
  }
  say("the spread is of what the target speaks of: the ratio, the difference to the floor, or the value");
  for (const std::string& line : skips_) say("SKIPPED " + line);
  for (const std::string& line : failures_) say("FAILED " + line);
  say("");
  for (const Figure& figure : figures_) say(result_line(figure, setup_));
}

}  // namespace braid::benchmarks
