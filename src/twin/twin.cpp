#include "twin/twin.hpp"

#include "io/clock.hpp"
#include "io/file.hpp"
#include "io/process.hpp"
#include "twin/certificates.hpp"
#include "twin/functions.hpp"
#include "twin/machine.hpp"
#include "twin/prepare.hpp"
#include "twin/site.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <thread>

namespace cloudshelf::twin {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using namespace std::chrono_literals;

constexpr Duration ready_limit = 120s;
constexpr std::chrono::milliseconds stop_limit = 20s;
constexpr Duration leader_moves_limit = 10s;

/// Asks until `ready` answers an empty text; it says what is still missing otherwise.
Result<void> wait_until(const std::string& what, Duration limit, const std::function<std::string()>& ready) {
    std::string missing;
    for (const auto deadline = io::Deadline::after(limit); !deadline.passed(); std::this_thread::sleep_for(20ms)) {
        missing = ready();
        if (missing.empty()) return {};
    }
    return fail("twin.not-ready", fmt::format("{}: not within {} s: {}", what, limit / 1s, missing));
}

std::string text_at(const json::value& value, const char* pointer) {
    boost::system::error_code none;
    const json::value* found = value.find_pointer(pointer, none);
    return found && found->is_string() ? std::string(found->as_string()) : std::string();
}

bool has_leader(const json::value& status) {
    const auto* controllers = status.as_object().if_contains("controllers");
    if (controllers == nullptr || !controllers->is_object()) return false;
    return std::ranges::any_of(controllers->as_object(), [](const auto& site) {
        return site.value().at("leads") == json::value(true);
    });
}

std::string missing_of_role(const Layout& layout, const Site& site, const std::string& role) {
    const auto status = agent_status(layout, site);
    if (!status) return fmt::format("agent of {}: {}", site.name.value(), status.error().message);
    const std::string now = text_at(*status, "/role");
    if (now != role)
        return fmt::format("{} is {} ({}), not {}", site.name.value(), now, text_at(*status, "/detail"), role);
    return {};
}

/// Writes the first lease, once in the life of a twin: the home region is the writer of epoch 1.
Result<void> first_lease(const Layout& layout) {
    const auto token = site_token(layout);
    if (!token) return fail(token.error());
    const json::object lease{
        {"region", layout.primary.name.value()},
        {"epoch", 1},
        {"beat", 0},
        {"sync", "degraded"},
        {"fence", {{"how", "person"}, {"epoch", 0}}},
        {"released", false}
    };
    const auto answer = ask_controllers(
        layout,
        {
            .method = "POST",
            .target = "/v1/store/compare-and-swap",
            .token = *token,
            .body =
                json::object{
                    {"key", fmt::format("app/{}/lease", layout.plan.application.name)},
                    {"expected_revision", 0},
                    {"value", json::serialize(lease)}
                },
        }
    );
    if (answer || answer.error().code == "conflict" || answer.error().code == "http.409") return {};
    return fail(answer.error());
}

/// The bookstore's tables and books, where they are not there yet.
Result<void> stock(const Layout& layout, const UpOptions& options) {
    io::SpawnOptions gateway;
    gateway.argv = {
        options.programs / "cloudshelf-region",
        "gateway",
        "--config",
        layout.primary.directory / "gateway.json",
        "--prepare"
    };
    Error last;
    // The database's own set-up (roles, database) ends a moment after its first start.
    for (const auto deadline = io::Deadline::after(30s); !deadline.passed(); std::this_thread::sleep_for(100ms)) {
        const auto status = agent_status(layout, layout.primary);
        if (!status || text_at(*status, "/role") != "writer") return {};  // after a move: the tables are there
        const auto output = io::run(gateway, 60s);
        if (!output) return fail(output.error());
        if (output->status == 0) return {};
        last = {.code = "twin.not-stocked", .message = output->err};
    }
    return fail(last);
}

/// The tables of carts and sessions with their replicas, where they are not there yet.
Result<void> stock_tables(const Layout& layout, const UpOptions& options) {
    io::SpawnOptions gateway;
    gateway.argv = {
        options.programs / "cloudshelf-region",
        "gateway",
        "--config",
        layout.primary.directory / "gateway.json",
        "--prepare-tables",
        layout.secrets() / "tables-operator.credentials"
    };
    return wait_until("tables of carts and sessions", 60s, [&]() -> std::string {
        const auto output = io::run(gateway, 30s);
        if (!output) return output.error().message;
        return output->status == 0 ? "" : output->err;
    });
}

/// The plan's buckets, and the static site in the first of them, where they are not there yet.
Result<void> stock_objects(const Layout& layout, const UpOptions& options) {
    const fs::path cloudshelf = options.programs / "cloudshelf";
    const std::vector<std::string> which{
        "--plan", options.plan, "--data", layout.directory, "--network-base", std::to_string(layout.network_base)
    };
    io::SpawnOptions apply;
    apply.argv = {cloudshelf, "buckets", "apply"};
    apply.argv.insert(apply.argv.end(), which.begin(), which.end());
    const auto applied = wait_until("buckets", 60s, [&]() -> std::string {
        const auto output = io::run(apply, 30s);
        if (!output) return output.error().message;
        return output->status == 0 ? "" : output->err;
    });
    if (!applied || !layout.plan.edge) return applied;
    io::SpawnOptions publish;
    publish.argv = {
        cloudshelf,
        "site",
        "publish",
        "--to",
        fmt::format("http://{}:{}", layout.primary.address, Ports::objects),
        "--credentials",
        layout.secrets() / "objects-operator.credentials",
        "--edge",
        fmt::format("{}:{}", layout.world.address, Ports::edge),
        "--refresh-secret",
        layout.secrets() / "refresh.secret",
    };
    publish.argv.insert(publish.argv.end(), which.begin(), which.end());
    return wait_until("static site", 60s, [&]() -> std::string {
        const auto output = io::run(publish, 60s);
        if (!output) return output.error().message;
        return output->status == 0 ? "" : output->err;
    });
}

/// `<twin>/twin.json`: what the twin is, for scripts, and in which format.
Result<void> describe(const Layout& layout) {
    json::object sites;
    for (const auto& site : layout.sites()) sites[site.name.value()] = site.address;
    const json::object description{
        {"format_version", format_version},
        {"application", layout.plan.application.name},
        {"network_base", layout.network_base},
        {"single", layout.single},
        {"sites", std::move(sites)},
        {"nameservers", layout.nameservers()},
    };
    return io::replace_file(layout.directory / "twin.json", json::serialize(description) + "\n");
}

/// A twin keeps the store that it began with: the other one does not know its lease.
Result<void> check_store(const Layout& layout, bool single) {
    if (!fs::exists(layout.directory / "twin.json") || layout.single == single) return {};
    return fail(
        "twin.other-store",
        fmt::format(
            "the state of the twin in {} is {}: start it {} --single, or choose another folder with --data",
            layout.directory.string(),
            layout.single ? "SQLite's" : "in etcd",
            layout.single ? "with" : "without"
        )
    );
}

Result<void> check_version(const Layout& layout) {
    const auto text = io::read_file(layout.directory / "twin.json");
    if (!text) return {};
    boost::system::error_code bad;
    const json::value description = json::parse(*text, bad);
    const json::value* version =
        bad || !description.is_object() ? nullptr : description.as_object().if_contains("format_version");
    if (version && version->is_int64() && version->as_int64() == format_version) return {};
    return fail(
        "twin.other-version",
        fmt::format(
            "{} was made by another version (its format is {}, this program's is {}); choose another folder with "
            "--data",
            layout.directory.string(),
            version ? json::serialize(*version) : "unreadable",
            format_version
        )
    );
}

}  // namespace

