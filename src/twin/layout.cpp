#include "twin/layout.hpp"

#include "base/digest.hpp"
#include "io/file.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <sys/stat.h>
#include <unistd.h>

namespace cloudshelf::twin {
namespace fs = std::filesystem;

Result<Site> Layout::region(const std::string& name) const {
    for (const auto& site : regions()) {
        if (site.name.value() == name) return site;
    }
    return fail(
        "twin.no-region",
        fmt::format("no region \"{}\"; the plan has {} and {}", name, primary.name.value(), standby.name.value())
    );
}

Result<Site> Layout::site(const std::string& name) const {
    if (witness.name.value() == name) return witness;
    return region(name);
}

std::string Layout::road(const Site& from, const Site& to) const {
    if (from.number == to.number) return to.address;
    return fmt::format("127.{}.1.{}", network_base + from.number, to.number);
}

std::string Layout::proxy(const Site& site) const {
    return fmt::format("127.{}.1.{}", network_base + site.number, site.number);
}

std::vector<Site> Layout::controllers() const {
    if (single) return {witness};
    return {witness, standby, primary};
}

std::string Layout::nameservers() const {
    return fmt::format("{0}:{3},{1}:{3},{2}:{3}", primary.address, standby.address, witness.address, Ports::dns);
}

namespace {

/// What a twin that was up before says of itself.
bool is_single(const fs::path& directory) {
    const auto text = io::read_file(directory / "twin.json");
    boost::system::error_code bad;
    const auto description = text ? boost::json::parse(*text, bad) : boost::json::value();
    const auto* single = bad || !description.is_object() ? nullptr : description.as_object().if_contains("single");
    return single && single->is_bool() && single->as_bool();
}

}  // namespace

Result<Layout> lay_out(fs::path directory, int network_base, core::Plan plan) {
    if (network_base < 0 || network_base > 250) {
        return fail("twin.bad-network-base", fmt::format("--network-base {}: expected 0 to 250", network_base));
    }
    Layout layout{.directory = std::move(directory), .network_base = network_base};
    const auto site = [&](RegionName name, SiteKind kind, int number) {
        return Site{
            .name = name,
            .kind = kind,
            .number = number,
            .address = fmt::format("127.{}.0.1", network_base + number),
            .directory = layout.directory / name.value(),
        };
    };
    for (const auto& region : plan.regions) {
        switch (region.role) {
            case core::RegionRole::primary:
                layout.primary = site(region.name, SiteKind::region, 1);
                break;
            case core::RegionRole::standby:
                layout.standby = site(region.name, SiteKind::region, 2);
                break;
            case core::RegionRole::witness:
                layout.witness = site(region.name, SiteKind::witness, 3);
                break;
        }
    }
    layout.world = site(RegionName("world"), SiteKind::world, 4);
    for (const auto& [site_of, role] :
         {std::pair{&layout.primary, "primary"}, {&layout.standby, "standby"}, {&layout.witness, "witness"}}) {
        if (site_of->name.value().empty()) {
            return fail(
                "twin.plan-shape", fmt::format("the twin needs a plan with a {} region; this one has none", role)
            );
        }
    }
    layout.plan = std::move(plan);
    layout.single = is_single(layout.directory);
    return layout;
}

namespace {

/// The first folder on the way to `path` that others may not enter.
fs::path first_private(const fs::path& path) {
    fs::path at;
    for (const auto& part : path) {
        at /= part;
        struct stat status{};
        if (::stat(at.c_str(), &status) == 0 && (status.st_mode & S_IXOTH) == 0) return at;
    }
    return {};
}

}  // namespace

Result<fs::path> reachable_directory(const fs::path& wanted) {
    std::error_code failed;
    const fs::path absolute = fs::absolute(wanted).lexically_normal();
    if (fs::is_symlink(absolute)) return fs::canonical(absolute);
    if (postgres_user().empty() || first_private(absolute).empty()) {
        fs::create_directories(absolute, failed);
        if (failed) return fail("twin.directory", fmt::format("{}: {}", absolute.string(), failed.message()));
        return absolute;
    }
    const fs::path elsewhere = fs::path("/var/tmp") / ("cloudshelf-" + sha256_hex(absolute.string()).substr(0, 12));
    if (fs::exists(absolute) && !fs::is_empty(absolute, failed)) {
        return fail(
            "twin.directory",
            fmt::format(
                "{} cannot be entered by user {}, who runs PostgreSQL: choose a folder with --data that it can reach",
                first_private(absolute).string(),
                postgres_user()
            )
        );
    }
    fs::create_directories(elsewhere, failed);
    fs::permissions(elsewhere, fs::perms(0755), failed);
    fs::create_directories(absolute.parent_path(), failed);
    fs::remove(absolute, failed);
    fs::create_directory_symlink(elsewhere, absolute, failed);
    if (failed) return fail("twin.directory", fmt::format("{}: {}", absolute.string(), failed.message()));
    return elsewhere;
}

std::string object_domain(const Layout& layout) {
    return "s3." + layout.plan.traffic.zone;
}

std::string website_host(const Layout& layout, const std::string& bucket, const RegionName& region) {
    return fmt::format("{}.s3-website.{}.{}", bucket, region.value(), object_domain(layout));
}

std::string postgres_user() {
    return ::geteuid() == 0 ? "postgres" : "";
}

}  // namespace cloudshelf::twin
