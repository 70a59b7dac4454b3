#pragma once

#include "base/result.hpp"
#include "region/log/batch.hpp"
#include "region/tables/storage.hpp"

#include <string_view>

/// ClientRequestTokens of transactions that were carried out in the last ten minutes, kept with the data.
namespace cloudshelf::tables {

enum class TokenSeen : bool { no, yes };

/// Within a decision: whether a transaction with this token and these contents (`digest`) was carried out. Errors:
/// IdempotentParameterMismatchException for one of other contents; those of View::get.
Result<TokenSeen> find_token(
    const changelog::Batch& batch, const Storage& storage, std::string_view token, std::string_view digest
);
/// Within the same decision: it is carried out now. Forgets a few that are too old. Errors: those of View::scan.
Result<void> remember_token(
    changelog::Batch& batch, const Storage& storage, std::string_view token, std::string_view digest
);

}  // namespace cloudshelf::tables
