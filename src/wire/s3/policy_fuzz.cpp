#include "base/assert.hpp"
#include "wire/s3/policy.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

/// Any bytes as a bucket's policy; those that are one are asked about requests with and without what conditions look
/// at.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace cloudshelf::s3;
    const auto policy = parse_policy({reinterpret_cast<const char*>(data), size}, "covers");
    if (!policy) return 0;
    const PolicyRequest nobody{.anonymous = true, .action = "s3:GetObject", .resource = "arn:aws:s3:::covers/a/b"};
    PolicyRequest somebody{
        .principal_arn = "arn:aws:iam::123456789012:user/ann",
        .account = "123456789012",
        .canonical_id = "c1",
        .action = "s3:PutObject",
        .resource = "arn:aws:s3:::covers/a/b",
    };
    for (const auto& statement : policy->statements) {
        for (const auto& condition : statement.conditions) somebody.context[condition.key] = condition.values;
    }
    const bool denies = std::ranges::any_of(policy->statements, [](const auto& statement) {
        return statement.effect == PolicyEffect::deny;
    });
    for (const auto& request : {nobody, somebody}) {
        const auto verdict = evaluate(*policy, request);
        CLOUDSHELF_ASSERT(verdict != Verdict::deny || denies);
    }
    static_cast<void>(is_public(*policy));
    return 0;
}
