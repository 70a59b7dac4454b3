#include "region/objects/request_kind.hpp"

#include "wire/s3/operation.hpp"
#include "wire/s3/target.hpp"

namespace cloudshelf::objects {

bool streams_body(const io::HttpRequest& head, std::span<const std::string> domains) {
    if (head.method != "PUT" && head.method != "POST") return false;
    const auto target = s3::parse_target(head.header("Host"), head.target, domains);
    if (!target || target->of_service()) return false;
    const auto name = s3::operation_name(head.method, *target, head.headers);
    return name && (*name == "PutObject" || *name == "UploadPart" || *name == "PostObject");
}

}  // namespace cloudshelf::objects
