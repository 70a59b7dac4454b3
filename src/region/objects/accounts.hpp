#pragma once

#include "wire/sigv4/credentials.hpp"

#include <map>
#include <string>
#include <string_view>

namespace cloudshelf::objects {

/// Who owns buckets and objects. Several keys may be of one account.
struct Account {
    std::string id;            // 12 digits
    std::string canonical_id;  // 64 hexadecimal digits: how S3 names owners
    std::string display_name;
};

/// The accounts of a keyring: `cloudshelf_account`, `cloudshelf_canonical_id` and `cloudshelf_display_name` of each
/// profile. Profiles that name none are all of the account 000000000000; an account that names no canonical id gets one
/// made from its number.
class Accounts {
public:
    explicit Accounts(const sigv4::Keyring& keyring);

    /// Of a key in the keyring this was made from.
    const Account& of(const sigv4::Credentials& credentials) const;
    /// Null: nobody has it.
    const Account* canonical(std::string_view canonical_id) const;
    /// Whether there is more than one account, so that objects may be another's than their bucket.
    bool several() const { return several_; }

private:
    std::map<std::string, Account, std::less<>> by_key_;  // access key id
    bool several_ = false;
};

}  // namespace cloudshelf::objects
