#include "plan/explain.hpp"

#include "core/costs.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <iterator>
#include <vector>

namespace cloudshelf::plan {
namespace {

using core::format_duration;
using core::format_money;
namespace json = boost::json;

// --- What is shown, before it is text or JSON
// --------------------------------------------------------------------------

struct PolicyCost {
    std::string_view failure;
    std::array<std::string_view, 3> outcome;  // by SafetyPolicy: witness, lease, confirm
};
constexpr std::array<PolicyCost, 7> policy_costs{{
    {"primary region lost", {"moves by itself", "moves by itself", "down until a person confirms"}},
    {"standby region lost", {"goes on", "writer fences itself: down until a person acts", "goes on"}},
    {"regions cut off from each other",
     {"goes on", "writer fences itself, moves by itself (a move for nothing)", "goes on"}},
    {"primary cut off from everybody",
     {"fences itself, moves by itself",
      "fences itself, moves by itself",
      "down until a person confirms that it is fenced"}},
    {"third site lost", {"goes on under promises; no automatic move", "(has none)", "(has none)"}},
    {"primary and third site lost", {"down until a person confirms", "moves by itself", "down until a person confirms"}
    },
    {"a person is wrong about the fence", {"not asked", "not asked", "two regions write: data diverges"}},
}};

/// A figure that was written down, beside what the plan's inputs give.
struct Derivation {
    std::string what;
    std::string source;
    std::string stated;
    std::string computed;
    std::string formula;
    bool agrees = false;
    std::string remark;
};

double hours(Duration duration) {
    return std::chrono::duration<double, std::ratio<3600>>(duration).count();
}
double dollars(core::Cents money) {
    return static_cast<double>(money.value()) / 100;
}

/// Two per cent: 2.64 h written down as 2.6 h is rounding, 18 h is not.
bool agree(double stated, double computed) {
    return std::abs(stated - computed) <= 0.02 * std::abs(computed);
}

core::Cents annual_cost(const core::Costs& costs) {
    return core::Cents(12 * core::monthly_cost(costs).value());
}

/// What the same source says the year costs, to see which rate its break-even assumed.
std::optional<core::Cents> stated_annual_cost(const core::Plan& plan, const std::string& source) {
    for (const core::Stated& stated : plan.costs.stated)
        if (stated.what == core::StatedWhat::annual_cost && stated.source == source) return stated.money;
    return std::nullopt;
}

std::string break_even_remark(const core::Plan& plan, const core::Stated& stated, double hours_a_year) {
    const auto cost = stated_annual_cost(plan, stated.source);
    if (!cost || hours_a_year <= 0) return {};
    const core::Cents rate(static_cast<std::int64_t>(std::llround(static_cast<double>(cost->value()) / hours_a_year)));
    const bool known = std::ranges::any_of(
        std::array{plan.revenue.peak, plan.revenue.off_peak, plan.revenue.weekend, plan.revenue.holiday},
        [&](core::Cents of_plan) { return agree(dollars(rate), dollars(of_plan)); }
    );
    return fmt::format(
        "{} ÷ {:.4g} h = {} an hour{}",
        format_money(*cost),
        hours_a_year,
        format_money(rate),
        known ? "" : ", which is no rate of this plan"
    );
}

Derivation derive(const core::Plan& plan, const core::Stated& stated) {
    Derivation result;
    result.what = core::name_of(stated.what);
    result.source = stated.source;
    const core::Cents monthly = core::monthly_cost(plan.costs);
    const core::Cents annual = annual_cost(plan.costs);
    const auto money = [&](core::Cents computed, std::string formula) {
        const core::Cents figure = stated.money.value_or(core::Cents(0));
        result.stated = format_money(figure);
        result.computed = format_money(computed);
        result.formula = std::move(formula);
        result.agrees = agree(dollars(figure), dollars(computed));
    };
    const auto time = [&](double computed, std::string formula) {
        const double figure = hours(stated.duration.value_or(Duration::zero()));
        result.stated = fmt::format("{:.4g} h", figure);
        result.computed = fmt::format("{:.4g} h", computed);
        result.formula = std::move(formula);
        result.agrees = agree(figure, computed);
    };
    switch (stated.what) {
        case core::StatedWhat::monthly_cost:
            money(monthly, fmt::format("sum of {} items", plan.costs.items.size()));
            break;
        case core::StatedWhat::annual_cost:
            money(annual, fmt::format("12 × {}", format_money(monthly)));
            break;
        case core::StatedWhat::break_even_per_year:
            time(
                dollars(annual) / dollars(plan.revenue.peak),
                fmt::format("{} ÷ {} an hour at peak", format_money(annual), format_money(plan.revenue.peak))
            );
            result.remark = break_even_remark(plan, stated, hours(stated.duration.value_or(Duration::zero())));
            break;
        case core::StatedWhat::break_even_per_month:
            time(
                dollars(monthly) / dollars(plan.revenue.peak),
                fmt::format("{} ÷ {} an hour at peak", format_money(monthly), format_money(plan.revenue.peak))
            );
            result.remark = break_even_remark(plan, stated, 12 * hours(stated.duration.value_or(Duration::zero())));
            break;
        case core::StatedWhat::downtime_budget:
            time(
                hours(core::downtime_budget(plan.availability.target)),
                fmt::format("(100 − {:g}) % of 365.25 d", plan.availability.target.value())
            );
            break;
        case core::StatedWhat::drill_success: {
            const double figure = stated.percent.value_or(core::Percent(0)).value();
            result.stated = fmt::format("{:g} %", figure);
            if (!plan.last_drills || plan.last_drills->total == 0) {
                result.computed = "unknown";
                result.formula = "no results of drills in the plan";
                break;
            }
            const double computed = 100.0 * plan.last_drills->passed / plan.last_drills->total;
            result.computed = fmt::format("{:.1f} %", computed);
            result.formula = fmt::format("{} of {} passed", plan.last_drills->passed, plan.last_drills->total);
            result.agrees = agree(figure, computed);
            break;
        }
    }
    return result;
}

struct NamedRate {
    std::string_view name;
    core::Cents rate;
};
std::array<NamedRate, 5> rates_of(const core::Plan& plan) {
    const core::Revenue& revenue = plan.revenue;
    return {{
        {"peak", revenue.peak},
        {"off-peak", revenue.off_peak},
        {"weekend", revenue.weekend},
        {"holiday", revenue.holiday},
        {"average week", core::average_rate(revenue)},
    }};
}

/// The plan's profile, then the built-in ones.
std::vector<std::string> profiles_of(const core::Plan& plan) {
    std::vector<std::string> names{plan.timing_choice.profile};
    for (const auto name : core::built_in_profiles())
        if (name != plan.timing_choice.profile) names.emplace_back(name);
    return names;
}

Duration sum_of_limits(const std::vector<const core::Step*>& path) {
    Duration sum{};
    for (const core::Step* step : path) sum += step->limit;
    return sum;
}

std::vector<std::string> names_of(const std::vector<const core::Step*>& steps) {
    std::vector<std::string> names;
    for (const core::Step* step : steps) names.push_back(step->name);
    return names;
}

// --- Text
// --------------------------------------------------------------------------------------------------------------

/// How many columns a text takes, for what we print: one for each character.
std::size_t columns(std::string_view text) {
    return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) {
        return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
    }));
}

