#include "wire/dynamodb/expression.hpp"

#include "wire/dynamodb/errors.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace cloudshelf::dynamodb {
namespace {

struct PathCollector {
    std::vector<Path>& to;

    void add(const Operand& operand) const {
        if (const auto* path = std::get_if<Path>(&operand)) to.push_back(*path);
        if (const auto* size = std::get_if<SizeOf>(&operand)) to.push_back(size->path);
    }
    void add(const Condition& condition) const { std::visit(*this, condition.test); }

    void operator()(const And& test) const {
        for (const Condition& each : test.conditions) add(each);
    }
    void operator()(const Or& test) const {
        for (const Condition& each : test.conditions) add(each);
    }
    void operator()(const Not& test) const { add(*test.condition); }
    void operator()(const Compare& test) const {
        add(test.left);
        add(test.right);
    }
    void operator()(const Between& test) const {
        add(test.value);
        add(test.low);
        add(test.high);
    }
    void operator()(const In& test) const {
        add(test.value);
        for (const Operand& each : test.list) add(each);
    }
    void operator()(const Exists& test) const { to.push_back(test.path); }
    void operator()(const HasType& test) const { to.push_back(test.path); }
    void operator()(const BeginsWith& test) const {
        add(test.value);
        add(test.prefix);
    }
    void operator()(const Contains& test) const {
        add(test.value);
        add(test.part);
    }
};

}  // namespace

const std::string& top_of(const Path& path) {
    return std::get<std::string>(path.front());
}

std::string to_string(const Path& path) {
    std::string text = "[";
    for (const Step& step : path) {
        if (text.size() > 1) text += ", ";
        if (const auto* name = std::get_if<std::string>(&step)) {
            text += *name;
        } else {
            text += fmt::format("[{}]", std::get<std::uint32_t>(step));
        }
    }
    return text + "]";
}

std::vector<Path> paths_of(const Condition& condition) {
    std::vector<Path> paths;
    PathCollector{paths}.add(condition);
    return paths;
}

const Path& path_of(const Action& action) {
    return std::visit([](const auto& concrete) -> const Path& { return concrete.path; }, action);
}

Result<void> check_key_untouched(const Update& update, const KeySchema& schema) {
    for (const Action& action : update.actions) {
        const std::string& name = top_of(path_of(action));
        if (name != schema.hash.name && !(schema.sort && name == schema.sort->name)) continue;
        return fail(errors::invalid_parameter(
            fmt::format("Cannot update attribute {}. This attribute is part of the key", name)
        ));
    }
    return {};
}

ByteRange range_of(const KeyCondition& condition, std::string prefix) {
    append_key(prefix, condition.hash);
    const auto all_behind = [](std::string bytes) { return behind_prefix(std::move(bytes)); };
    if (!condition.sort) return {.first = prefix, .end = all_behind(prefix)};

    const SortCondition& sort = *condition.sort;
    std::string key = prefix;
    append_key(key, sort.value);
    switch (sort.kind) {
        using enum SortCondition::Kind;
        case eq:
            return {.first = key, .end = all_behind(key)};
        case lt:
            return {.first = std::move(prefix), .end = std::move(key)};
        case le:
            return {.first = std::move(prefix), .end = all_behind(key)};
        case gt:
            return {.first = all_behind(key).value_or(key), .end = all_behind(prefix)};
        case ge:
            return {.first = std::move(key), .end = all_behind(prefix)};
        case between: {
            std::string high = prefix;
            append_key(high, sort.high);
            return {.first = std::move(key), .end = all_behind(std::move(high))};
        }
        case begins_with: {
            append_key_prefix(prefix, sort.value);
            auto end = all_behind(prefix);
            return {.first = std::move(prefix), .end = std::move(end)};
        }
    }
    std::unreachable();
}

}  // namespace cloudshelf::dynamodb
