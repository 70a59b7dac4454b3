#include "region/functions/operation.hpp"

namespace cloudshelf::functions {

Operations all_operations() {
    Operations all;
    add_function_operations(all);
    add_code_operations(all);
    add_version_operations(all);
    add_alias_operations(all);
    add_invoke_operations(all);
    add_concurrency_operations(all);
    add_event_operations(all);
    add_mapping_operations(all);
    add_permission_operations(all);
    add_tag_operations(all);
    return all;
}

}  // namespace cloudshelf::functions
