#include "plan/load.hpp"

#include "base/digest.hpp"
#include "plan/check.hpp"
#include "plan/fields.hpp"
#include "plan/forms.hpp"
#include "plan/units.hpp"
#include "plan/yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <concepts>
#include <map>
#include <set>
#include <tuple>
#include <type_traits>
#include <utility>

namespace cloudshelf::plan {
namespace {

template <class T>
constexpr bool is_enum = std::is_enum_v<T>;
template <class T>
constexpr bool is_text = std::same_as<T, std::string> || std::same_as<T, RegionName> || std::same_as<T, ServiceName>;

bool looks_boolean(const Node& node) {
    if (node.quoted) return false;
    std::string lower = node.text;
    std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    constexpr std::array<std::string_view, 8> booleans{"true", "false", "yes", "no", "on", "off", "y", "n"};
    return std::ranges::find(booleans, lower) != booleans.end();
}

std::string shortened(std::string_view text) {
    if (text.size() <= 60) return std::string(text);
    std::size_t end = 57;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;  // Not inside a character.
    return std::string(text.substr(0, end)) + "…";
}

std::string found_in(const Node& node) {
    switch (node.kind) {
        case Node::Kind::map:
            return "a map";
        case Node::Kind::list:
            return "a list";
        case Node::Kind::scalar:
            break;
    }
    if (node.is_blank() || node.text.empty()) return "nothing";
    return fmt::format("'{}'", shortened(node.text));
}

class Reader {
public:
    explicit Reader(std::string_view file) : file_(file) {}

    void report(std::string path, Mark mark, std::string found, std::string expected, std::string hint = {}) {
        if (reading_) troubled_.insert(path);
        problems_.push_back(
            {std::string(file_),
             mark.line,
             mark.column,
             std::move(path),
             std::move(found),
             std::move(expected),
             std::move(hint)}
        );
    }

    /// The place of a path, or of the nearest thing around it.
    Mark place(std::string_view path) const {
        for (std::string at(path); !at.empty(); at.resize(at.find_last_of(".["))) {
            if (const auto found = places_.find(at); found != places_.end()) return found->second;
            if (at.find_last_of(".[") == std::string::npos) break;
        }
        return {};
    }

    /// Whether the value there, or one around it or within it, could not be read.
    bool troubled(std::string_view path) const {
        return std::ranges::any_of(troubled_, [&](const std::string& bad) {
            const std::string_view shorter = bad.size() < path.size() ? std::string_view(bad) : path;
            const std::string_view longer = bad.size() < path.size() ? path : std::string_view(bad);
            if (!longer.starts_with(shorter)) return false;
            return longer.size() == shorter.size() || longer[shorter.size()] == '.' || longer[shorter.size()] == '[';
        });
    }

    /// What is reported from now on concerns values that could be read.
    void finish_reading() { reading_ = false; }

    std::vector<Problem>& problems() { return problems_; }

    template <class T>
    void read(const Node& node, const std::string& path, T& out);

private:
    template <class T>
    void scalar(
        const Node& node, const std::string& path, T& out, const std::optional<T>& value, std::string_view expected
    ) {
        if (value) {
            out = *value;
            return;
        }
        const bool bare = node.kind == Node::Kind::scalar && parse_number(node.text).has_value();
        const bool wants_unit = expected.find(" such as ") != std::string_view::npos;
        report(
            path,
            node.mark,
            bare && wants_unit ? fmt::format("'{}', a number without a unit", node.text) : found_in(node),
            std::string(expected)
        );
    }

    template <class T>
    void text(const Node& node, const std::string& path, T& out) {
        if (node.kind != Node::Kind::scalar || node.is_blank() || node.text.empty()) {
            report(path, node.mark, found_in(node), "a text");
        } else if (looks_boolean(node)) {
            report(
                path,
                node.mark,
                fmt::format("the boolean {}", node.text),
                "a text",
                fmt::format("write \"{}\" in quotes if the text is meant", node.text)
            );
        } else {
            out = T(node.text);
        }
    }

