#include "sim/scenario_file.hpp"

#include "core/timing.hpp"
#include "plan/units.hpp"
#include "plan/yaml.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <map>

namespace cloudshelf::sim {

using namespace std::chrono_literals;

namespace {

constexpr Duration longest = 24h;
constexpr std::size_t faults_max = 10'000;
const std::array<std::string_view, 3> sites_of_a_clock{"us-east-1", "us-west-2", "us-east-2"};

std::string duration_text(Duration duration) {
    if (duration % 1s == 0s) return fmt::format("{} s", duration / 1s);
    return fmt::format("{} ms", duration / 1ms);
}

std::string quoted(const std::string& text) {
    std::string result = "\"";
    for (const char letter : text) {
        if (letter == '"' || letter == '\\') result += '\\';
        result += letter == '\n' ? ' ' : letter;
    }
    return result + "\"";
}

class Reader {
public:
    explicit Reader(std::string_view file) : file_(file) {}

    Scenario read(const plan::Node& document) {
        Scenario scenario;
        Map map = open(document, "");
        if (const auto* node = map.take("about")) scenario.about = text(*node, "about");
        if (const auto* node = map.take("seed"))
            scenario.seed = static_cast<std::uint64_t>(number(*node, "seed", 0, INT64_MAX));
        if (const auto* node = map.take("profile")) {
            scenario.profile = text(*node, "profile");
            if (!core::built_in_timing(scenario.profile)) report(*node, "profile", "lan, wan or route53");
        }
        if (const auto* node = map.take("clocks")) read_clocks(*node, scenario);
        if (const auto* node = map.take("faults-for")) scenario.faults_for = duration(*node, "faults-for");
        if (const auto* node = map.take("healed-for")) scenario.healed_for = duration(*node, "healed-for");
        if (const auto* node = map.take("stays-lost")) scenario.stays_lost = one_site(*node, "stays-lost");
        each(map.take("workloads"), "workloads", [&](const plan::Node& node, const std::string& path) {
            read_workload(node, path, scenario);
        });
        each(map.take("faults"), "faults", [&](const plan::Node& node, const std::string& path) {
            scenario.faults.push_back(read_fault(node, path));
        });
        each(map.take("expect"), "expect", [&](const plan::Node& node, const std::string& path) {
            const auto what = expectation_named(text(node, path));
            if (what) scenario.expect.push_back(*what);
            if (!what) report(node, path, "nothing-moves, nobody-is-fenced or writer-moves");
        });
        close(map);
        return scenario;
    }

    std::vector<plan::Problem> problems;

private:
    struct Map {
        const plan::Node* node = nullptr;
        std::string path;
        std::map<std::string, const plan::Node*> left;

        const plan::Node* take(const std::string& key) {
            const auto found = left.find(key);
            if (found == left.end()) return nullptr;
            const plan::Node* value = found->second;
            left.erase(found);
            return value;
        }
    };

    void report(const plan::Node& node, const std::string& path, std::string expected) {
        std::string found = node.kind == plan::Node::Kind::map    ? "a map"
                            : node.kind == plan::Node::Kind::list ? "a list"
                                                                  : fmt::format("'{}'", node.text);
        problems.push_back(
            {std::string(file_), node.mark.line, node.mark.column, path, std::move(found), std::move(expected), ""}
        );
    }

    Map open(const plan::Node& node, const std::string& path) {
        Map map{&node, path, {}};
        if (node.kind != plan::Node::Kind::map) report(node, path, "a map");
        for (std::size_t i = 0; i < node.keys.size(); ++i) map.left[node.keys[i].text] = &node.values[i];
        return map;
    }
    void close(const Map& map) {
        for (const plan::Node& key : map.node->keys) {
            if (!map.left.contains(key.text)) continue;
            report(key, map.path.empty() ? key.text : map.path + "." + key.text, "no such key here");
        }
    }
    template <class Read>
    void each(const plan::Node* list, const std::string& path, Read read) {
        if (!list) return;
        if (list->kind != plan::Node::Kind::list || list->values.size() > faults_max)
            return report(*list, path, fmt::format("a list of at most {}", faults_max));
        for (std::size_t i = 0; i < list->values.size(); ++i) read(list->values[i], fmt::format("{}[{}]", path, i));
    }

    std::string text(const plan::Node& node, const std::string& path) {
        if (node.kind != plan::Node::Kind::scalar || node.is_blank()) report(node, path, "a text");
        return node.text;
    }
    std::int64_t number(const plan::Node& node, const std::string& path, std::int64_t least, std::int64_t most) {
        std::int64_t value = 0;
        const char* end = node.text.data() + node.text.size();
        const auto [stopped, problem] = std::from_chars(node.text.data(), end, value);
        const bool good = node.kind == plan::Node::Kind::scalar && problem == std::errc() && stopped == end;
        if (!good || value < least || value > most)
            report(node, path, fmt::format("a whole number from {} to {}", least, most));
        return value;
    }
    Duration duration(const plan::Node& node, const std::string& path) {
        const auto value = plan::parse_duration(node.text);
        if (node.kind == plan::Node::Kind::scalar && value && *value <= longest) return *value;
        report(node, path, "a duration such as '3 ms' or '43 s', at most a day");
        return 0s;
    }
    Place place(const plan::Node& node, const std::string& path) {
        if (const auto found = place_named(node.text)) return *found;
        report(node, path, "us-east-1, us-west-2, us-east-2, all, writer, standby or leader");
        return Place::us_east_1;
    }
    Place one_site(const plan::Node& node, const std::string& path) {
        const Place found = place(node, path);
        if (found > Place::us_east_2) report(node, path, "us-east-1, us-west-2 or us-east-2");
        return found;
    }

