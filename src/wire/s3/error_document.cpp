#include "wire/s3/error_document.hpp"

#include "wire/s3/errors.hpp"
#include "wire/s3/xml.hpp"

#include <algorithm>

namespace cloudshelf::s3 {
namespace {

/// Names of elements come from the server's code, but a document that was read may hold any.
bool is_plain_name(std::string_view name) {
    return !name.empty() &&
           std::ranges::all_of(name, [](char c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); });
}

}  // namespace

std::string print(const ErrorDocument& document) {
    XmlWriter writer("Error", XmlWriter::Namespace::none);
    writer.element("Code", document.code);
    writer.element("Message", document.message);
    for (const auto& [name, text] : document.extras) writer.element(name, text);
    writer.element_if_some("Resource", document.resource);
    writer.element_if_some("RequestId", document.request_id);
    writer.element_if_some("HostId", document.host_id);
    return writer.finish();
}

Result<ErrorDocument> parse_error_document(std::string_view body) {
    auto root = read_xml(body);
    if (!root) return fail(std::move(root.error()));
    if (root->name != "Error") return fail(errors::malformed_xml());
    ErrorDocument document;
    for (auto& child : root->children) {
        if (child.name == "Code") {
            document.code = std::move(child.text);
        } else if (child.name == "Message") {
            document.message = std::move(child.text);
        } else if (child.name == "Resource") {
            document.resource = std::move(child.text);
        } else if (child.name == "RequestId") {
            document.request_id = std::move(child.text);
        } else if (child.name == "HostId") {
            document.host_id = std::move(child.text);
        } else if (child.children.empty() && is_plain_name(child.name)) {
            document.extras.emplace_back(std::move(child.name), std::move(child.text));
        }
    }
    if (document.code.empty()) return fail(errors::malformed_xml());
    return document;
}

}  // namespace cloudshelf::s3