    template <class E>
    void enumeration(const Node& node, const std::string& path, E& out) {
        const auto& names = core::EnumNames<E>::names;
        if (node.kind == Node::Kind::scalar) {
            const auto found = std::ranges::find(names, node.text);
            if (found != names.end()) {
                out = static_cast<E>(found - names.begin());
                return;
            }
        }
        const std::string near =
            node.kind == Node::Kind::scalar ? near_miss(node.text, {names.begin(), names.end()}) : std::string();
        report(
            path,
            node.mark,
            found_in(node),
            fmt::format("one of {}", fmt::join(names, ", ")),
            near.empty() ? "" : fmt::format("did you mean \"{}\"?", near)
        );
    }

    std::string_view file_;
    std::vector<Problem> problems_;
    std::set<std::string> troubled_;
    bool reading_ = true;
    std::map<std::string, Mark, std::less<>> places_;
};

/// Reads one map; each key that is described is taken, what is left over is unknown.
class MapReader {
public:
    MapReader(Reader& reader, const Node& node, const std::string& path) : reader_(reader), node_(node), path_(path) {}

    template <class T>
    void required(std::string_view key, T& out) {
        const Node* value = take(key);
        if (!value) {
            missing_.emplace_back(key);
            return;
        }
        if constexpr (requires { out.push_back(out.front()); } && !is_text<T>) {
            if (value->kind == Node::Kind::list && value->values.empty()) {
                reader_.report(path_of(key), value->mark, "an empty list", "at least one item");
                return;
            }
        }
        reader_.read(*value, path_of(key), out);
    }

    template <class T>
    void optional(std::string_view key, T& out) {
        const Node* value = take(key);
        if (!value) return;
        if constexpr (is_text<T>) {
            if (value->quoted && value->text.empty()) return;  // prefix: ""
        }
        reader_.read(*value, path_of(key), out);
    }

    /// Says which keys are unknown and which are missing: a misspelt one is both, and is said once.
    void finish() {
        std::set<std::string> misspelt;
        for (const Node& key : node_.keys) {
            if (std::ranges::find(known_, key.text) != known_.end()) continue;
            std::vector<std::string> candidates = missing_;
            std::string near = near_miss(key.text, candidates);
            if (near.empty()) near = near_miss(key.text, known_);
            misspelt.insert(near);
            reader_.report(
                path_of(key.text),
                key.mark,
                fmt::format("the unknown key '{}'", shortened(key.text)),
                fmt::format("one of {}", fmt::join(known_, ", ")),
                near.empty() ? "" : fmt::format("did you mean \"{}\"?", near)
            );
        }
        for (const std::string& key : missing_) {
            if (misspelt.contains(key)) continue;
            reader_.report(path_of(key), node_.mark, "no such key", fmt::format("the required key '{}'", key));
        }
    }

private:
    std::string path_of(std::string_view key) const {
        return path_.empty() ? std::string(key) : fmt::format("{}.{}", path_, key);
    }

    const Node* take(std::string_view key) {
        known_.emplace_back(key);
        for (std::size_t i = 0; i < node_.keys.size(); ++i)
            if (node_.keys[i].text == key) return &node_.values[i];
        return nullptr;
    }

