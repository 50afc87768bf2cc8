#pragma once

#include "metric_catalogue.hpp"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace braid::metrics {

// The values of the labels that the catalogue names, in its order.
using LabelValues = std::vector<std::string>;

// Families of the catalogue's metrics, with bounded sets of labels. Thread: any.
class MetricFamilies {
 public:
  MetricFamilies(std::size_t max_label_sets, const std::map<std::string, std::string>& labels);

  // Throw std::logic_error for a name that is not in the catalogue, or not of that kind.
  void add(std::string_view counter, const LabelValues& values, double amount = 1);
  // What it has counted in all, by somebody who counts.
  void count_up_to(std::string_view counter, const LabelValues& values, double total);
  // The same of one that may begin anew: what is less than the last time is counted as though from 0.
  void follow(std::string_view counter, const LabelValues& values, double total);
  void set(std::string_view gauge, const LabelValues& values, double value);
  void observe(std::string_view histogram, const LabelValues& values, double value);
  // What it told is not known any more.
  void remove_gauge(std::string_view gauge, const LabelValues& values);
  // All gauges with these labels; others of the catalogue are not touched.
  void remove_gauges(const LabelValues& values);

  // In Prometheus's text format.
  [[nodiscard]] std::string text() const;

 private:
  template <class Metric>
  struct Series {
    std::unique_ptr<prometheus::Family<Metric>> family;
    const MetricText* text = nullptr;
    std::map<LabelValues, Metric*> metrics;
    std::map<LabelValues, double> followed;  // of follow(): the last totals
  };
  template <class Metric>
  using SeriesOf = std::map<std::string_view, Series<Metric>>;

  // Null: there are too many.
  template <class Metric, class... Arguments>
  Metric* find(SeriesOf<Metric>& all, std::string_view name, const LabelValues& values,
               const Arguments&... arguments);

  static void remove(Series<prometheus::Gauge>& series, const LabelValues& values);

  const std::size_t max_label_sets_;
  mutable std::mutex mutex_;  // the maps; the library's metrics have their own
  SeriesOf<prometheus::Counter> counters_;
  SeriesOf<prometheus::Gauge> gauges_;
  SeriesOf<prometheus::Histogram> histograms_;
};

}  // namespace braid::metrics
