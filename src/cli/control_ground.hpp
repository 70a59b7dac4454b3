#pragma once

#include "cli/control_farm.hpp"
#include "cli/probe_peers.hpp"
#include "twin/call.hpp"
#include "twin/layout.hpp"

#include <boost/json/array.hpp>

#include <array>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace cloudshelf::cli {

/// A control plane with everything around it: three members of etcd, three controllers, and the farm. Ends with this
/// object, and with its process.
class ControlGround {
public:
    struct Options {
        int applications = 1000;
        int services = 10;
        int network_base = 230;
        core::Plan plan;
        core::Timing timing;
        Duration service_interval{};
        std::filesystem::path programs;   // the folder of `cloudshelf`
        std::filesystem::path directory;  // everything is written there
    };

    explicit ControlGround(Options options);

    /// Writes certificates, secrets and configurations, and starts all but the controllers.
    Result<void> prepare();
    Result<void> start_controller(int site);
    /// Starts controllers again that have ended by themselves, as their site's init does; answers how many.
    int revive();
    void stop_controller(int site) { controllers_[static_cast<std::size_t>(site)].reset(); }

    const Farm& farm() const { return farm_; }
    const std::string& site_name(int site) const { return farm_.sites[static_cast<std::size_t>(site)].value(); }
    const std::optional<Child>& controller(int site) const { return controllers_[static_cast<std::size_t>(site)]; }
    const std::vector<Child>& members() const { return members_; }
    /// The farm's processes, by what they stand for.
    const std::map<std::string, Child>& farmers() const { return farmers_; }

    /// A call to the controller of a site, by the operator.
    Result<boost::json::value> ask(int site, std::string target) const;
    /// Metrics of the controller of a site, and of its member of etcd; those with labels by their whole name.
    Result<std::map<std::string, double>> metrics(int site) const;
    Result<std::map<std::string, double>> member_metrics(int site) const;
    /// The site whose controller leads.
    std::optional<int> leader() const;

private:
    twin::Site at(int site) const;
    std::filesystem::path folder(int site) const { return options_.directory / site_name(site); }
    Result<void> write_secrets() const;
    boost::json::array checks_of(int application) const;
    Result<void> write_config(int site) const;
    Result<void> start_member(int site);

    Options options_;
    twin::Layout layout_;
    Farm farm_;
    std::vector<Child> members_;
    std::map<std::string, Child> farmers_;
    std::array<std::optional<Child>, farm_sites> controllers_;
};

}  // namespace cloudshelf::cli
