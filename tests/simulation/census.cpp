#include "simulation/census.hpp"

#include <fmt/format.h>

#include <string_view>

namespace braid::simulation {

namespace {

// In the order of the enumeration.
constexpr std::array<std::string_view, kHappenings> kNames{
    "messages finished",
    "messages finished again",
    "attempts failed",
    "attempts failed with an int",
    "attempts failed after marks",
    "retries",
    "preemptions in the engine",
    "armed batches started by a worker",
    "batches armed",
    "batches taken back",
    "batches that had settled when one was to be armed",
    "jobs that had settled when one was to be armed",
    "pool was full",
    "processes started",
    "processes stopped",
    "processes stopped in a rebalance",
    "processes crashed",
    "stops that left something",
    "partitions assigned",
    "partitions revoked eagerly",
    "partitions revoked cooperatively",
    "partitions lost",
    "moves between connections",
    "retained partitions repositioned",
    "empty assignments",
    "revocations while jobs ran",
    "jobs that overran",
    "late results",
    "late marks",
    "jobs that never started",
    "on_revoked",
    "on_stopping",
    "hooks of lost partitions",
    "hooks that failed",
    "commits applied",
    "commits that told of gaps",
    "commits failed",
    "commits whose answer was lost",
    "commits refused as stale",
    "commits refused while joining",
    "positions read",
    "positions not readable",
    "positions left out of an answer",
    "metadata read damaged",
    "fetches sent back to where they should be",
    "starts without a stored position",
    "starts out of range",
    "logs trimmed",
    "ends of partitions",
    "partial takes",
    "messages copied out while they waited",
    "stale messages dropped",
    "messages dropped as done before",
    "offset jumps",
    "client errors",
    "rebalances of the group",
    "jobs that were stuck for long",
    "keys that moved to another virtual partition",
    "jobs that followed on their worker",
    "jobs that max_wait handed over",
    "caps reached",
    "bytes in flight exhausted",
    "takes cut by max_open_offsets",
    "takes beyond the window",
    "commits asked for",
    "jobs that waited for a commit",
    "calls of commit() that said ok",
    "calls of commit() that timed out",
    "calls of commit() that the end answered",
    "positions loaded from the store",
    "partitions begun where the store said",
    "positions saved in the store",
    "loads that failed",
    "saves refused by their epoch",
    "partitions begun anew, fenced by the store",
    "outages of the store",
    "messages dropped, at most once",
    "messages lost with their batch, at most once",
    "batches given back, at most once",
    "metadata cut at its tail",
    "batches returned with something unmarked",
    "marks of earlier batches",
    "marks from outside of consume()",
    "marks in the last hook",
    "marks refused, of what was not given",
    "takes cut by what was not marked",
    "jobs deferred",
    "marks by tickets",
    "tickets settled before their call returned",
    "tickets dropped",
    "tickets settled late",
    "tickets settled behind the end of their assignment",
    "tickets inert",
    "attempts that threw behind defer()",
    "tickets overdue, and tried again",
    "resumptions",
    "resumptions behind the end of the pool",
    "batches kept",
    "kept batches read later, and freed by a worker",
    "topics in batches",
    "topics in continuous flow",
    "topics reduced by hash",
    "topics reduced sticky",
    "topics reduced balanced",
    "topics with manual offsets",
    "topics with tickets, never overdue",
    "topics with tickets that stop when overdue",
    "topics with tickets that are tried again when overdue",
    "topics committed by interval",
    "topics committed after a batch",
    "topics committed after a batch, waiting",
    "topics committed each message",
    "topics committed each message, waiting",
    "topics committed by hand",
    "topics committed to an offset store",
    "topics committed before processing",
    "checks: late is dropped",
    "checks: one job",
    "checks: order",
    "checks: nothing is lost",
    "checks: the position is exact",
    "checks: metadata is true",
    "checks: bounded",
    "checks: a key stays while in flight",
    "checks: what follows waits for the commit",
    "checks: at most once",
    "checks: capped",
    "checks: what is asked for is committed",
    "checks: commit() tells the truth",
};
static_assert(!kNames.back().empty(), "each happening has its name");

}  // namespace

std::string Census::text() const {
  std::string text;
  for (std::size_t i = 0; i < kHappenings; ++i) text += fmt::format("  {:>9}  {}\n", counts_[i], kNames[i]);
  return text;
}

std::string Census::missing() const {
  std::string text;
  for (std::size_t i = 0; i < kHappenings; ++i) {
    if (counts_[i] == 0) text += fmt::format("{}'{}'", text.empty() ? "" : ", ", kNames[i]);
  }
  return text;
}

}  // namespace braid::simulation
