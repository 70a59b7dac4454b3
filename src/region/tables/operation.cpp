#include "region/tables/operation.hpp"

namespace cloudshelf::tables {

std::string Refusal::body() const {
    if (!reasons.empty()) return dynamodb::error_body(error, reasons);
    return dynamodb::error_body(error, item ? &*item : nullptr);
}

Operations all_operations() {
    Operations all;
    add_control_operations(all);
    add_item_operations(all);
    add_batch_operations(all);
    add_transaction_operations(all);
    add_query_operations(all);
    add_ttl_operations(all);
    add_stream_operations(all);
    add_global_operations(all);
    add_conflict_operations(all);
    add_backup_operations(all);
    add_recovery_operations(all);
    return all;
}

}  // namespace cloudshelf::tables
