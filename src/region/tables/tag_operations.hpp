#pragma once

#include "region/tables/operation.hpp"

/// The tags of tables.
namespace cloudshelf::tables {

io::Task<Answer> tag_resource(Call call);
io::Task<Answer> untag_resource(Call call);
io::Task<Answer> list_tags_of_resource(Call call);

}  // namespace cloudshelf::tables
