#include "region/objects/accounts.hpp"

#include "base/assert.hpp"
#include "base/digest.hpp"

#include <algorithm>
#include <ranges>

namespace cloudshelf::objects {
namespace {

constexpr std::string_view usual_account = "000000000000";

}  // namespace

Accounts::Accounts(const sigv4::Keyring& keyring) {
    for (const auto& [key, credentials] : keyring) {
        Account account{
            .id = credentials.account.empty() ? std::string(usual_account) : credentials.account,
            .canonical_id = credentials.canonical_id,
            .display_name = credentials.display_name,
        };
        if (account.canonical_id.empty()) account.canonical_id = sha256_hex("cloudshelf account " + account.id);
        if (account.display_name.empty())
            account.display_name = account.id == usual_account ? "cloudshelf" : account.id;
        by_key_.emplace(key, std::move(account));
    }
    const auto others = by_key_ | std::views::values;
    several_ = std::ranges::any_of(others, [&others](const Account& account) {
        return account.canonical_id != others.front().canonical_id;
    });
}

const Account& Accounts::of(const sigv4::Credentials& credentials) const {
    const auto found = by_key_.find(credentials.access_key_id);
    CLOUDSHELF_ASSERT(found != by_key_.end());
    return found->second;
}

const Account* Accounts::canonical(std::string_view canonical_id) const {
    const auto accounts = by_key_ | std::views::values;
    const auto found = std::ranges::find(accounts, canonical_id, &Account::canonical_id);
    return found == accounts.end() ? nullptr : &*found;
}

}  // namespace cloudshelf::objects
