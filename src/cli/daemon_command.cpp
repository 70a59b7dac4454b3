// controller, twin-site, twin-network: what `cloudshelf up` starts.
#include "cli/command.hpp"
#include "controller/main.hpp"
#include "twin/network.hpp"
#include "twin/site.hpp"

#include <CLI/CLI.hpp>

namespace cloudshelf::cli {

void add_daemons(CLI::App& app, int& status) {
    auto* controller = app.add_subcommand("controller", "the controller, in the foreground");
    auto config = std::make_shared<std::filesystem::path>();
    controller->add_option("--config", *config, "its configuration, JSON")->required();
    controller->callback([=, &status] { status = controller::controller_main(*config); });

    auto* witness = app.add_subcommand("witness", "the controller of a witness site: small limits, for 256 MiB");
    auto witness_config = std::make_shared<std::filesystem::path>();
    witness->add_option("--config", *witness_config, "its configuration, JSON")->required();
    witness->callback([=, &status] {
        status = controller::controller_main(*witness_config, controller::Limits::for_small_machine());
    });

    auto* site = app.add_subcommand("twin-site", "one site's machine, in the foreground");
    site->group("");  // not in the list: `up` starts it
    auto directory = std::make_shared<std::filesystem::path>();
    site->add_option("directory", *directory)->required();
    site->callback([=, &status] { status = twin::run_site(*directory); });

    auto* network = app.add_subcommand("twin-network", "the network between the sites, in the foreground");
    network->group("");
    auto network_config = std::make_shared<std::filesystem::path>();
    network->add_option("--config", *network_config)->required();
    network->callback([=, &status] { status = twin::run_network(*network_config); });
}

}  // namespace cloudshelf::cli
