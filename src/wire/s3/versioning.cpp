#include "wire/s3/versioning.hpp"

#include "wire/s3/fields.hpp"
#include "wire/s3/xml.hpp"

namespace cloudshelf::s3 {

std::string_view to_string(VersioningStatus status) {
    return status == VersioningStatus::enabled ? "Enabled" : "Suspended";
}

Result<VersioningConfiguration> parse_versioning_configuration(std::string_view body) {
    const auto read = [](Fields& root, VersioningConfiguration& configuration) {
        configuration.status = root.word("Status", {VersioningStatus::enabled, VersioningStatus::suspended});
        configuration.mfa_delete = root.enabled("MfaDelete");
        if (!configuration.status) root.complain(errors::illegal_versioning_configuration());
    };
    return read_document<VersioningConfiguration>(body, "VersioningConfiguration", read);
}

std::string print(const VersioningConfiguration& configuration) {
    XmlWriter writer("VersioningConfiguration");
    if (configuration.status) writer.element("Status", to_string(*configuration.status));
    if (configuration.mfa_delete) writer.element("MfaDelete", *configuration.mfa_delete ? "Enabled" : "Disabled");
    return writer.finish();
}

}  // namespace cloudshelf::s3