class Text {
public:
    void title(std::string_view title) { fmt::format_to(end(), "{}{}\n", text_.empty() ? "" : "\n", title); }
    void line(std::string_view line) { fmt::format_to(end(), "  {}\n", line); }

    /// Columns as wide as their widest cell; the first row is the head.
    void table(const std::vector<std::vector<std::string>>& rows) {
        std::vector<std::size_t> widths;
        for (const auto& row : rows) {
            widths.resize(std::max(widths.size(), row.size()));
            for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], columns(row[i]));
        }
        for (const auto& row : rows) {
            std::string out = "  ";
            for (std::size_t i = 0; i < row.size(); ++i) {
                out += row[i];
                if (i + 1 < row.size()) out.append(widths[i] - columns(row[i]) + 2, ' ');
            }
            out.resize(out.find_last_not_of(' ') + 1);
            text_ += out + "\n";
        }
    }

    std::string take() { return std::move(text_); }

private:
    std::back_insert_iterator<std::string> end() { return std::back_inserter(text_); }

    std::string text_;
};

void regions_and_services(Text& text, const core::Plan& plan) {
    text.title("Regions");
    std::vector<std::vector<std::string>> rows{{"name", "role", "mode", "place"}};
    for (const core::Region& region : plan.regions)
        rows.push_back(
            {region.name.value(), std::string(name_of(region.role)), std::string(name_of(region.mode)), region.place}
        );
    text.table(rows);

    text.title("Services");
    rows = {{"name", "impact", "priority", "RTO", "RPO", "writes", "recovered by"}};
    for (const core::Service& service : plan.services)
        rows.push_back(
            {service.name.value(),
             std::string(name_of(service.impact)),
             std::string(name_of(service.priority)),
             format_duration(service.rto),
             format_duration(service.rpo),
             std::string(name_of(service.commit)),
             service.covered() ? *service.recovered_by : "(not covered)"}
        );
    text.table(rows);
}

