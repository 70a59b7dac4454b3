#include "wire/s3/encryption.hpp"

#include "wire/s3/fields.hpp"
#include "wire/s3/xml.hpp"

#include <utility>

namespace cloudshelf::s3 {

std::string_view to_string(SseAlgorithm algorithm) {
    switch (algorithm) {
        case SseAlgorithm::aes256:
            return "AES256";
        case SseAlgorithm::kms:
            return "aws:kms";
        case SseAlgorithm::kms_dsse:
            return "aws:kms:dsse";
    }
    std::unreachable();
}

Result<ServerSideEncryptionConfiguration> parse_server_side_encryption_configuration(std::string_view body) {
    const auto read = [](Fields& root, ServerSideEncryptionConfiguration& configuration) {
        root.need_inside("Rule", [&](Fields& rule) {
            rule.need_inside("ApplyServerSideEncryptionByDefault", [&](Fields& fields) {
                using enum SseAlgorithm;
                configuration.algorithm = fields.need_word("SSEAlgorithm", {aes256, kms, kms_dsse});
                configuration.kms_key_id = fields.text("KMSMasterKeyID").value_or("");
                if (configuration.algorithm == aes256 && !configuration.kms_key_id.empty()) {
                    fields.complain(errors::invalid_argument(
                        "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse"
                    ));
                }
            });
            configuration.bucket_key_enabled = rule.flag("BucketKeyEnabled").value_or(false);
        });
    };
    return read_document<ServerSideEncryptionConfiguration>(body, "ServerSideEncryptionConfiguration", read);
}

std::string print(const ServerSideEncryptionConfiguration& configuration) {
    XmlWriter writer("ServerSideEncryptionConfiguration");
    writer.open("Rule");
    writer.open("ApplyServerSideEncryptionByDefault");
    writer.element("SSEAlgorithm", to_string(configuration.algorithm));
    writer.element_if_some("KMSMasterKeyID", configuration.kms_key_id);
    writer.close();
    writer.element("BucketKeyEnabled", configuration.bucket_key_enabled);
    return writer.finish();
}

}  // namespace cloudshelf::s3
