#include "plan/forms.hpp"

#include "plan/fields.hpp"
#include "plan/load.hpp"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <concepts>
#include <type_traits>

namespace cloudshelf::plan {
namespace {

namespace json = boost::json;

template <class T>
constexpr bool is_text = std::same_as<T, std::string> || std::same_as<T, RegionName> || std::same_as<T, ServiceName>;
template <class T>
concept Optional = requires(T x) {
    x.has_value();
    *x;
};
template <class T>
concept List = requires(T x) { x.push_back(x.front()); } && !is_text<T>;

std::int64_t milliseconds(Duration duration) {
    return std::chrono::duration_cast<std::chrono::milliseconds>(duration).count();
}

class Writer {
public:
    template <class T>
    void required(std::string_view key, T& value) {
        object_[key] = write(value);
    }
    template <class T>
    void optional(std::string_view key, T& value) {
        if constexpr (Optional<T>) {
            if (value) object_[key] = write(*value);
        } else {
            object_[key] = write(value);
        }
    }

    template <class T>
    static json::value write(T& value) {
        if constexpr (std::same_as<T, std::string>) {
            return json::string(value);
        } else if constexpr (is_text<T>) {
            return json::string(value.value());
        } else if constexpr (std::is_enum_v<T>) {
            return json::string(core::name_of(value));
        } else if constexpr (std::is_arithmetic_v<T>) {
            return value;
        } else if constexpr (std::same_as<T, Duration>) {
            return milliseconds(value);
        } else if constexpr (std::same_as<T, core::Holiday>) {
            return json::string(
                value.year ? fmt::format("{:04}-{:02}-{:02}", *value.year, value.month, value.day)
                           : fmt::format("{:02}-{:02}", value.month, value.day)
            );
        } else if constexpr (std::same_as<T, core::MinuteOfDay>) {
            return json::string(fmt::format("{:02}:{:02}", value.value() / 60, value.value() % 60));
        } else if constexpr (requires { value.value(); }) {
            return value.value();
        } else if constexpr (std::same_as<T, std::map<std::string, std::string>>) {
            json::object object;
            for (const auto& [key, text] : value) object[key] = text;
            return object;
        } else if constexpr (List<T>) {
            json::array array;
            for (auto& item : value) array.push_back(write(item));
            return array;
        } else {
            Writer writer;
            describe(writer, value);
            return std::move(writer.object_);
        }
    }

private:
    json::object object_;
};

/// The resolved profile, so that a changed built-in one counts as a changed plan.
json::object timing_json(const core::Timing& timing) {
    return {
        {"lease", milliseconds(timing.lease)},
        {"beat", milliseconds(timing.beat)},
        {"drift-ppm", timing.drift_ppm},
        {"fencer-margin", milliseconds(timing.fencer_margin)},
        {"probe-interval", milliseconds(timing.probe_interval)},
        {"probe-timeout", milliseconds(timing.probe_timeout)},
        {"failure-threshold", timing.failure_threshold},
        {"probe-pacing", core::name_of(timing.probe_pacing)},
        {"hold-down", milliseconds(timing.hold_down)},
        {"dns-ttl", milliseconds(timing.dns_ttl)},
    };
}

json::object content(const core::Plan& plan) {
    core::Plan copy = plan;  // The field list takes no const.
    json::object object = Writer::write(copy).as_object();
    object["resolved-timing"] = timing_json(plan.timing);
    return object;
}

class Schema {
public:
    template <class T>
    void required(std::string_view key, T& value) {
        required_.emplace_back(key);
        properties_[key] = schema_of(value, true);
    }
    template <class T>
    void optional(std::string_view key, T& value) {
        properties_[key] = schema_of(value, false);
    }