void procedures(Text& text, const core::Plan& plan) {
    for (const core::Procedure& procedure : plan.procedures) {
        text.title(fmt::format("Procedure {} ({})", procedure.name, name_of(procedure.mode)));
        std::vector<std::vector<std::string>> rows{{"wave", "step", "after", "limit", "notes"}};
        int number = 0;
        for (const auto& wave : core::waves(procedure)) {
            ++number;
            for (const core::Step* step : wave) {
                std::vector<std::string> notes;
                if (step->retries > 0) notes.push_back(fmt::format("{} retries", step->retries));
                if (step->approval != core::Approval::none)
                    notes.push_back(fmt::format("approval: {}", name_of(step->approval)));
                if (!step->essential) notes.emplace_back("may fail");
                if (step->undo) notes.push_back(fmt::format("undo: {}", name_of(*step->undo)));
                rows.push_back(
                    {fmt::format("{}", number),
                     step->name,
                     step->after.empty() ? "-" : fmt::format("{}", fmt::join(step->after, ", ")),
                     format_duration(step->limit),
                     fmt::format("{}", fmt::join(notes, ", "))}
                );
            }
        }
        text.table(rows);
        const auto path = core::critical_path(procedure);
        text.line(fmt::format("critical path: {}", fmt::join(names_of(path), " → ")));
        text.line(fmt::format("limits on it:  {} (time-outs, not expectations)", format_duration(sum_of_limits(path))));
    }
}

void timing(Text& text, const core::Plan& plan) {
    const core::Timing& timing = plan.timing;
    text.title(fmt::format("Timing profile {}", plan.timing_choice.profile));
    text.table({
        {"lease d", format_duration(timing.lease), "renewed every", format_duration(timing.beat)},
        {"drift ρ", fmt::format("{} ppm", timing.drift_ppm), "hold-down", format_duration(timing.hold_down)},
        {"holder writes until",
         fmt::format("d·(1−ρ) = {}", format_duration(core::holder_counts(timing))),
         "from sending",
         ""},
        {"taker waits for",
         fmt::format("d·(1+ρ) = {}", format_duration(core::taker_waits(timing))),
         "from first sight",
         fmt::format("always {} longer", format_duration(core::taker_waits(timing) - core::holder_counts(timing)))},
        {"fencer kills",
         fmt::format("{} before the deadline", format_duration(timing.fencer_margin)),
         "detection",
         fmt::format(
             "{} failed probes, {} apart, {} each",
             timing.failure_threshold,
             format_duration(timing.probe_interval),
             format_duration(timing.probe_timeout)
         )},
    });
    for (const core::Procedure& procedure : plan.procedures) {
        if (procedure.mode != core::ProcedureMode::disaster) continue;
        text.title(fmt::format("Worst case of {} (fault to customers served)", procedure.name));
        std::vector<std::vector<std::string>> rows;
        const auto worst = core::worst_case(timing, procedure);
        for (const core::Term& term : worst.terms)
            rows.push_back(
                {term.counts ? "+" : " ",
                 term.name,
                 format_duration(term.duration),
                 term.counts ? term.formula : term.formula + " (at the same time, shorter)"}
            );
        rows.push_back({"=", "at most", format_duration(worst.total), ""});
        text.table(rows);
        rows = {{"profile", "detection", "lease runs out", "names' TTL", "worst case"}};
        for (const std::string& name : profiles_of(plan)) {
            const auto other = core::timing_of(plan.timing_choice, name);
            if (!other) continue;
            rows.push_back(
                {name,
                 format_duration(core::detection_worst_case(*other)),
                 format_duration(core::lease_worst_case(*other)),
                 format_duration(other->dns_ttl),
                 format_duration(core::worst_case(*other, procedure).total)}
            );
        }
        text.table(rows);
    }
}

