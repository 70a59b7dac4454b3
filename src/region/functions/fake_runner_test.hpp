#pragma once

#include "region/functions/runner_factory.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cloudshelf::functions {

/// Runs nothing. Answers with the payload, or as the payload asks: {"fail": true} is an error of the function's. What
/// it was told is kept, for tests to look at.
class FakeRunner : public Runner {
public:
    io::Task<Result<Outcome>> invoke(std::shared_ptr<const Runnable> code, Invocation invocation) override {
        if (refusal) co_return fail(*refusal);
        invocations.push_back(invocation);
        runs.push_back(*code);
        Outcome outcome{.payload = invocation.payload, .duration = std::chrono::milliseconds(1)};
        outcome.log = "START RequestId: " + invocation.request_id + " Version: " + code->version + "\n";
        if (failing(invocation.payload)) {
            outcome.payload = R"({"errorMessage":"as asked","errorType":"Asked"})";
            outcome.function_error = "Unhandled";
        }
        co_return outcome;
    }
    void reserve(std::string_view function, std::optional<std::size_t> concurrency) override {
        reserved.insert_or_assign(std::string(function), concurrency);
    }
    void provision(std::shared_ptr<const Runnable> code, std::size_t environments) override {
        provisions[code->function + ":" + code->version] = environments;
    }
    Provisioned provisioned(std::string_view function, std::string_view version) const override {
        const auto found = provisions.find(std::string(function).append(":").append(version));
        const auto all = found == provisions.end() ? 0 : found->second;
        return {.requested = all, .available = all, .allocated = all, .failure = {}};
    }
    void retire(std::string_view function, std::string_view version, std::string_view kept_revision) override {
        retired.push_back(std::string(function).append(":").append(version).append(":").append(kept_revision));
    }

    std::optional<Error> refusal;
    bool fails_always = false;
    std::string fails_with;  // payloads with this in them fail
    std::vector<Invocation> invocations;
    std::vector<Runnable> runs;
    std::map<std::string, std::optional<std::size_t>> reserved;
    std::map<std::string, std::size_t> provisions;
    std::vector<std::string> retired;

private:
    bool failing(const std::string& payload) const {
        if (fails_always || (!fails_with.empty() && payload.contains(fails_with))) return true;
        boost::system::error_code problem;
        const auto value = boost::json::parse(payload, problem);
        return !problem && value.is_object() && value.get_object().contains("fail");
    }
};

}  // namespace cloudshelf::functions
