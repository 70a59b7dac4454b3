// shop: customers with a ledger.
#include "cli/command.hpp"
#include "cli/shopper.hpp"
#include "io/signals.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/json.hpp>
#include <fmt/format.h>

#include <CLI/CLI.hpp>

namespace cloudshelf::cli {
namespace {

namespace json = boost::json;

io::Task<void> stop_when_asked(Shopper* shopper) {
    co_await io::asked_to_end();
    shopper->stop();
}

/// Prints and keeps what became of the acknowledged writes. Answers the exit status.
int tell(const workload::AuditResult& found, const std::filesystem::path& ledger, bool as_json) {
    const json::object result = workload::to_json(found);
    const auto written = io::replace_file(ledger.string() + ".audit.json", json::serialize(result));
    if (!written) {
        fmt::print(stderr, "cloudshelf shop: {}\n", written.error().message);
        return failed;
    }
    if (as_json) {
        fmt::print("{}\n", json::serialize(result));
    } else {
        using workload::Found;
        fmt::print(
            "{} acknowledged writes: {} missing, {} twice, {} wrong, {} could not be read back; "
            "{} outcomes were never learnt\n",
            found.acknowledged(),
            found.count(Found::missing),
            found.count(Found::twice),
            found.count(Found::wrong),
            found.count(Found::unread),
            found.unknown_outcomes
        );
    }
    return found.bad.empty() && found.unknown.empty() ? ok : not_met;
}

int tell(const Error& error) {
    fmt::print(stderr, "cloudshelf shop: {}\n", error.message);
    return error.code == "shop.no-shop" ? unavailable : failed;
}

io::Task<int> read_back(ShopperOptions options, bool as_json) {
    const auto executor = co_await boost::asio::this_coro::executor;
    const std::filesystem::path path = options.ledger;
    const auto text = io::read_file(path, 1u << 30);
    if (!text) {
        tell(text.error());
        co_return no_input;
    }
    Shopper shopper(executor, std::move(options));
    shopper.adopt(workload::parse_ledger(*text));
    const auto found = co_await shopper.audit();
    co_return tell(found, path, as_json);
}

io::Task<int> shop(ShopperOptions options, bool audit, bool as_json) {
    const auto executor = co_await boost::asio::this_coro::executor;
    const std::filesystem::path ledger = options.ledger;
    const std::filesystem::path live = ledger.string() + ".live.json";
    Shopper shopper(executor, std::move(options));
    const auto ready = co_await shopper.prepare();
    if (!ready) co_return tell(ready.error());
    boost::asio::co_spawn(executor, stop_when_asked(&shopper), boost::asio::detached);
    const auto shopped = co_await shopper.run();
    if (!shopped) co_return tell(shopped.error());
    [[maybe_unused]] const auto said = io::replace_file(live, shopper.live("reading back"));
    int status = ok;
    if (audit) {
        const auto found = co_await shopper.audit();
        status = tell(found, ledger, as_json);
    }
    const json::value figures = json::parse(shopper.live("done"));
    [[maybe_unused]] const auto last = io::replace_file(live, json::serialize(figures));
    if (as_json && !audit) fmt::print("{}\n", json::serialize(figures));
    if (!as_json) {
        fmt::print(
            "{} attempts succeeded, {} failed; {} writes acknowledged, p50 {:.1f} ms, p99 {:.1f} ms; ledger in {}\n",
            json::serialize(figures.at("ok")),
            json::serialize(figures.at("failed")),
            json::serialize(figures.at("acknowledged_writes")),
            figures.at("p50_ms").to_number<double>(),
            figures.at("p99_ms").to_number<double>(),
            ledger.string()
        );
    }
    co_return status;
}

}  // namespace

void add_shop(CLI::App& app, int& status) {
    auto* command = app.add_subcommand(
        "shop", "customers: open-loop load through the public names, every acknowledged write in a ledger"
    );
    auto common = std::make_shared<Common>();
    auto options = std::make_shared<ShopperOptions>();
    auto seconds = std::make_shared<double>(30);
    auto names = std::make_shared<std::string>();
    auto audit = std::make_shared<bool>(false);
    auto audit_only = std::make_shared<bool>(false);
    add_common(*command, *common);
    command->add_option("--rate", options->rate, "transactions begun per second")
        ->capture_default_str()
        ->check(CLI::Range(0.1, 5000.0));
    command->add_option("--for", *seconds, "for how long, e.g. 30s or 2m")
        ->transform(CLI::AsNumberWithUnit(std::map<std::string, double>{{"s", 1}, {"m", 60}, {"h", 3600}}))
        ->default_str("30s");
    command->add_option("--ledger", options->ledger, "the ledger, JSON Lines; default: <data>/shop-<time>.jsonl");
    command->add_option("--nameservers", *names, "ADDRESS:PORT,…; default: the twin's");
    command->add_option("--name", options->name, "the shop's public name")->capture_default_str();
    command->add_option("--port", options->port, "the shop's port")->capture_default_str();
    command->add_option("--site", options->site_name, "the static site's public name; default: the plan's edge");
    command->add_option("--site-port", options->site_port, "its port")->capture_default_str();
    command->add_option("--seed", options->seed, "of the customers' choices")->capture_default_str();
    command->add_flag("--audit", *audit, "read everything back afterwards: what is missing, twice or wrong?");
    command->add_flag(
        "--audit-only", *audit_only, "no shopping: read back what the ledger of an earlier run says was acknowledged"
    );
    command->footer("Example: cloudshelf shop --rate 200 --for 1m --audit");
    command->callback([=, &status] {
        const auto layout = lay_out(*common);
        if (!layout) return void(status = layout.error());
        std::string list = names->empty() ? layout->nameservers() : *names;
        for (std::istringstream parts(list); std::getline(parts, list, ',');) {
            const auto endpoint = io::Endpoint::parse(list);
            if (!endpoint) {
                report(endpoint.error(), *common);
                return void(status = usage);
            }
            options->nameservers.push_back(*endpoint);
        }
        if (options->site_name.empty() && layout->plan.edge) options->site_name = layout->plan.edge->name;
        options->duration = std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*seconds));
        if (options->ledger.empty()) options->ledger = layout->directory / fmt::format("shop-{}.jsonl", io::utc_now());
        status =
            io::run_program(*audit_only ? read_back(*options, common->json) : shop(*options, *audit, common->json));
    });
}

}  // namespace cloudshelf::cli