void policies(Text& text, const core::Plan& plan) {
    text.title(fmt::format("Safety policy {}: what each costs in which failure", name_of(plan.safety.policy)));
    std::vector<std::vector<std::string>> rows{{"failure", "witness", "lease", "confirm"}};
    for (const PolicyCost& cost : policy_costs)
        rows.push_back(
            {std::string(cost.failure),
             std::string(cost.outcome[0]),
             std::string(cost.outcome[1]),
             std::string(cost.outcome[2])}
        );
    text.table(rows);
}

void money(Text& text, const core::Plan& plan) {
    const core::Cents annual = annual_cost(plan.costs);
    const Duration budget = core::downtime_budget(plan.availability.target);
    text.title("Money");
    text.line(fmt::format(
        "cost: {} a month ({} items), {} a year; downtime budget at {:g} %: {:.4g} h a year; acceptable loss: {} a "
        "year",
        format_money(core::monthly_cost(plan.costs)),
        plan.costs.items.size(),
        format_money(annual),
        plan.availability.target.value(),
        hours(budget),
        format_money(plan.availability.acceptable_loss_per_year)
    ));
    std::vector<std::vector<std::string>> rows{
        {"rate", "an hour", "break-even a year", "whole budget costs", "acceptable loss lasts"}
    };
    for (const NamedRate& rate : rates_of(plan)) {
        const auto lasts = core::break_even(plan.availability.acceptable_loss_per_year, rate.rate);
        const core::Cents whole(
            static_cast<std::int64_t>(std::llround(hours(budget) * static_cast<double>(rate.rate.value())))
        );
        rows.push_back(
            {std::string(rate.name),
             format_money(rate.rate),
             fmt::format("{:.4g} h", hours(core::break_even(annual, rate.rate))),
             format_money(whole),
             fmt::format("{:.4g} h", hours(lasts))}
        );
    }
    text.table(rows);
    if (plan.costs.stated.empty()) return;
    text.title("Figures that were stated, and what the inputs give");
    rows = {{"figure", "stated", "computed", "from", "", "source"}};
    for (const core::Stated& stated : plan.costs.stated) {
        const Derivation derived = derive(plan, stated);
        rows.push_back(
            {derived.what,
             derived.stated,
             derived.computed,
             derived.formula,
             derived.agrees ? "agrees" : "DIFFERS",
             derived.source}
        );
    }
    text.table(rows);
    for (const core::Stated& stated : plan.costs.stated) {
        const Derivation derived = derive(plan, stated);
        if (!derived.agrees && !derived.remark.empty())
            text.line(fmt::format("{} of {}: {}", derived.what, derived.stated, derived.remark));
    }
}

}  // namespace

std::string explain(const core::Plan& plan) {
    Text text;
    text.title(fmt::format("{} ({}), plan {}", plan.application.title, plan.application.name, plan.digest.substr(0, 12))
    );
    regions_and_services(text, plan);
    procedures(text, plan);
    timing(text, plan);
    policies(text, plan);
    money(text, plan);
    return text.take();
}

// --- JSON
// --------------------------------------------------------------------------------------------------------------

