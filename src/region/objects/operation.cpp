#include "region/objects/operation.hpp"

namespace cloudshelf::objects {

Operations all_operations() {
    Operations operations;
    add_bucket_operations(operations);
    add_settings_operations(operations);
    add_list_operations(operations);
    add_read_operations(operations);
    add_write_operations(operations);
    add_delete_operations(operations);
    add_object_settings_operations(operations);
    add_multipart_operations(operations);
    add_complete_operations(operations);
    add_copy_operations(operations);
    add_attributes_operations(operations);
    add_post_operations(operations);
    return operations;
}

io::HttpResponse xml_answer(std::string document, int status) {
    return {.status = status, .headers = {{"Content-Type", "application/xml"}}, .body = std::move(document)};
}

io::HttpResponse empty_answer(int status) {
    return {.status = status};
}

}  // namespace cloudshelf::objects
