#include "apps/clickstream/src/report.hpp"

#include "apps/clickstream/src/format.hpp"
#include "apps/clickstream/src/load_summary.hpp"
#include "apps/clickstream/src/terminal.hpp"

#include <algorithm>
#include <ostream>
#include <string_view>

namespace clickstream {
namespace {

constexpr std::size_t products_shown = 10;
constexpr std::size_t name_width = 22;
constexpr std::size_t number_width = 16;
constexpr std::size_t bar_width = 40;

std::string padded(std::string_view text, std::size_t width) {
  return std::string(text) + std::string(width - std::min(width, text.size()), ' ');
}

std::string right(std::string_view text, std::size_t width) {
  return std::string(width - std::min(width, text.size()), ' ') + std::string(text);
}

void print_row(std::ostream& out, std::string_view name, std::string_view number, std::string_view note = "") {
  out << "  " << padded(name, name_width) << right(number, number_width);
  if (!note.empty()) out << "   " << note;
  out << '\n';
}

void print_totals(const Totals& totals, std::ostream& out) {
  const Counts& counts = totals.counts();
  const auto part = [&](std::string_view name, std::uint64_t number) {
    print_row(out, name, with_thousands(number), right(percent(number, counts.events), 7));
  };
  print_row(out, "Events", with_thousands(counts.events));
  part("  Views", counts.views);
  part("  Carts", counts.carts);
  part("  Removed from carts", counts.removals);
  part("  Purchases", counts.purchases);
  print_row(out, "Sessions", with_thousands(totals.sessions()));
  print_row(out, "Users", with_thousands(totals.users()));
  print_row(out, "Revenue", money(counts.revenue_cents));
  if (counts.events > 0) {
    out << "  " << padded("Time", name_width) << format_time(counts.first_time) << "  to  "
        << format_time(counts.last_time) << '\n';
  }
}

void print_conversion(const Totals& totals, std::ostream& out, const Paint& paint) {
  const Counts& counts = totals.counts();
  out << '\n' << paint.heading("Conversion") << '\n';
  print_row(out, "Carts per view", percent(counts.carts, counts.views));
  print_row(out, "Purchases per view", percent(counts.purchases, counts.views));
  print_row(out, "Sessions that bought", percent(totals.sessions_that_bought(), totals.sessions()),
            with_thousands(totals.sessions_that_bought()) + " of " + with_thousands(totals.sessions()));
}

void print_products(const Totals& totals, std::ostream& out, const Paint& paint) {
  const auto ranked = totals.most_viewed(products_shown);
  if (ranked.empty()) return;
  std::size_t brand_width = std::string_view("Brand").size();
  for (const auto& entry : ranked) brand_width = std::max(brand_width, entry.product.brand.size());

  out << '\n' << paint.heading("Most viewed products") << '\n';
  const std::string brand_heading = padded("Brand", brand_width);
  out << "   #  " << right("Product", 12) << right("Views", 12) << "   " << brand_heading << "   Category\n";
  for (std::size_t rank = 0; rank < ranked.size(); ++rank) {
    const ProductViews& product = ranked[rank].product;
    const auto or_dash = [](const std::string& text) { return text.empty() ? std::string("-") : text; };
    out << right(std::to_string(rank + 1), 4) << "  " << right(std::to_string(ranked[rank].product_id), 12)
        << right(with_thousands(product.views), 12) << "   " << padded(or_dash(product.brand), brand_width) << "   "
        << or_dash(product.category_code) << '\n';
  }
}

std::uint64_t events_per_second(const Figures& figures) {
  const double rate = static_cast<double>(figures.totals.counts().events) / figures.elapsed.count();
  return static_cast<std::uint64_t>(rate + 0.5);
}

void print_run(const RunFigures& run, std::ostream& out) {
  print_row(out, "Whole run", fixed(run.whole.count(), 2) + " s",
            fixed(run.until_first.count(), 2) + " s of it until the first event, mostly for the group to form");
  if (run.repeated > 0) print_row(out, "Delivered again", with_thousands(run.repeated), "counted once");
  if (run.foreign > 0) print_row(out, "Of other runs", with_thousands(run.foreign), "in the topic; not counted");
  if (run.attempts_failed > 0) print_row(out, "Attempts that failed", with_thousands(run.attempts_failed));
}

void print_speed(const Figures& figures, std::ostream& out, const Paint& paint) {
  const bool measured = figures.elapsed.count() > 0;
  if (!measured && !figures.load) return;
  out << '\n' << paint.heading("Speed") << '\n';
  if (measured) {
    print_row(out, "Events per second", with_thousands(events_per_second(figures)),
              "in " + fixed(figures.elapsed.count(), 2) + " s");
  }
  if (figures.load) {
    const std::uint64_t concurrency = figures.load->concurrency;
    print_row(out, "Ran at once", with_thousands(figures.load->running_peak),
              concurrency == 0 ? "at the peak" : "at the peak, of " + with_thousands(concurrency) + " at most");
  }
  if (figures.run) print_run(*figures.run, out);
}

void print_load(const LoadFigures& load, std::ostream& out, const Paint& paint) {
  const LoadSummary summary = summarize_load(load.events_by_virtual_partition);
  out << '\n' << paint.heading("Load of the virtual partitions") << '\n';
  print_row(out, "Virtual partitions", with_thousands(summary.virtual_partitions));
  if (summary.virtual_partitions == 0) return;
  print_row(out, "Events each, least", with_thousands(summary.least));
  print_row(out, "Events each, mean", fixed(summary.mean, 1));
  print_row(out, "Events each, most", with_thousands(summary.most));

  std::uint64_t tallest = 1;
  std::size_t width = 1;
  for (const LoadRange& range : summary.ranges) {
    tallest = std::max(tallest, range.virtual_partitions);
    width = std::max(width, with_thousands(range.high).size());
  }
  out << "  How many had how many events:\n";
  for (const LoadRange& range : summary.ranges) {
    const auto share = static_cast<double>(range.virtual_partitions) / static_cast<double>(tallest);
    auto length = static_cast<std::size_t>(share * static_cast<double>(bar_width) + 0.5);
    if (range.virtual_partitions > 0) length = std::max<std::size_t>(length, 1);
    out << "    " << right(with_thousands(range.low), width) << " to " << right(with_thousands(range.high), width)
        << "  " << right(with_thousands(range.virtual_partitions), 5);
    if (length > 0) out << "  " << std::string(length, '#');
    out << '\n';
  }
}

void print_malformed(const MalformedLines& malformed, std::ostream& out, const Paint& paint) {
  out << '\n' << paint.heading("Malformed lines") << '\n';
  if (malformed.count() == 0) {
    out << "  None\n";
    return;
  }
  out << "  " << paint.bad(with_thousands(malformed.count()) + " skipped") << '\n';
  for (const MalformedLine& line : malformed.first()) {
    out << "    line " << with_thousands(line.number) << ": " << line.reason << '\n';
  }
  const std::uint64_t more = malformed.count() - malformed.first().size();
  if (more > 0) out << "    and " << with_thousands(more) << " more\n";
}

void print_verification(const VerificationFigures& verification, std::ostream& out, const Paint& paint) {
  out << '\n' << paint.heading("Verification") << '\n';
  if (verification.ok()) {
    out << "  " << paint.good("OK") << ": the totals equal those of a plain single-threaded reading of "
        << with_thousands(verification.events) << " events\n";
    return;
  }
  out << "  " << paint.bad("FAILED") << ": the totals differ from those of a plain single-threaded reading of "
      << with_thousands(verification.events) << " events\n";
  for (const std::string& difference : verification.differences) out << "    " << difference << '\n';
}

}  // namespace

void print_report(const Figures& figures, std::ostream& out, bool colour) {
  const Paint paint(colour);
  out << paint.heading("Clickstream") << (figures.source.empty() ? "" : "  ") << figures.source << '\n';
  print_totals(figures.totals, out);
  print_conversion(figures.totals, out, paint);
  print_products(figures.totals, out, paint);
  print_speed(figures, out, paint);
  if (figures.load) print_load(*figures.load, out, paint);
  print_malformed(figures.malformed, out, paint);
  if (figures.verification) print_verification(*figures.verification, out, paint);
}

void print_results(const Figures& figures, std::ostream& out) {
  const Totals& totals = figures.totals;
  const Counts& counts = totals.counts();
  const auto begin = [&](const char* figure) -> std::ostream& {
    return out << "RESULT name=" << figures.name << '.' << figure;
  };
  begin("totals") << " events=" << counts.events << " sessions=" << totals.sessions() << " users=" << totals.users()
                  << " views=" << counts.views << " carts=" << counts.carts << " removals=" << counts.removals
                  << " purchases=" << counts.purchases << " revenue=" << plain_money(counts.revenue_cents)
                  << " malformed=" << figures.malformed.count() << '\n';
  if (figures.elapsed.count() > 0) {
    begin("speed") << " events_per_second=" << events_per_second(figures)
                   << " seconds=" << fixed(figures.elapsed.count(), 3) << '\n';
  }
  if (figures.load) {
    const LoadSummary load = summarize_load(figures.load->events_by_virtual_partition);
    begin("load") << " virtual_partitions=" << load.virtual_partitions << " min=" << load.least
                  << " mean=" << fixed(load.mean, 1) << " max=" << load.most
                  << " running_peak=" << figures.load->running_peak << '\n';
  }
  if (figures.run) {
    const RunFigures& run = *figures.run;
    begin("run") << " seconds=" << fixed(run.whole.count(), 3)
                 << " until_first=" << fixed(run.until_first.count(), 3) << " repeated=" << run.repeated
                 << " foreign=" << run.foreign << " attempts_failed=" << run.attempts_failed << '\n';
  }
  if (figures.verification) {
    begin("verify") << " ok=" << (figures.verification->ok() ? 1 : 0) << " events=" << figures.verification->events
                    << '\n';
  }
}

}  // namespace clickstream
