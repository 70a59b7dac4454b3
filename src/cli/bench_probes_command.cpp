// bench-probes: what a look costs, ours beside HAProxy's and the blackbox exporter's, in the same run.
#include "base/statistics.hpp"
#include "cli/command.hpp"
#include "cli/probe_peers.hpp"
#include "cli/probe_responders.hpp"
#include "drivers/probe/rounds.hpp"
#include "io/certificates.hpp"
#include "io/clock.hpp"
#include "io/file.hpp"

#include <boost/asio/io_context.hpp>
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <map>
#include <sched.h>
#include <thread>
#include <unistd.h>

namespace cloudshelf::cli {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr int prober_core = 0;
constexpr int other_core = 1;
const std::string path = "/health";
const std::string haproxy = "/usr/sbin/haproxy";
const std::string blackbox = "/usr/bin/prometheus-blackbox-exporter";
const io::Endpoint responder{.address = "127.230.0.1", .port = 8100};
const io::Endpoint https_responder{.address = "127.230.0.1", .port = 8443};
const io::Endpoint dns_responder{.address = "127.230.0.1", .port = 8053};
const io::Endpoint postgres_responder{.address = "127.230.0.1", .port = 8432};
const io::Endpoint exporter{.address = "127.230.0.2", .port = 9115};

struct Options {
    double seconds = 5;
    int rounds = 5;
    int checks = 100;
    int interval_ms = 20;
    int connections = 64;
    fs::path out = "var/bench/probes";
};

struct Window {
    double probes_per_second = 0;
    double cpu_us_per_probe = 0;
    double cores = 0;
};

/// Our state machine, fed by whatever looks: what a vantage does with each result.
class Judge {
public:
    explicit Judge(Counters& counters) : counters_(counters) {}

