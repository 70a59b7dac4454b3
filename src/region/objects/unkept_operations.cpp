// What S3 has and we do not: logging, notifications, acceleration, requesters who pay; analytics, inventories, metrics,
// tiering. Asked, we say that nothing is set, as SDKs and tools ask without being asked to. Switching off what is off
// works; switching on is NotImplemented. Putting one of the lists' members is so too, for there is no such operation.
#include "region/objects/documents.hpp"
#include "region/objects/settings_operations.hpp"
#include "wire/s3/errors.hpp"
#include "wire/s3/xml.hpp"

#include <algorithm>
#include <array>

namespace cloudshelf::objects {
namespace {

struct Kind {
    std::string_view put, get;
    std::string_view put_action, get_action;
    std::string_view root;  // of the document
    /// The only thing that is in it.
    std::string_view element = {};
    std::string_view value = {};
};

constexpr auto kinds = std::to_array<Kind>({
    {.put = "PutBucketLogging",
     .get = "GetBucketLogging",
     .put_action = "s3:PutBucketLogging",
     .get_action = "s3:GetBucketLogging",
     .root = "BucketLoggingStatus"},
    {.put = "PutBucketNotificationConfiguration",
     .get = "GetBucketNotificationConfiguration",
     .put_action = "s3:PutBucketNotification",
     .get_action = "s3:GetBucketNotification",
     .root = "NotificationConfiguration"},
    {.put = "PutBucketAccelerateConfiguration",
     .get = "GetBucketAccelerateConfiguration",
     .put_action = "s3:PutAccelerateConfiguration",
     .get_action = "s3:GetAccelerateConfiguration",
     .root = "AccelerateConfiguration",
     .element = "Status",
     .value = "Suspended"},
    {.put = "PutBucketRequestPayment",
     .get = "GetBucketRequestPayment",
     .put_action = "s3:PutBucketRequestPayment",
     .get_action = "s3:GetBucketRequestPayment",
     .root = "RequestPaymentConfiguration",
     .element = "Payer",
     .value = "BucketOwner"},
});

struct List {
    std::string_view list, get, action, root;
};

constexpr auto lists = std::to_array<List>({
    {"ListBucketAnalyticsConfigurations",
     "GetBucketAnalyticsConfiguration",
     "s3:GetAnalyticsConfiguration",
     "ListBucketAnalyticsConfigurationResult"},
    {"ListBucketInventoryConfigurations",
     "GetBucketInventoryConfiguration",
     "s3:GetInventoryConfiguration",
     "ListInventoryConfigurationsResult"},
    {"ListBucketMetricsConfigurations",
     "GetBucketMetricsConfiguration",
     "s3:GetMetricsConfiguration",
     "ListMetricsConfigurationsResult"},
    {"ListBucketIntelligentTieringConfigurations",
     "GetBucketIntelligentTieringConfiguration",
     "s3:GetIntelligentTieringConfiguration",
     "ListBucketIntelligentTieringConfigurationsOutput"},
});

io::Task<Answer> get_nothing(Call, const Kind* kind) {
    s3::XmlWriter writer(kind->root);
    // Acceleration that never was has no status.
    if (kind->element == "Payer") writer.element(kind->element, kind->value);
    co_return xml_answer(writer.finish());
}

io::Task<Answer> put_nothing(Call call, const Kind* kind) {
    if (auto sound = check_document_digest(call); !sound) co_return std::unexpected(sound.error());
    const auto document = s3::read_xml(call.request.body);
    if (!document || document->name != kind->root) co_return std::unexpected(s3::errors::malformed_xml());
    const bool off = std::ranges::all_of(document->children, [kind](const s3::XmlElement& child) {
        return child.name == kind->element && child.text == kind->value;
    });
    if (!off) co_return std::unexpected(s3::errors::not_implemented());
    co_return empty_answer();
}

io::Task<Answer> list_nothing(Call, const List* list) {
    s3::XmlWriter writer(list->root);
    writer.element("IsTruncated", false);
    co_return xml_answer(writer.finish());
}

io::Task<Answer> no_such_configuration(Call) {
    co_return std::unexpected(s3::errors::named("NoSuchConfiguration"));
}

}  // namespace

void add_unkept_operations(Operations& to) {
    for (const Kind& kind : kinds) {
        to[std::string(kind.put)] = {
            .action = std::string(kind.put_action),
            .permission = sigv4::Permission::admin,
            .handler = [&kind](Call call) { return put_nothing(call, &kind); },
        };
        to[std::string(kind.get)] = {
            .action = std::string(kind.get_action),
            .handler = [&kind](Call call) { return get_nothing(call, &kind); },
        };
    }
    for (const List& list : lists) {
        to[std::string(list.list)] = {
            .action = std::string(list.action),
            .handler = [&list](Call call) { return list_nothing(call, &list); },
        };
        to[std::string(list.get)] = {.action = std::string(list.action), .handler = no_such_configuration};
    }
}

}  // namespace cloudshelf::objects
