#pragma once

#include <cstdint>

namespace cloudshelf::core {

/// What a bucket's policy says of a request; denial is explicit, and silence is `none`.
enum class PolicyVerdict : std::uint8_t { none, allow, deny };

/// What is known of a request for a bucket or an object when it is decided whether it may be.
struct AccessQuestion {
    bool anonymous = false;    // nobody signed it
    bool own_account = false;  // who signed it is of the account that owns the bucket
    bool key_permits = false;  // the key's own permission goes that far; of no meaning for anonymous ones
    PolicyVerdict policy = PolicyVerdict::none;
    bool acl_grants = false;  // an access control list gives it to whoever asks
};

/// Whether the request may be (Amazon S3 User Guide, "How Amazon S3 authorizes a request"): a denial in the policy
/// rules over everything; within the owner's account key or policy must allow; others need the policy's or the list's
/// word, and, where they have a key, that key's too.
bool may_access(const AccessQuestion& question);

}  // namespace cloudshelf::core
