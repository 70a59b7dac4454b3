// certificates: which there are and when they end; new ones in place.
#include "cli/command.hpp"
#include "io/certificates.hpp"
#include "twin/certificates.hpp"

#include <boost/json.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <CLI/CLI.hpp>
#include <chrono>

namespace cloudshelf::cli {
namespace {

namespace json = boost::json;

Result<json::array> certificates(const twin::Layout& layout) {
    json::array all;
    for (const auto& file : twin::certificate_files(layout)) {
        const auto info = io::read_certificate(file);
        if (!info) return fail(info.error());
        all.push_back({
            {"file", file.string()},
            {"names", json::value_from(info->dns_names)},
            {"addresses", json::value_from(info->addresses)},
            {"issuer", info->issuer},
            {"serial", info->serial},
            {"until", fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", info->until)},
            {"days_left", std::chrono::floor<std::chrono::days>(info->until - std::chrono::system_clock::now()).count()
            },
        });
    }
    return all;
}

int show(const twin::Layout& layout, const Common& common) {
    const auto all = certificates(layout);
    if (!all) return report(all.error(), common);
    if (common.json) {
        fmt::print("{}\n", json::serialize(*all));
        return ok;
    }
    for (const auto& entry : *all) {
        const std::filesystem::path file = entry.at("file").as_string().c_str();
        fmt::print(
            "{:<16} until {}  ({} days)  {}\n",
            file.filename().string(),
            entry.at("until").as_string().c_str(),
            entry.at("days_left").as_int64(),
            fmt::join(json::value_to<std::vector<std::string>>(entry.at("names")), " ")
        );
    }
    return ok;
}

}  // namespace

void add_certificates(CLI::App& app, int& status) {
    auto* command = app.add_subcommand("certificates", "who the sites prove to be, and until when");
    command->require_subcommand(1);
    auto common = std::make_shared<Common>();
    auto* list = command->add_subcommand("show", "names and ends of all certificates");
    add_common(*list, *common);
    list->callback([=, &status] {
        const auto layout = lay_out(*common);
        status = layout ? show(*layout, *common) : layout.error();
    });
    auto* rotate = command->add_subcommand("rotate", "issue new ones in place; what runs takes them at once");
    add_common(*rotate, *common);
    rotate->callback([=, &status] {
        const auto layout = lay_out(*common);
        if (!layout) return void(status = layout.error());
        const auto issued = twin::issue_certificates(*layout);
        status = issued ? show(*layout, *common) : report(issued.error(), *common);
    });
}

}  // namespace cloudshelf::cli
