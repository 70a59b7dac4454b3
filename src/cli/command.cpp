#include "cli/command.hpp"

#include "io/clock.hpp"
#include "io/file.hpp"
#include "plan/load.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <memory>
#include <unistd.h>

namespace cloudshelf::cli {
namespace fs = std::filesystem;
namespace json = boost::json;

void add_common(CLI::App& command, Common& common) {
    command.add_option("--plan", common.plan, "the plan to follow")->capture_default_str();
    command.add_option("--data", common.data, "the twin's folder")->capture_default_str();
    command.add_option("--network-base", common.network_base, "shifts the twin's addresses: 127.<base+site>.0.1")
        ->capture_default_str();
    command.add_flag("--json", common.json, "print JSON");
}

namespace {

Exit exit_of(const Error& error) {
    static const std::map<std::string, Exit, std::less<>> known = {
        {"io.no-file", no_input},
        {"io.connect", unavailable},
        {"io.timeout", unavailable},
        {"io.tls", unavailable},
        {"no-leader", unavailable},
        {"leader-moves", unavailable},
        {"store.unreachable", unavailable},
        {"store.no-quorum", unavailable},
        {"store.no-answer", unavailable},
        {"objects.unavailable", unavailable},
        {"twin.already-up", cant_create},
        {"twin.port-taken", cant_create},
        {"io.address-in-use", cant_create},
        {"twin.directory", cant_create},
        {"twin.no-postgres", not_installed},
        {"twin.no-powerdns", not_installed},
        {"twin.no-etcd", not_installed},
        {"twin.no-nginx", not_installed},
        {"edge.no-nginx", not_installed},
        {"peer.not-installed", not_installed},
        {"twin.other-version", other_version},
        {"store.other-version", other_version},
        {"state.other-version", other_version},
        {"cli.usage", usage},
        {"edge.bad-config", usage},
        {"edge.bad-option", usage},
        {"edge.bad-configuration", usage},
        {"tables.no-key", usage},
        {"twin.no-region", usage},
        {"twin.bad-network-base", usage},
        {"twin.plan-shape", bad_plan},
    };
    if (const auto found = known.find(error.code); found != known.end()) return found->second;
    // What the controller refuses carries the guard's own code.
    return error.code.starts_with("guard.") || error.code.starts_with("http.409") ? refused : failed;
}

}  // namespace

Result<std::pair<RegionName, io::Endpoint>> read_region_endpoint(const std::string& text) {
    constexpr std::string_view scheme = "http://";
    const auto equals = text.find('=');
    const auto url = equals == std::string::npos ? std::string() : text.substr(equals + 1);
    const auto endpoint = io::Endpoint::parse(url.starts_with(scheme) ? url.substr(scheme.size()) : std::string());
    if (equals != 0 && endpoint) return std::pair(RegionName(text.substr(0, equals)), *endpoint);
    return fail("cli.usage", fmt::format("--endpoint {}: expected REGION=http://ADDRESS:PORT", text));
}

Exit report(const Error& error, const Common& common) {
    if (common.json) {
        fmt::print(
            "{}\n", json::serialize(json::object{{"error", {{"code", error.code}, {"message", error.message}}}})
        );
    } else {
        fmt::print(stderr, "cloudshelf: {}\n", error.message);
    }
    return exit_of(error);
}

std::expected<twin::Layout, Exit> lay_out(const Common& common) {
    const auto text = io::read_file(common.plan);
    if (!text) return std::unexpected(report(text.error(), common));
    auto loaded = plan::load(*text, common.plan.string());
    if (!loaded) {
        for (const auto& problem : loaded.error()) fmt::print(stderr, "{}\n", plan::to_string(problem));
        return std::unexpected(bad_plan);
    }
    auto layout = twin::lay_out(fs::absolute(common.data), common.network_base, std::move(*loaded));
    if (!layout) return std::unexpected(report(layout.error(), common));
    if (fs::is_symlink(layout->directory)) {
        auto again = twin::lay_out(fs::canonical(layout->directory), common.network_base, std::move(layout->plan));
        if (!again) return std::unexpected(report(again.error(), common));
        return std::move(*again);
    }
    return std::move(*layout);
}

fs::path program_folder() {
    return fs::canonical("/proc/self/exe").parent_path();
}

bool is_terminal() {
    return ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
}

twin::Progress progress(const Common&) {
    const auto since = std::make_shared<TimePoint>(io::now());
    return [since](const std::string& line) {
        const double seconds = std::chrono::duration<double>(io::now() - *since).count();
        fmt::print(stderr, "{:6.1f} s  {}\n", seconds, line);
    };
}

}  // namespace cloudshelf::cli