    void read_clocks(const plan::Node& node, Scenario& scenario) {
        Map map = open(node, "clocks");
        for (std::size_t i = 0; i < sites_of_a_clock.size(); ++i) {
            const std::string site(sites_of_a_clock[i]);
            if (const auto* value = map.take(site))
                scenario.clock_ppm[i] = number(*value, "clocks." + site, -500'000, 500'000);
        }
        close(map);
    }

    void read_workload(const plan::Node& node, const std::string& path, Scenario& scenario) {
        Map map = open(node, path);
        const auto* name = map.take("name");
        if (!name || name->text != "shopper") report(name ? *name : node, path + ".name", "shopper");
        if (const auto* every = map.take("every")) {
            scenario.workload.every = duration(*every, path + ".every");
            if (scenario.workload.every < 1ms) report(*every, path + ".every", "at least 1 ms");
        }
        close(map);
    }

    Fault read_fault(const plan::Node& node, const std::string& path) {
        Map map = open(node, path);
        Fault fault;
        const auto need = [&](const std::string& key, bool wanted) -> const plan::Node* {
            if (!wanted) return nullptr;
            const auto* value = map.take(key);
            if (!value) report(node, path, fmt::format("a key '{}'", key));
            return value;
        };
        const auto* what = need("what", true);
        if (!what) return fault;
        const auto forms = fault_forms();
        const auto form = std::ranges::find(forms, what->text, &FaultForm::name);
        if (form == forms.end()) {
            std::vector<std::string> names;
            for (const auto& known : forms) names.emplace_back(known.name);
            report(*what, path + ".what", fmt::format("one of {}", fmt::join(names, ", ")));
            return fault;
        }
        fault.what = form->kind;
        if (const auto* value = need("at", true)) fault.at = duration(*value, path + ".at");
        if (const auto* value = need("site", form->has_site)) fault.site = place(*value, path + ".site");
        if (const auto* value = need("other", form->has_other)) fault.other = place(*value, path + ".other");
        if (const auto* value = need("for", form->has_lasts)) fault.lasts = duration(*value, path + ".for");
        if (const auto* value = need("amount", !form->amount.empty()))
            fault.amount = number(*value, path + ".amount", -1'000'000'000, 1'000'000'000);
        if (map.left.contains("step")) {
            StepMoment when{.step = text(*map.take("step"), path + ".step")};
            if (const auto* value = need("execution", true))
                when.execution = static_cast<std::uint64_t>(number(*value, path + ".execution", 1, 1'000'000));
            const auto* moment = need("moment", true);
            when.begins = moment && moment->text == "begins";
            if (moment && moment->text != "begins" && moment->text != "ends")
                report(*moment, path + ".moment", "begins or ends");
            fault.when = std::move(when);
        }
        close(map);
        return fault;
    }

    std::string_view file_;
};

std::string line_of(const Fault& fault) {
    const FaultForm& form = form_of(fault.what);
    std::string line = fmt::format("  - {{at: {}", duration_text(fault.at));
    if (fault.when) {
        line += fmt::format(
            ", step: {}, execution: {}, moment: {}",
            fault.when->step,
            fault.when->execution,
            fault.when->begins ? "begins" : "ends"
        );
    }
    line += fmt::format(", what: {}", form.name);
    if (form.has_site) line += fmt::format(", site: {}", name(fault.site));
    if (form.has_other) line += fmt::format(", other: {}", name(fault.other));
    if (form.has_lasts) line += fmt::format(", for: {}", duration_text(fault.lasts));
    if (!form.amount.empty()) line += fmt::format(", amount: {}", fault.amount);
    return line + "}\n";
}

}  // namespace

std::expected<Scenario, std::vector<plan::Problem>> read_scenario(std::string_view text, std::string_view file) {
    const auto document = plan::parse_yaml(text, file);
    if (!document) return std::unexpected(document.error());
    Reader reader(file);
    Scenario scenario = reader.read(*document);
    if (!reader.problems.empty()) return std::unexpected(std::move(reader.problems));
    return scenario;
}

std::string to_yaml(const Scenario& scenario) {
    std::string text;
    if (!scenario.about.empty()) text += fmt::format("about: {}\n", quoted(scenario.about));
    text += fmt::format("seed: {}\nprofile: {}\n", scenario.seed, scenario.profile);
    text += fmt::format(
        "clocks: {{us-east-1: {}, us-west-2: {}, us-east-2: {}}}\n",
        scenario.clock_ppm[0],
        scenario.clock_ppm[1],
        scenario.clock_ppm[2]
    );
    text += fmt::format("workloads:\n  - {{name: shopper, every: {}}}\n", duration_text(scenario.workload.every));
    text += fmt::format(
        "faults-for: {}\nhealed-for: {}\n", duration_text(scenario.faults_for), duration_text(scenario.healed_for)
    );
    if (scenario.stays_lost) text += fmt::format("stays-lost: {}\n", name(*scenario.stays_lost));
    if (!scenario.faults.empty()) text += "faults:\n";
    for (const Fault& fault : scenario.faults) text += line_of(fault);
    std::vector<std::string_view> expected;
    for (const Expectation what : scenario.expect) expected.push_back(name(what));
    if (!expected.empty()) text += fmt::format("expect: [{}]\n", fmt::join(expected, ", "));
    return text;
}

}  // namespace cloudshelf::sim
