#pragma once

#include "base/result.hpp"
#include "region/log/batch.hpp"
#include "region/tables/catalogue.hpp"
#include "region/tables/item_store.hpp"
#include "region/tables/storage.hpp"
#include "wire/dynamodb/expression.hpp"

#include <boost/json/object.hpp>

#include <optional>
#include <string>

/// One action that a client asks for on one item, alone or within a transaction: read, placed, judged, written.
namespace cloudshelf::tables {

struct ItemWrite {
    enum class Kind : std::uint8_t { put, update, remove, check };

    Kind kind = Kind::put;
    std::string table_name;
    std::optional<NewItem> item;  // of a put
    dynamodb::Item key_given;     // of the others
    std::optional<dynamodb::Update> update;
    std::optional<dynamodb::Condition> condition;
    bool return_existing = false;  // ReturnValuesOnConditionCheckFailure: ALL_OLD

    // Known once it is placed.
    TablePtr table;
    std::string key;

    const dynamodb::Item& item_or_key() const { return item ? item->item : key_given; }
};

/// Reads all that needs no table; the older parameters too. Precondition: Item or Key, and TableName, are there.
/// Errors: ValidationException, SerializationException.
Result<ItemWrite> read_item_write(ItemWrite::Kind kind, const boost::json::object& request);

/// Finds the table (ResourceNotFoundException), and what of the action does not suit it (ValidationException).
Result<void> find_table(ItemWrite& write, const Catalogue& catalogue);
Result<void> place(ItemWrite& write);

/// What an action comes to, before anything is written.
struct Judged {
    TablePtr table;  // as it is at this place in the order
    std::optional<StoredItem> was;
    std::optional<NewItem> updated;  // of an update
    dynamodb::Projection touched;    // of an update
    bool changes = true;             // false: a check, or an update that only removes from what isn't there

    /// What will be there; null: nothing.
    const NewItem* now(const ItemWrite& write) const;
};

/// Within a decision. Errors: ConditionalCheckFailedException, and then `existing` is the item where the client asked
/// for it; ResourceNotFoundException for a table that has gone meanwhile; ValidationException; those of find_item.
Result<Judged> judge(
    changelog::Batch& batch,
    const Storage& storage,
    const Catalogue& catalogue,
    const ItemWrite& write,
    std::optional<dynamodb::Item>& existing
);
/// Within the same decision. Errors: those of write_item.
Result<void> carry_out(changelog::Batch& batch, const Storage& storage, const ItemWrite& write, const Judged& judged);

}  // namespace cloudshelf::tables