namespace {

double ms(Duration duration) {
    return std::chrono::duration<double, std::milli>(duration).count();
}

json::array strings(const std::vector<std::string>& texts) {
    return json::array(texts.begin(), texts.end());
}

json::object procedure_json(const core::Plan& plan, const core::Procedure& procedure) {
    json::array waves;
    for (const auto& wave : core::waves(procedure)) waves.push_back(strings(names_of(wave)));
    const auto path = core::critical_path(procedure);
    json::object object{
        {"name", procedure.name},
        {"mode", core::name_of(procedure.mode)},
        {"waves", std::move(waves)},
        {"critical_path", strings(names_of(path))},
        {"critical_path_limits_ms", ms(sum_of_limits(path))},
    };
    if (procedure.mode != core::ProcedureMode::disaster) return object;
    const auto worst = core::worst_case(plan.timing, procedure);
    json::array terms;
    for (const core::Term& term : worst.terms)
        terms.push_back(json::object{
            {"name", term.name}, {"formula", term.formula}, {"ms", ms(term.duration)}, {"counts", term.counts}
        });
    json::object by_profile;
    for (const std::string& name : profiles_of(plan))
        if (const auto other = core::timing_of(plan.timing_choice, name))
            by_profile[name] = ms(core::worst_case(*other, procedure).total);
    object["worst_case"] = json::object{
        {"terms", std::move(terms)}, {"total_ms", ms(worst.total)}, {"by_profile_ms", std::move(by_profile)}
    };
    return object;
}

json::object money_json(const core::Plan& plan) {
    const core::Cents annual = annual_cost(plan.costs);
    json::array rates;
    for (const NamedRate& rate : rates_of(plan))
        rates.push_back(json::object{
            {"name", rate.name},
            {"per_hour_usd", dollars(rate.rate)},
            {"break_even_hours_per_year", hours(core::break_even(annual, rate.rate))}
        });
    json::array stated;
    for (const core::Stated& figure : plan.costs.stated) {
        const Derivation derived = derive(plan, figure);
        stated.push_back(json::object{
            {"what", derived.what},
            {"stated", derived.stated},
            {"computed", derived.computed},
            {"formula", derived.formula},
            {"agrees", derived.agrees},
            {"source", derived.source},
            {"remark", derived.remark}
        });
    }
    return {
        {"monthly_cost_usd", dollars(core::monthly_cost(plan.costs))},
        {"annual_cost_usd", dollars(annual)},
        {"downtime_budget_hours_per_year", hours(core::downtime_budget(plan.availability.target))},
        {"acceptable_loss_usd_per_year", dollars(plan.availability.acceptable_loss_per_year)},
        {"rates", std::move(rates)},
        {"stated", std::move(stated)},
    };
}

}  // namespace

std::string explain_json(const core::Plan& plan) {
    json::array regions;
    for (const core::Region& region : plan.regions)
        regions.push_back(json::object{
            {"name", region.name.value()},
            {"role", core::name_of(region.role)},
            {"mode", core::name_of(region.mode)},
            {"place", region.place}
        });
    json::array services;
    for (const core::Service& service : plan.services)
        services.push_back(json::object{
            {"name", service.name.value()},
            {"impact", core::name_of(service.impact)},
            {"priority", core::name_of(service.priority)},
            {"rto_objective_s", ms(service.rto) / 1000},
            {"rpo_objective_s", ms(service.rpo) / 1000},
            {"covered", service.covered()}
        });
    json::array procedures;
    for (const core::Procedure& procedure : plan.procedures) procedures.push_back(procedure_json(plan, procedure));
    json::array policies;
    for (const PolicyCost& cost : policy_costs)
        policies.push_back(json::object{
            {"failure", cost.failure},
            {"witness", cost.outcome[0]},
            {"lease", cost.outcome[1]},
            {"confirm", cost.outcome[2]}
        });
    const json::object object{
        {"application", plan.application.name},
        {"digest", plan.digest},
        {"profile", plan.timing_choice.profile},
        {"safety_policy", core::name_of(plan.safety.policy)},
        {"regions", std::move(regions)},
        {"services", std::move(services)},
        {"procedures", std::move(procedures)},
        {"policies", std::move(policies)},
        {"money", money_json(plan)},
    };
    return json::serialize(object) + "\n";
}

}  // namespace cloudshelf::plan