    void add(core::ProbeId id, Duration interval) {
        names_.resize(id.value() + 1);
        names_[id.value()] = core::CheckName(fmt::format("check-{}", id.value()));
        (void)checks_.put({.name = names_[id.value()], .interval = interval}, io::now());
    }
    void saw(core::ProbeId id, const probe::ProbeResult& result) {
        if (result.observation != core::Observation::passed)
            counters_.not_passed.fetch_add(1, std::memory_order_relaxed);
        checks_.saw(names_[id.value()], here_, result.observation, io::now());
    }

private:
    Counters& counters_;
    core::HealthChecks checks_;
    core::VantageName here_{"here"};
    std::vector<core::CheckName> names_;
};

/// As fast as it goes: each look that ends begins the next one at the same target.
void probe_without_pause(int targets, const probe::Target& target) {
    boost::asio::io_context loop(1);
    Judge judge(Counters::shared());
    probe::Prober* again = nullptr;
    probe::Prober prober(loop.get_executor(), {}, [&](core::ProbeId id, const probe::ProbeResult& result) {
        judge.saw(id, result);
        again->begin(id);
    });
    again = &prober;
    for (int i = 0; i < targets; ++i) {
        const auto id = prober.add(target);
        judge.add(*id, 10ms);
        prober.begin(*id);
    }
    loop.run();
}

/// By the schedule: each target once per interval.
void probe_on_schedule(int targets, Duration interval, const probe::Target& target) {
    boost::asio::io_context loop(1);
    Judge judge(Counters::shared());
    probe::Rounds rounds(loop.get_executor(), {}, [&](core::ProbeId id, const probe::Rounds::Look& look) {
        judge.saw(id, look.result);
    });
    for (int i = 0; i < targets; ++i) {
        const auto id = rounds.add(target, interval, core::ProbePacing::fixed);
        judge.add(*id, interval);
    }
    loop.run();
}

/// Waits until probes come, then counts for a while.
Result<Window> measure(const Child& who, Duration length) {
    auto& requests = Counters::shared().requests;
    const std::uint64_t before = requests;
    for (const auto deadline = io::Deadline::after(20s); requests < before + 200; std::this_thread::sleep_for(10ms)) {
        if (deadline.passed() || !who.is_running()) return fail("bench.no-probes", "no probes came");
    }
    std::this_thread::sleep_for(500ms);  // past the start of the program itself
    const std::uint64_t first = requests;
    const Duration cpu_first = who.cpu_time();
    const TimePoint began = io::now();
    std::this_thread::sleep_for(length);
    const auto count = static_cast<double>(requests - first);
    const auto cpu = std::chrono::duration<double>(who.cpu_time() - cpu_first).count();
    const auto took = std::chrono::duration<double>(io::now() - began).count();
    return Window{.probes_per_second = count / took, .cpu_us_per_probe = cpu / count * 1e6, .cores = cpu / took};
}

/// One way of looking: how it is begun, and what its windows gave.
struct Contender {
    std::string name;
    std::function<Result<std::vector<Child>>()> start;  // the first of them is measured
    std::string program;                                // empty: ours
    std::vector<Window> windows;
    std::string missing;
};

Result<std::vector<Child>> only(Result<Child> child) {
    if (!child) return fail(child.error());
    std::vector<Child> all;
    all.push_back(std::move(*child));
    return all;
}

std::vector<Contender> contenders(const Options& options) {
    const Duration interval = options.interval_ms * Duration(1ms);
    const auto haproxy_with = [=](const HaproxyChecks& checks, std::string file) -> Result<std::vector<Child>> {
        const fs::path config = options.out / file;
        if (const auto written = io::replace_file(config, haproxy_config(checks)); !written)
            return fail(written.error());
        return only(Child::start(prober_core, {haproxy, "-db", "-f", config}, options.out / "haproxy.log"));
    };
    const auto haproxy_at = [=](int checks, Duration every, std::string file) {
        return haproxy_with(
            {.endpoint = responder, .count = checks, .interval = every, .options = httpchk(responder, path)}, file
        );
    };
    const auto ours = [=](const probe::Target& target) {
        return only(Child::run(prober_core, [=] { probe_without_pause(options.connections, target); }));
    };
    using probe::Connections;
    std::vector<Contender> all;
    const probe::Target fresh{.endpoint = responder, .path = path};
    const auto kept = [](probe::Target target) {
        target.connections = Connections::kept;
        return target;
    };
    all.push_back({"ours, kept connections, without pause", [=] { return ours(kept(fresh)); }});
    all.push_back({"ours, fresh connections, without pause", [=] { return ours(fresh); }});
    const std::string scheduled = fmt::format("{} checks every {} ms", options.checks, options.interval_ms);
    all.push_back({"ours, fresh connections, " + scheduled, [=] {
                       return only(Child::run(prober_core, [=] { probe_on_schedule(options.checks, interval, fresh); })
                       );
                   }});
    all.push_back(
        {"HAProxy httpchk, " + scheduled, [=] { return haproxy_at(options.checks, interval, "haproxy.cfg"); }, haproxy}
    );
    all.push_back(
        {"HAProxy httpchk, more checks than it can make",
         [=] { return haproxy_at(500, 10ms, "haproxy-full.cfg"); },
         haproxy}
    );
    all.push_back(
        {"blackbox exporter, http_2xx, 4 at once",
         [=]() -> Result<std::vector<Child>> {
             const fs::path config = options.out / "blackbox.yml";
             const auto written = io::replace_file(
                 config, "modules:\n  http_2xx:\n    prober: http\n    http: {preferred_ip_protocol: ip4}\n"
             );
             if (!written) return fail(written.error());
             auto started = only(Child::start(
                 prober_core,
                 {blackbox, "--config.file", config, "--web.listen-address", exporter.text()},
                 options.out / "blackbox.log"
             ));
             if (!started) return started;
             auto driver =
                 Child::run(other_core, [] { drive_blackbox(exporter, "http://" + responder.text() + path, 4); });
             if (!driver) return fail(driver.error());
             started->push_back(std::move(*driver));
             return started;
         },
         blackbox}
    );
    const probe::Target https{.type = core::CheckType::https, .endpoint = https_responder, .path = path};
    all.push_back({"ours, HTTPS, kept connections, without pause", [=] { return ours(kept(https)); }});
    all.push_back({"ours, HTTPS, fresh connections, 100 checks every 500 ms", [=] {
                       return only(Child::run(prober_core, [=] { probe_on_schedule(100, 500ms, https); }));
                   }});
    all.push_back(
        {"HAProxy httpchk over TLS, 100 checks every 500 ms",
         [=] {
             return haproxy_with(
                 {.endpoint = https_responder,
                  .count = 100,
                  .interval = 500ms,  // its time limit, too
                  .options = httpchk(https_responder, path),
                  .of_server = "check-ssl verify none"},
                 "haproxy-tls.cfg"
             );
         },
         haproxy}
    );
    const probe::DnsQuestion question{.name = "api.cloudshelf.com", .expected = "127.0.0.1"};
    const probe::Target dns{.type = core::CheckType::dns, .endpoint = dns_responder, .dns = question};
    all.push_back({"ours, DNS over UDP, without pause", [=] { return ours(dns); }});
    const probe::Target postgres{.type = core::CheckType::postgres, .endpoint = postgres_responder};
    all.push_back({"ours, PostgreSQL, without pause", [=] { return ours(postgres); }});
    all.push_back(
        {"HAProxy pgsql-check, more checks than it can make",
         [=] {
             return haproxy_with(
                 {.endpoint = postgres_responder,
                  .count = 500,
                  .interval = 10ms,
                  .options = "    option pgsql-check user cloudshelf_probe\n",
                  .mode = "tcp"},
                 "haproxy-pgsql.cfg"
             );
         },
         haproxy}
    );
    for (auto& contender : all) {
        if (!contender.program.empty() && !fs::exists(contender.program)) contender.missing = "not installed";
    }
    return all;
}

Summary summary(const Contender& contender, double Window::* figure) {
    std::vector<double> values;
    for (const auto& window : contender.windows) values.push_back(window.*figure);
    return summarize(std::move(values));
}

void print(const std::vector<Contender>& all, const Options& options) {
    fmt::print(
        "| who looks, on one core | n × {} s | probes/s (median) | core used | CPU µs per probe: min | median | max |\n"
        "| --- | --: | --: | --: | --: | --: | --: |\n",
        options.seconds
    );
    for (const auto& contender : all) {
        if (!contender.missing.empty()) {
            fmt::print("| {} | {} | | | | | |\n", contender.name, contender.missing);
            continue;
        }
        const Summary cpu = summary(contender, &Window::cpu_us_per_probe);
        fmt::print(
            "| {} | {} | {:.0f} | {:.0f} % | {:.1f} | {:.1f} | {:.1f} |\n",
            contender.name,
            cpu.n,
            summary(contender, &Window::probes_per_second).median,
            summary(contender, &Window::cores).median * 100,
            cpu.min,
            cpu.median,
            cpu.max
        );
    }
}

/// A figure against its target; a figure that is not there meets nothing and fails nothing.
bool meets(const std::string& what, double figure, double target, bool at_least, const Contender& peer) {
    if (!peer.missing.empty()) {
        fmt::print("| {} | {} | | |\n", what, peer.missing);
        return true;
    }
    const bool met = at_least ? figure >= target : figure <= target;
    fmt::print(
        "| {} | {:.{}f} | {} {} | {} |\n",
        what,
        figure,
        figure < 100 ? 2 : 0,
        at_least ? "≥" : "≤",
        target,
        met ? "met" : "NOT MET"
    );
    return met;
}

/// A certificate of a CA of its own, for the benchmark alone; made anew each time.
Result<io::TlsIdentity> identity_in(const fs::path& folder) {
    std::error_code ignored;
    fs::create_directories(folder, ignored);
    const io::CertificateFiles ca{.certificate = folder / "ca.crt", .key = folder / "ca.key"};
    const io::CertificateFiles own{.certificate = folder / "responder.crt", .key = folder / "responder.key"};
    const auto validity = io::Validity::days(1);
    if (const auto made = io::make_authority(ca, "bench-probes", validity); !made) return fail(made.error());
    const auto issued = io::issue_certificate(
        ca, {.name = "responder", .addresses = {https_responder.address}, .validity = validity}, own
    );
    if (!issued) return fail(issued.error());
    return io::TlsIdentity{.certificate_file = own.certificate, .key_file = own.key, .ca_file = ca.certificate};
}

/// Who answers, each in a process of its own on the other core.
Result<std::vector<Child>> responders(const Options& options) {
    const auto identity = identity_in(options.out / "tls");
    if (!identity) return fail(identity.error());
    auto& counters = Counters::shared();
    const std::function<void()> all[] = {
        [&] { respond_http(responder, counters); },
        [&] { respond_https(https_responder, *identity, counters); },
        [&] { respond_dns(dns_responder, counters); },
        [&] { respond_postgres(postgres_responder, counters); },
    };
    std::vector<Child> children;
    for (const auto& respond : all) {
        auto child = Child::run(other_core, respond);
        if (!child) return fail(child.error());
        children.push_back(std::move(*child));
    }
    return children;
}

Exit run_bench(const Options& options, const Common& common) {
    if (std::thread::hardware_concurrency() < 2)
        return report({.code = "bench.one-core", .message = "bench-probes needs two cores"}, common);
    std::error_code ignored;
    fs::create_directories(options.out, ignored);
    auto& counters = Counters::shared();
    const auto answering = responders(options);
    if (!answering) return report(answering.error(), common);
    const auto say = progress(common);
    auto all = contenders(options);
    // Turn by turn, so that what else the machine does meets all of them.
    for (int round = 1; round <= options.rounds; ++round) {
        for (auto& contender : all) {
            if (!contender.missing.empty()) continue;
            const auto children = contender.start();
            if (!children) return report(children.error(), common);
            const auto window = measure(children->front(), std::chrono::duration_cast<Duration>(options.seconds * 1s));
            if (!window) {
                contender.missing = window.error().message;
                continue;
            }
            contender.windows.push_back(*window);
            say(fmt::format(
                "{}/{} {}: {:.0f}/s, {:.1f} µs each",
                round,
                options.rounds,
                contender.name,
                window->probes_per_second,
                window->cpu_us_per_probe
            ));
        }
    }
    print(all, options);
    const auto cpu = [&](std::size_t i) { return summary(all[i], &Window::cpu_us_per_probe).median; };
    fmt::print("\nProbes of ours that did not pass: {}\n\n", counters.not_passed.load());
    fmt::print("| figure | measured | target | |\n| --- | --: | --: | --- |\n");
    bool met = counters.not_passed == 0;
    met &=
        meets("probes per second of one core's time, kept connections", std::round(1e6 / cpu(0)), 15'000, true, all[0]);
    met &= meets("CPU per probe, ours : HAProxy's, on schedule", cpu(2) / cpu(3), 1.3, false, all[3]);
    met &= meets("CPU per probe, ours : HAProxy's, without pause", cpu(1) / cpu(4), 1.3, false, all[4]);
    met &= meets("CPU per probe, ours on schedule : blackbox exporter's", cpu(2) / cpu(5), 0.2, false, all[5]);
    met &= meets("CPU per probe over TLS, fresh, ours : HAProxy's", cpu(7) / cpu(8), 1.3, false, all[8]);
    met &= meets("CPU per PostgreSQL probe, ours : HAProxy's", cpu(10) / cpu(11), 1.3, false, all[11]);
    return met ? ok : not_met;
}

}  // namespace

void add_bench_probes(CLI::App& app, int& status) {
    auto* command =
        app.add_subcommand("bench-probes", "what a health check costs, beside HAProxy and blackbox exporter");
    auto options = std::make_shared<Options>();
    command->add_option("--rounds", options->rounds, "windows of each")
        ->capture_default_str()
        ->check(CLI::Range(1, 100));
    command->add_option("--seconds", options->seconds, "length of a window")
        ->capture_default_str()
        ->check(CLI::Range(1.0, 600.0));
    command->add_option("--checks", options->checks, "checks on schedule")
        ->capture_default_str()
        ->check(CLI::Range(1, 10'000));
    command->add_option("--interval-ms", options->interval_ms, "of the checks on schedule")
        ->capture_default_str()
        ->check(CLI::Range(10, 30'000));
    command->callback([options, &status] { status = run_bench(*options, Common{}); });
}

}  // namespace cloudshelf::cli
