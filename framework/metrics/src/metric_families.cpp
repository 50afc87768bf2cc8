#include "metric_families.hpp"

#include <prometheus/check_names.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <iterator>
#include <stdexcept>

namespace braid::metrics {

namespace {

constexpr std::string_view kLeftOut = "braid_label_sets_left_out_total";

std::vector<std::string_view> split(std::string_view names) {
  std::vector<std::string_view> found;
  while (!names.empty()) {
    const std::size_t end = std::min(names.find(", "), names.size());
    found.push_back(names.substr(0, end));
    names.remove_prefix(std::min(end + 2, names.size()));
  }
  return found;
}

prometheus::Labels labels_of(const MetricText& text, const LabelValues& values) {
  const auto names = split(text.labels);
  if (names.size() != values.size()) {
    throw std::logic_error(std::string(text.name) + " has the labels " + std::string(text.labels));
  }
  prometheus::Labels labels;
  for (std::size_t i = 0; i < names.size(); ++i) labels[std::string(names[i])] = values[i];
  return labels;
}

// Seconds from 100 us to 5 minutes, and numbers from 1 to 100,000.
prometheus::Histogram::BucketBoundaries buckets_of(const MetricText& text) {
  if (text.name.ends_with("_seconds")) {
    return {0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300};
  }
  return {1, 2, 5, 10, 20, 50, 100, 200, 500, 1'000, 2'000, 5'000, 10'000, 100'000};
}

}  // namespace

MetricFamilies::MetricFamilies(std::size_t max_label_sets, const std::map<std::string, std::string>& labels)
    : max_label_sets_(max_label_sets) {
  for (const auto& [name, value] : labels) {
    const auto is_own = [&](const MetricText& text) { return std::ranges::count(split(text.labels), name) > 0; };
    if (!prometheus::CheckLabelName(name) || name == "le" || std::ranges::any_of(catalogue(), is_own)) {
      throw std::invalid_argument(
          "metrics: '" + name + "' is no name for a label: take letters, digits and _, and none that metrics have");
    }
  }
  const prometheus::Labels constant(labels.begin(), labels.end());
  const auto make = [&]<class Metric>(SeriesOf<Metric>& all, const MetricText& text) {
    all[text.name] = {
        std::make_unique<prometheus::Family<Metric>>(std::string(text.name), std::string(text.help), constant),
        &text,
        {},
        {}};
  };
  for (const MetricText& text : catalogue()) {
    if (text.kind == Kind::counter) make(counters_, text);
    if (text.kind == Kind::gauge) make(gauges_, text);
    if (text.kind == Kind::histogram) make(histograms_, text);
  }
}

template <class Metric, class... Arguments>
Metric* MetricFamilies::find(SeriesOf<Metric>& all, std::string_view name, const LabelValues& values,
                             const Arguments&... arguments) {
  const auto found = all.find(name);
  if (found == all.end()) throw std::logic_error("no such metric of this kind: " + std::string(name));
  Series<Metric>& series = found->second;
  if (const auto known = series.metrics.find(values); known != series.metrics.end()) return known->second;
  if (series.metrics.size() >= max_label_sets_ && !values.empty()) {
    find(counters_, kLeftOut, {})->Increment();
    return nullptr;
  }
  Metric& metric = series.family->Add(labels_of(*series.text, values), arguments...);
  series.metrics.emplace(values, &metric);
  return &metric;
}

void MetricFamilies::add(std::string_view counter, const LabelValues& values, double amount) {
  const std::lock_guard lock(mutex_);
  if (auto* const metric = find(counters_, counter, values)) metric->Increment(amount);
}

void MetricFamilies::count_up_to(std::string_view counter, const LabelValues& values, double total) {
  const std::lock_guard lock(mutex_);
  auto* const metric = find(counters_, counter, values);
  if (metric != nullptr && total > metric->Value()) metric->Increment(total - metric->Value());
}

void MetricFamilies::follow(std::string_view counter, const LabelValues& values, double total) {
  const std::lock_guard lock(mutex_);
  auto* const metric = find(counters_, counter, values);
  if (metric == nullptr) return;
  double& last = counters_.find(counter)->second.followed[values];
  metric->Increment(total < last ? total : total - last);
  last = total;
}

void MetricFamilies::set(std::string_view gauge, const LabelValues& values, double value) {
  const std::lock_guard lock(mutex_);
  if (auto* const metric = find(gauges_, gauge, values)) metric->Set(value);
}

void MetricFamilies::observe(std::string_view histogram, const LabelValues& values, double value) {
  const std::lock_guard lock(mutex_);
  if (auto* const metric = find(histograms_, histogram, values, buckets_of(text_of(histogram)))) {
    metric->Observe(value);
  }
}

void MetricFamilies::remove(Series<prometheus::Gauge>& series, const LabelValues& values) {
  const auto found = series.metrics.find(values);
  if (found == series.metrics.end()) return;
  series.family->Remove(found->second);
  series.metrics.erase(found);
}

void MetricFamilies::remove_gauge(std::string_view gauge, const LabelValues& values) {
  const std::lock_guard lock(mutex_);
  if (const auto found = gauges_.find(gauge); found != gauges_.end()) remove(found->second, values);
}

void MetricFamilies::remove_gauges(const LabelValues& values) {
  const std::lock_guard lock(mutex_);
  for (auto& [name, series] : gauges_) remove(series, values);
}

std::string MetricFamilies::text() const {
  std::vector<prometheus::MetricFamily> all;
  const auto collect = [&](const auto& series) {
    auto collected = series.family->Collect();
    std::ranges::move(collected, std::back_inserter(all));
  };
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [name, series] : counters_) collect(series);
    for (const auto& [name, series] : gauges_) collect(series);
    for (const auto& [name, series] : histograms_) collect(series);
  }
  std::erase_if(all, [](const prometheus::MetricFamily& family) { return family.metric.empty(); });
  return prometheus::TextSerializer().Serialize(all);
}

}  // namespace braid::metrics