    template <class T>
    static json::object schema_of(T&, bool required) {
        if constexpr (Optional<T>) {
            typename T::value_type inner{};
            return schema_of(inner, required);
        } else if constexpr (is_text<T>) {
            json::object text{{"type", "string"}};
            if (required) text["minLength"] = 1;
            return text;
        } else if constexpr (std::is_enum_v<T>) {
            json::array names;
            for (const auto name : core::EnumNames<T>::names) names.push_back(json::string(name));
            return {{"enum", names}};
        } else if constexpr (std::same_as<T, bool>) {
            return {{"type", "boolean"}};
        } else if constexpr (std::same_as<T, int>) {
            return {{"type", "integer"}};
        } else if constexpr (std::same_as<T, double>) {
            return {{"type", "number"}};
        } else if constexpr (std::same_as<T, Duration>) {
            return pattern("duration");
        } else if constexpr (std::same_as<T, core::Cents>) {
            return pattern("money");
        } else if constexpr (std::same_as<T, core::Percent>) {
            return pattern("percent");
        } else if constexpr (std::same_as<T, core::ByteCount>) {
            return pattern("size");
        } else if constexpr (std::same_as<T, core::MinuteOfDay>) {
            return pattern("time-of-day");
        } else if constexpr (std::same_as<T, core::Holiday>) {
            return pattern("day");
        } else if constexpr (std::same_as<T, std::map<std::string, std::string>>) {
            return {{"type", "object"}, {"additionalProperties", {{"type", "string"}}}};
        } else if constexpr (List<T>) {
            typename T::value_type item{};
            json::object list{{"type", "array"}, {"items", schema_of(item, true)}};
            if (required) list["minItems"] = 1;
            return list;
        } else {
            T item{};
            Schema schema;
            describe(schema, item);
            json::object object{
                {"type", "object"}, {"additionalProperties", false}, {"properties", schema.properties_}
            };
            if (!schema.required_.empty()) object["required"] = schema.required_;
            return object;
        }
    }

private:
    static json::object pattern(std::string_view name) { return {{"$ref", fmt::format("#/$defs/{}", name)}}; }

    json::object properties_;
    json::array required_;
};

json::object text_pattern(std::string_view pattern, std::string_view description) {
    return {{"type", "string"}, {"pattern", json::string(pattern)}, {"description", json::string(description)}};
}

/// Indented by two; arrays of plain values on one line.
void pretty(std::string& out, const json::value& value, const std::string& indent) {
    const bool nested = value.is_object() ||
                        (value.is_array() &&
                         std::ranges::any_of(value.as_array(), [](const auto& item) { return item.is_structured(); }));
    if (!nested) {
        out += json::serialize(value);
        return;
    }
    const std::string deeper = indent + "  ";
    bool first = true;
    const auto next = [&] {
        out += first ? "\n" : ",\n";
        out += deeper;
        first = false;
    };
    if (value.is_object()) {
        out += '{';
        for (const auto& [key, item] : value.as_object()) {
            next();
            out += json::serialize(json::string(key)) + ": ";
            pretty(out, item, deeper);
        }
        out += first ? "}" : "\n" + indent + "}";
    } else {
        out += '[';
        for (const auto& item : value.as_array()) {
            next();
            pretty(out, item, deeper);
        }
        out += "\n" + indent + "]";
    }
}

}  // namespace

std::string content_json(const core::Plan& plan) {
    return json::serialize(content(plan));
}

std::string to_json(const core::Plan& plan) {
    json::object object = content(plan);
    object["digest"] = plan.digest;
    std::string out;
    pretty(out, object, "");
    return out + "\n";
}

std::string json_schema() {
    core::Plan plan;
    json::object schema{
        {"$schema", "https://json-schema.org/draft/2020-12/schema"},
        {"title", "CloudShelf DR plan"},
        {"description", "For editors. `cloudshelf plan check` also checks references, graphs and time-outs."},
    };
    for (auto& [key, value] : Schema::schema_of(plan, true)) schema[key] = value;
    schema["$defs"] = json::object{
        {"duration",
         text_pattern(
             R"(^ *([0-9]+(\.[0-9]{1,3})? *(ms|milliseconds?|s|sec|seconds?|m|min|minutes?|h|hr|hours?|d|days?|w|weeks?) *)+$)",
             "15 min; 1 h 30 min; 600 ms"
         )},
        {"money", text_pattern(R"(^[0-9]+(\.[0-9]{1,2}0?)? *USD$)", "2500 USD")},
        {"percent", text_pattern(R"(^[0-9]+(\.[0-9]{1,3})? *%$)", "99.9 %")},
        {"size", text_pattern(R"(^[0-9]+(\.[0-9]{1,3})? *(B|kB|KiB|MB|MiB|GB|GiB)$)", "64 KiB")},
        {"time-of-day", text_pattern(R"(^([01][0-9]|2[0-4]):[0-5][0-9]$)", "09:00")},
        {"day", text_pattern(R"(^([0-9]{4}-)?[0-9]{2}-[0-9]{2}$)", "12-25 (every year) or 2026-11-27")},
    };
    std::string out;
    pretty(out, schema, "");
    return out + "\n";
}

}  // namespace cloudshelf::plan
