#pragma once

#include "wire/lambda/alias.hpp"
#include "wire/lambda/arn.hpp"
#include "wire/lambda/configuration.hpp"
#include "wire/lambda/event_invoke.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

namespace cloudshelf::functions {

/// A package as versions refer to it.
struct Code {
    std::string digest;  // as PackageStore has it
    std::uint64_t bytes = 0;
    bool operator==(const Code&) const = default;
};

/// Code and configuration at a time.
struct Version {
    std::string number = std::string(lambda::latest);
    lambda::Configuration configuration;
    Code code;
    std::string revision;
    std::int64_t modified_ms = 0;  // since 1970
    bool operator==(const Version&) const = default;
};

struct Provisioning {
    std::int64_t requested = 0;
    std::int64_t modified_ms = 0;
    bool operator==(const Provisioning&) const = default;
};

struct EventSettings {
    lambda::EventInvokeConfig config;
    std::int64_t modified_ms = 0;
    bool operator==(const EventSettings&) const = default;
};

/// A function with all that belongs to it.
struct Function {
    template <class Value>
    using ByText = std::map<std::string, Value, std::less<>>;

    std::string name;
    Version latest;
    std::map<std::uint64_t, Version> published;  // never changed again
    std::uint64_t next_number = 1;               // never given twice, also when a version is deleted
    ByText<lambda::Alias> aliases;
    std::optional<std::int64_t> reserved;                   // concurrency
    ByText<Provisioning> provisioned;                       // by alias or version number
    ByText<EventSettings> event_settings;                   // by qualifier; "$LATEST" where none was named
    ByText<std::map<std::string, std::string>> statements;  // by qualifier or "", then by id
    std::map<std::string, std::string> tags;
    bool operator==(const Function&) const = default;

    /// "$LATEST" or a number. Null: there is none.
    const Version* version(std::string_view number) const;
    /// "$LATEST", a number or an alias, which stands for its own version. Null: there is none.
    const Version* resolve(std::string_view qualifier) const;
};
using FunctionPtr = std::shared_ptr<const Function>;

/// How many environments each version is to have ready.
std::map<std::string, std::int64_t> provisioned_versions(const Function& function);

/// The packages that a function's versions are made of.
void add_digests(const Function& function, std::set<std::string, std::less<>>& to);

}  // namespace cloudshelf::functions