bool is_up(const Layout& layout) {
    for (const auto& site : layout.sites()) {
        if (site_pid(site.directory) != 0) return true;
    }
    return false;
}

Result<void> up(const Layout& wanted, UpOptions options, Progress progress) {
    const auto directory = reachable_directory(wanted.directory);
    if (!directory) return fail(directory.error());
    if (*directory != wanted.directory)
        progress(fmt::format("data lies in {}, which PostgreSQL's user can reach", directory->string()));
    auto moved = lay_out(*directory, wanted.network_base, wanted.plan);
    if (!moved) return fail(moved.error());
    if (const auto same = check_store(*moved, options.single); !same) return same;
    moved->single = options.single;
    const Layout& layout = *moved;

    if (is_up(layout)) {
        return fail(
            "twin.already-up",
            fmt::format("the twin in {} is up already; `cloudshelf down` stops it", layout.directory.string())
        );
    }
    if (const auto version = check_version(layout); !version) return version;
    if (const auto machine = check_machine(layout); !machine) return machine;
    if (const auto prepared = prepare(layout, options); !prepared) return prepared;
    if (const auto described = describe(layout); !described) return described;

    const fs::path cloudshelf = options.programs / "cloudshelf";
    for (const auto& site : {layout.world, layout.witness, layout.primary}) {
        progress(fmt::format("starting {} at {}", site.name.value(), site.address));
        if (const auto started = start_site(cloudshelf, site.directory); !started) return fail(started.error());
    }
    const auto controller = wait_until("controller", 20s, [&]() -> std::string {
        const auto status = controller_status(layout);
        if (!status) return status.error().message;
        return has_leader(*status) ? "" : "none leads yet";
    });
    if (!controller) return controller;
    if (const auto lease = first_lease(layout); !lease) return lease;

    progress(fmt::format("waiting for PostgreSQL in {}", layout.primary.name.value()));
    // After `down`, the writer is whoever it was; the standby's machine is needed at once when that is the other
    // region.
    const auto writer = wait_until("writer", ready_limit, [&]() -> std::string {
        const auto status = agent_status(layout, layout.primary);
        if (!status) return status.error().message;
        const std::string role = text_at(*status, "/role");
        return role == "writer" || role == "standby"
                   ? ""
                   : fmt::format("{} is {} ({})", layout.primary.name.value(), role, text_at(*status, "/detail"));
    });
    if (!writer) return writer;
    progress("schema and catalogue");
    if (const auto stocked = stock(layout, options); !stocked) return stocked;
    progress(fmt::format("starting {} at {}", layout.standby.name.value(), layout.standby.address));
    if (const auto started = start_site(cloudshelf, layout.standby.directory); !started) return fail(started.error());
    const auto pair = wait_until("both regions", ready_limit, [&]() -> std::string {
        const std::string home = missing_of_role(layout, layout.primary, "writer");
        return home.empty() ? missing_of_role(layout, layout.standby, "standby")
                            : (missing_of_role(layout, layout.standby, "writer").empty()
                                   ? missing_of_role(layout, layout.primary, "standby")
                                   : home);
    });
    if (!pair) return pair;
    progress("tables of carts and sessions");
    if (const auto stocked = stock_tables(layout, options); !stocked) return stocked;
    if (!layout.plan.buckets.empty()) {
        progress("buckets and the static site");
        if (const auto stocked = stock_objects(layout, options); !stocked) return stocked;
    }
    if (has_functions(layout)) {
        progress("functions, in both regions");
        if (const auto deployed = deploy_functions(layout, options); !deployed) return deployed;
    }
    return wait_until("replication", ready_limit, [&]() -> std::string {
        const auto status = controller_status(layout);
        if (!status) return status.error().message;
        const std::string sync = text_at(*status, "/lease/sync");
        return sync == "in-step" ? "" : fmt::format("the standby is {}", sync);
    });
}

