#pragma once

#include <braid/application.hpp>
#include <braid/monitor.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace braid {

// An application's metrics for Prometheus; docs/metrics.md says which there are. How often something has happened
// it asks of the application's figures, which miss nothing; times and what each partition has it hears as events.
//
//   braid::PrometheusMetrics metrics(application);
//   ... answer GET /metrics with metrics.text(), as PrometheusMetrics::kContentType
//
// Library braid::metrics, where prometheus-cpp is installed. Thread: any, but for the destructor.
class PrometheusMetrics {
 public:
  static constexpr const char* kContentType = "text/plain; version=0.0.4; charset=utf-8";
  struct Options {
    // How many sets of labels one metric may have; what comes beyond is left out, and counted by
    // braid_label_sets_left_out_total. Those of partitions go when they are revoked.
    std::size_t max_label_sets = 2'000;
    // On every metric, as {{"service", "shop"}}.
    std::map<std::string, std::string> labels{};
  };
  // Where it asks and listens.
  struct Sources {
    Monitor* monitor = nullptr;
    std::function<Figures()> figures = [] { return Figures(); };
    std::function<std::vector<TopicFigures>()> topic_figures = [] { return std::vector<TopicFigures>(); };
  };

  // From here on it listens; the application must outlive it. Throws std::invalid_argument for labels that
  // Prometheus does not take.
  explicit PrometheusMetrics(const Application& application);
  PrometheusMetrics(const Application& application, Options options);
  PrometheusMetrics(Sources sources, Options options);
  ~PrometheusMetrics();
  PrometheusMetrics(const PrometheusMetrics&) = delete;
  PrometheusMetrics& operator=(const PrometheusMetrics&) = delete;

  // All metrics in Prometheus's text format, as of now. Waits for nobody.
  [[nodiscard]] std::string text() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace braid