    Reader& reader_;
    const Node& node_;
    const std::string& path_;
    std::vector<std::string> known_;
    std::vector<std::string> missing_;
};

template <class T>
void Reader::read(const Node& node, const std::string& path, T& out) {
    places_[path] = node.mark;
    if constexpr (requires {
                      typename T::value_type;
                      out.has_value();
                  }) {
        out.emplace();
        read(node, path, *out);
    } else if constexpr (is_text<T>) {
        text(node, path, out);
    } else if constexpr (is_enum<T>) {
        enumeration(node, path, out);
    } else if constexpr (std::same_as<T, bool>) {
        std::optional<bool> value;
        if (!node.quoted && node.text == "true") value = true;
        if (!node.quoted && node.text == "false") value = false;
        scalar(node, path, out, value, "true or false");
    } else if constexpr (std::same_as<T, int>) {
        scalar(node, path, out, parse_integer(node.text), "a whole number");
    } else if constexpr (std::same_as<T, double>) {
        scalar(node, path, out, parse_number(node.text), "a number");
    } else if constexpr (std::same_as<T, Duration>) {
        scalar(node, path, out, parse_duration(node.text), "a duration such as '15 min' (ms, s, min, h, d, w)");
    } else if constexpr (std::same_as<T, core::Cents>) {
        scalar(node, path, out, parse_money(node.text), "an amount of money such as '2500 USD'");
    } else if constexpr (std::same_as<T, core::Percent>) {
        scalar(node, path, out, parse_percent(node.text), "a percentage such as '99.9 %'");
    } else if constexpr (std::same_as<T, core::ByteCount>) {
        scalar(node, path, out, parse_bytes(node.text), "a size such as '64 KiB' (B, kB, KiB, MB, MiB, GB, GiB)");
    } else if constexpr (std::same_as<T, core::MinuteOfDay>) {
        scalar(node, path, out, parse_time_of_day(node.text), "a time of day such as '09:00'");
    } else if constexpr (std::same_as<T, core::Holiday>) {
        scalar(node, path, out, parse_holiday(node.text), "a day such as '12-25' (every year) or '2026-11-27'");
    } else if constexpr (std::same_as<T, std::map<std::string, std::string>>) {
        if (node.kind != Node::Kind::map) return report(path, node.mark, found_in(node), "a map of texts");
        for (std::size_t i = 0; i < node.keys.size(); ++i)
            text(node.values[i], fmt::format("{}.{}", path, node.keys[i].text), out[node.keys[i].text]);
    } else if constexpr (requires { out.push_back(out.front()); }) {
        if (node.kind != Node::Kind::list) return report(path, node.mark, found_in(node), "a list");
        for (std::size_t i = 0; i < node.values.size(); ++i)
            read(node.values[i], fmt::format("{}[{}]", path, i), out.emplace_back());
    } else {
        if (node.kind != Node::Kind::map) return report(path, node.mark, found_in(node), "a map");
        MapReader map(*this, node, path);
        describe(map, out);
        map.finish();
    }
}

}  // namespace

std::string to_string(const Problem& problem) {
    std::string text = problem.file;
    if (problem.line > 0) text += fmt::format(":{}:{}", problem.line, problem.column);
    text += ": ";
    if (!problem.path.empty()) text += problem.path + ": ";
    text += fmt::format("found {}, expected {}", problem.found, problem.expected);
    if (!problem.hint.empty()) text += fmt::format(" ({})", problem.hint);
    // "\e[2J" in a plan shall not reach a terminal.
    std::ranges::replace_if(text, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }, '?');
    return text;
}

std::expected<core::Plan, std::vector<Problem>> load(std::string_view text, std::string_view file) {
    const auto document = parse_yaml(text, file);
    if (!document) return std::unexpected(document.error());
    core::Plan plan;
    Reader reader(file);
    if (document->kind != Node::Kind::map) {
        reader.report("", document->mark, found_in(*document), "a map with the keys of a plan");
        return std::unexpected(std::move(reader.problems()));
    }
    reader.read(*document, "", plan);
    if (const auto timing = core::timing_of(plan.timing_choice, plan.timing_choice.profile)) plan.timing = *timing;
    reader.finish_reading();
    const auto readable = [&](const std::string& path) { return !reader.troubled(path); };
    check_plan(plan, readable, [&](std::string path, std::string found, std::string expected, std::string hint) {
        if (reader.troubled(path)) return;
        const Mark mark = reader.place(path);
        reader.report(std::move(path), mark, std::move(found), std::move(expected), std::move(hint));
    });
    auto& problems = reader.problems();
    std::ranges::sort(problems, {}, [](const Problem& problem) {
        return std::tuple(problem.line, problem.column, problem.path);
    });
    if (!problems.empty()) return std::unexpected(std::move(problems));
    plan.digest = sha256_hex(content_json(plan));
    return plan;
}

}  // namespace cloudshelf::plan