bool down(const Layout& layout, Progress progress) {
    bool gone = true;
    for (const auto& site : {layout.standby, layout.primary, layout.witness, layout.world}) {
        if (site_pid(site.directory) == 0) continue;
        progress(fmt::format("stopping {}", site.name.value()));
        gone = stop_site(site.directory, stop_limit) && gone;
    }
    return gone;
}

Result<Fault> break_region(const Layout& layout, const std::string& name) {
    const auto region = layout.site(name);
    if (!region) return fail(region.error());
    if (site_pid(region->directory) == 0) {
        return fail(
            "twin.region-down",
            fmt::format("{} is down already; `cloudshelf restore region {}` brings it back", name, name)
        );
    }
    auto file = io::AppendFile::open(layout.directory / "faults.jsonl");
    if (!file) return fail(file.error());
    Fault fault{.at = io::now(), .what = "region-loss", .region = region->name};
    const bool gone = kill_site(region->directory);
    fault.over = io::now();
    const json::object line{
        {"at_ns", fault.at.time_since_epoch().count()}, {"what", fault.what}, {"region", name}, {"utc", io::utc_now()}
    };
    if (const auto noted = file->append(json::serialize(line) + "\n", io::AppendFile::Sync::yes); !noted)
        return fail(noted.error());
    if (!gone) return fail("twin.still-running", fmt::format("processes of {} are still there after 5 s", name));
    return fault;
}

