#pragma once

#include "base/result.hpp"
#include "base/time.hpp"
#include "twin/call.hpp"
#include "twin/layout.hpp"

#include <boost/json/object.hpp>

#include <functional>
#include <string>
#include <vector>

namespace cloudshelf::twin {

/// Told what goes on during long work, one line each.
using Progress = std::function<void(const std::string& line)>;

struct UpOptions {
    std::filesystem::path programs;  // the folder of cloudshelf, cloudshelf-region, bookstore-processor
    std::filesystem::path plan;      // the file that the layout's plan was read from
    bool quiet_gateways = true;      // no access log
    bool single = false;             // one controller, on SQLite, instead of one at each site on etcd
};

/// Starts the twin and waits until both regions serve: writer up, standby in step, names answered.
/// Errors: "twin.already-up", "twin.port-taken" (who has it), "twin.other-version", "twin.no-postgres",
/// "twin.not-ready" (what was still missing at the limit, and which log to read).
Result<void> up(const Layout& layout, UpOptions options, Progress progress);

/// Stops every process of the twin; the data stays. True when nothing is left.
bool down(const Layout& layout, Progress progress);

/// Whether any site of the twin runs.
bool is_up(const Layout& layout);

/// The moment of a fault, by io::now(): what RTA and RPA count from.
struct Fault {
    TimePoint at;    // when it began
    TimePoint over;  // when nothing of the region was left
    std::string what;
    RegionName region;
};

/// Kills every process of a region, or of the witness site, at once. Notes the moment in `<twin>/faults.jsonl`.
Result<Fault> break_region(const Layout& layout, const std::string& region);

/// The region's machine comes back, with its old data.
Result<void> restore_region(const Layout& layout, const std::string& region);

/// The operator's way to a site's controller and to its agent.
Callee controller_endpoint(const Layout& layout, const Site& site);
Callee agent_endpoint(const Layout& layout, const Site& site);
/// The token of the person at this machine (role approver). Errors: "io.no-file".
Result<std::string> operator_token(const Layout& layout);
Result<std::string> site_token(const Layout& layout);

/// Calls whichever controller answers, the witness's first; `to` is filled in. What is certain not to have been done is
/// asked of the next one, and again while the lead moves. Errors: the last one's.
Result<boost::json::value> ask_controllers(const Layout& layout, Call request);

/// `GET /v1/status` of the controllers.
Result<boost::json::value> controller_status(const Layout& layout);
/// `GET /v1/status` of a site's agent.
Result<boost::json::value> agent_status(const Layout& layout, const Site& site);

}  // namespace cloudshelf::twin
