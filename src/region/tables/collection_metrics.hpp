#pragma once

#include "region/tables/item_write.hpp"

#include <boost/json/object.hpp>

#include <string>
#include <vector>

/// ReturnItemCollectionMetrics: which item collections (items of one partition key) a write went to, where the table
/// has a local index. Their size is told as DynamoDB tells that of a small one: there is no limit to come near to here.
namespace cloudshelf::tables {

class JsonObject;

/// Of one write: the member "ItemCollectionMetrics", where the request asks for it.
void append_collection_metrics(JsonObject& answer, const boost::json::object& request, const ItemWrite& write);
/// Of several: by table, each collection once.
void append_collection_metrics(
    JsonObject& answer, const boost::json::object& request, const std::vector<ItemWrite>& writes
);

}  // namespace cloudshelf::tables