Result<void> restore_region(const Layout& layout, const std::string& name) {
    const auto region = layout.site(name);
    if (!region) return fail(region.error());
    const auto started = start_site(fs::canonical("/proc/self/exe"), region->directory);
    if (!started) return fail(started.error());
    return {};
}

namespace {

Callee process_of(const Layout& layout, const Site& site, std::uint16_t port) {
    return {
        .endpoint = {site.address, port},
        .name = io::site_host_name(site.name.value()),
        .own = identity_of(layout, operator_certificate),
    };
}

}  // namespace

Callee controller_endpoint(const Layout& layout, const Site& site) {
    return process_of(layout, site, Ports::controller);
}
Callee agent_endpoint(const Layout& layout, const Site& site) {
    return process_of(layout, site, Ports::agent);
}

namespace {

Result<std::string> token(const fs::path& path) {
    return io::read_file(path);
}

}  // namespace

Result<std::string> operator_token(const Layout& layout) {
    return token(layout.secrets() / "operator.token");
}
Result<std::string> site_token(const Layout& layout) {
    return token(layout.secrets() / "site.token");
}

Result<json::value> ask_controllers(const Layout& layout, Call request) {
    Result<json::value> answer = fail("twin.no-controller", "no controller answers");
    const auto patience = io::Deadline::after(leader_moves_limit);
    do {
        for (const Site& site : layout.controllers()) {
            request.to = controller_endpoint(layout, site);
            answer = call(request);
            if (answer) return answer;
            const auto& code = answer.error().code;
            const bool moves = code == "no-leader" || code == "leader-moves";
            const bool again = moves || code == "store.unreachable" || code == "store.no-quorum" ||
                               code == "io.connect" || request.method == "GET";
            if (!again || (request.method == "GET" && code.starts_with("http."))) return answer;
        }
        const auto& code = answer.error().code;
        if (code != "no-leader" && code != "leader-moves") return answer;
        std::this_thread::sleep_for(100ms);
    } while (!patience.passed());
    return answer;
}

Result<json::value> controller_status(const Layout& layout) {
    const auto mine = operator_token(layout);
    if (!mine)
        return fail("io.connect", fmt::format("no twin in {}: `cloudshelf up` starts one", layout.directory.string()));
    return ask_controllers(layout, {.target = "/v1/status", .token = *mine, .limit = 2s});
}

Result<json::value> agent_status(const Layout& layout, const Site& site) {
    const auto mine = site_token(layout);
    if (!mine) return fail(mine.error());
    return call({.to = agent_endpoint(layout, site), .target = "/v1/status", .token = *mine, .limit = 2s});
}

}  // namespace cloudshelf::twin
